/** The double must refuse what Azure's virtual machines refuse. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { existing, subscriptionId } from "./azure/account.ts";
import { registerEncryptionAtHost } from "./azure/features.ts";
import { describeDebian, redefine, replicate } from "./azure/images.ts";
import { answerOfArm, restrict, token } from "./azure/sizes.ts";
import { image, machine, make, profile, storage, userData } from "./azure-things.ts";
import type { Cloud } from "./cloud.ts";
import { testRefusals } from "./refusals.ts";
import { type Inputs, valueAt } from "./values.ts";

testRefusals(make, {
  "a value that isn't in Azure's own specification": {
    of: "machine",
    with: { priority: "Cheap" },
    says: /priority must be one of Regular, Low, Spot, not Cheap/,
  },
  "a second use of an interface": { of: "machine", with: { vmName: "b" }, says: /NicInUse/ },
  "another encryption type than the set's": {
    of: "disk",
    with: {
      diskName: "b",
      encryption: {
        type: "EncryptionAtRestWithCustomerKey",
        diskEncryptionSetId: existing.encryptionSets.westeurope,
      },
    },
    says: /EncryptionAtRestWithCustomerKey doesn't match EncryptionAtRestWithPlatformAndCustomerKeys of /,
  },
  "a cache on Premium SSD v2": {
    of: "machine",
    with: {
      storageProfile: {
        ...storage,
        dataDisks: [{ ...(storage.dataDisks as Inputs[])[0], caching: "ReadOnly" }],
      },
    },
    says: /caching None/,
  },
  "user data that is too large": {
    of: "machine",
    with: { osProfile: { ...profile, customData: Buffer.alloc(65_536).toString("base64") } },
    says: /it has 65536 bytes and 65535 are allowed/,
  },
  "a Pod that is too large": {
    of: "machine",
    with: { userData: Buffer.alloc(49_153).toString("base64") },
    says: /userData has 65540 characters and 65536 are allowed/,
  },
  "a Pod that isn't base64": { of: "machine", with: { userData: "it's" }, says: /userData is not base64/ },
  "a user that Azure keeps for itself": {
    of: "machine",
    with: { osProfile: { ...profile, adminUsername: "admin" } },
    says: /adminUsername admin/,
  },
  "an image for another processor": {
    of: "machine",
    with: { storageProfile: { ...storage, imageReference: { ...image, sku: "13-gen2" } } },
    says: /cannot boot with image 13-gen2/,
  },
  "an image that isn't there": {
    of: "machine",
    with: { storageProfile: { ...storage, imageReference: { id: `${existing.image}0` } } },
    says: /imageReference\.id: there is no azure-native:compute:GalleryImageVersion/,
  },
  "a machine in another zone than its address": {
    of: "machine",
    with: {
      vmName: "b",
      zones: ["2"],
      storageProfile: { ...storage, dataDisks: [] },
    },
    says: /has a zone constraint 2 but the PublicIPAddress \S+ has a different zone constraint 1/,
  },
  "a version of Debian's image that there isn't": {
    of: "machine",
    with: { storageProfile: { ...storage, imageReference: { ...image, version: "latest" } } },
    says: /PlatformImageNotFound/,
  },
  "Trusted Launch where the processor has none": {
    of: "machine",
    with: { hardwareProfile: { vmSize: "Standard_B2pls_v2" } },
    says: /Standard_B2pls_v2 has no Trusted Launch/,
  },
  "accelerated networking where the size has none": {
    of: "machine",
    with: {
      hardwareProfile: { vmSize: "Standard_B1s" },
      storageProfile: { ...storage, imageReference: { ...image, sku: "13-gen2" } },
    },
    says: /VMSizeIsNotPermittedToEnableAcceleratedNetworking/,
  },
  "an image of generation 2 where the size takes none": {
    of: "machine",
    with: { hardwareProfile: { vmSize: "Standard_D2_v3" } },
    says: /cannot boot Hypervisor Generation '2'/,
  },
  "an image that isn't in the region": {
    of: "machine",
    with: { location: "northeurope", storageProfile: { ...storage, imageReference: { id: existing.image } } },
    says: /GalleryImageNotFound/,
  },
});

test("refuses a machine that doesn't fit its image, or whose gallery image isn't replicated to the region", () => {
  const start = (prepare: (cloud: Cloud) => void, imageReference: Inputs) => () => {
    const { cloud } = make();
    prepare(cloud);
    const inputs = { ...machine.inputs, storageProfile: { ...storage, imageReference } };
    cloud.create(machine.type, "another", inputs, "");
  };
  const mistakes: [Inputs, RegExp][] = [
    [{ osState: "Specialized" }, /'osProfile' is not allowed/],
    [{ hyperVGeneration: "V1" }, /Hypervisor Generation 'V1'/],
    [{ architecture: "x64" }, /an image of 'x64'/],
    [
      { features: [{ name: "SecurityType", value: "ConfidentialVM" }] },
      /with 'ConfidentialVM' security type/,
    ],
    [{ features: [] }, /with 'Standard' security type/],
    [{ features: [{ name: "DiskControllerTypes", value: "NVMe" }] }, /check that disk controller types/],
  ];
  const inGallery = { id: existing.image };
  for (const [change, says] of mistakes) {
    assert.throws(
      start((cloud) => redefine(cloud, existing.image, change), inGallery),
      says,
    );
    if (!("osState" in change))
      assert.throws(
        start((cloud) => describeDebian(cloud, image.version, change), image),
        says,
      );
  }
  assert.throws(
    start((cloud) => replicate(cloud, existing.image, "West Europe"), inGallery),
    /GalleryImageNotFound/,
  );
  // Here, the image is right.
  for (const right of [inGallery, image])
    assert.throws(
      start(() => {}, right),
      /NicInUse/,
    );
});

test("refuses encryption at host until the subscription has the feature", () => {
  const { cloud } = make();
  const inputs = { ...machine.inputs, securityProfile: { encryptionAtHost: true } };
  const start = () => cloud.create(machine.type, "another", inputs, "");
  assert.throws(start, /InvalidParameter: The property 'securityProfile\.encryptionAtHost' is not valid/);
  registerEncryptionAtHost(cloud);
  // Here, the encryption is right.
  assert.throws(start, /NicInUse/);
});

test("refuses changes of a machine that the provider would make in place", () => {
  const { cloud } = make();
  const { type, id, inputs } = machine;
  const changed = { ...inputs, osProfile: { ...profile, customData: userData("#cloud-config\n{a: 1}\n") } };
  assert.deepEqual([...cloud.diff(type, inputs, changed)], [["osProfile.customData", { replaces: false }]]);
  assert.throws(
    () => cloud.update(type, id, changed, ""),
    /PropertyChangeNotAllowed: .*'osProfile\.customData'/,
  );
  const { securityProfile: _, ...standard } = inputs;
  assert.deepEqual([...cloud.diff(type, inputs, standard)], [["securityProfile", { replaces: false }]]);
  assert.throws(
    () => cloud.update(type, id, standard, ""),
    /PropertyChangeNotAllowed: .*'securityProfile\.securityType'/,
  );
});

test("changes a machine's Pod in place", () => {
  const { cloud } = make();
  const { type, id, inputs } = machine;
  const changed = { ...inputs, userData: Buffer.from("another").toString("base64") };
  assert.deepEqual([...cloud.diff(type, inputs, changed)], [["userData", { replaces: false }]]);
  assert.equal(cloud.update(type, id, changed, "").inputs.userData, changed.userData);
});

test("lists the subscription's sizes and quotas for the token, page by page", () => {
  // With one machine of two vCPUs.
  const { cloud } = make();
  restrict(cloud, "Standard_D4ps_v6", "westeurope", ["3"]);
  restrict(cloud, "Standard_D4ps_v5", "westeurope");
  const root = `https://management.azure.com/subscriptions/${subscriptionId}/providers/Microsoft.Compute`;
  const list = (path: string, authorization = `Bearer ${token}`) =>
    answerOfArm(cloud, new URL(`${root}/${path}`), authorization) as { value: Inputs[]; nextLink?: string };
  const skus = "skus?api-version=2021-07-01&$filter=location eq 'westeurope'";
  const first = list(skus);
  const second = list(first.nextLink?.slice(root.length + 1) ?? "");
  assert.equal(second.nextLink, undefined);
  const restrictions = [...first.value, ...second.value].flatMap(({ name, restrictions }) =>
    (restrictions as Inputs[]).map((it) => [name, it.type, it.restrictionInfo]),
  );
  assert.deepEqual(restrictions, [
    ["Standard_D4ps_v6", "Zone", { locations: ["westeurope"], zones: ["3"] }],
    ["Standard_D4ps_v5", "Location", { locations: ["westeurope"] }],
  ]);
  const usages = list("locations/westeurope/usages?api-version=2021-07-01").value;
  const [cores] = usages;
  const family = usages.find(({ name }) => valueAt("value", name) === "standardDpsv6Family");
  assert.deepEqual([cores?.currentValue, family?.currentValue, family?.limit], [2, 2, 100]);
  assert.throws(() => list(skus, "Bearer other"), /AuthenticationFailed/);
  assert.throws(() => list("skus?$filter=location eq 'westeurope'"), /MissingApiVersionParameter/);
});

test("leaves a system disk behind, unless the machine's inputs delete it", () => {
  for (const [deleteOption, isLeft] of [
    ["Delete", false],
    ["Detach", true],
  ] as const) {
    const { cloud } = make();
    const { type, id, inputs } = machine;
    const osDisk = { ...(storage.osDisk as Inputs), deleteOption };
    cloud.keep({ ...machine, inputs: { ...inputs, storageProfile: { ...storage, osDisk } } });
    cloud.delete(type, id, "");
    assert.equal(
      cloud.things("azure-native:compute:Disk").some((it) => it.id.endsWith("_OsDisk")),
      isLeft,
    );
  }
});
