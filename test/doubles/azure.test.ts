/** That the double refuses: what it lets pass proves nothing otherwise. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { publicKeyOfNobody } from "../../components/hosts/azure/no-login.ts";
import { existing, subscriptionId, tenantId } from "./azure/account.ts";
import { azureCloud } from "./azure/azure.ts";
import { answerOfArm, restrict, token } from "./azure/sizes.ts";
import type { Thing } from "./cloud.ts";
import { type Made, testRefusals } from "./refusals.ts";
import { type Inputs, valueAt } from "./values.ts";

const userData = (text: string) => gzipSync(text).toString("base64");
const place = { resourceGroupName: "cache", location: "westeurope" };
const rule = {
  name: "clients",
  priority: 100,
  direction: "Inbound",
  access: "Allow",
  protocol: "Tcp",
  sourceAddressPrefixes: ["203.0.113.0/24"],
  sourcePortRange: "*",
  destinationAddressPrefix: "*",
  destinationPortRange: "443",
};
const image = { publisher: "Debian", offer: "debian-13", sku: "13-arm64", version: "0.20260914.2601" };
const profile = {
  computerName: "cache",
  adminUsername: "nobody",
  customData: userData("#cloud-config\n{}\n"),
  linuxConfiguration: {
    disablePasswordAuthentication: true,
    ssh: { publicKeys: [{ path: "/home/nobody/.ssh/authorized_keys", keyData: publicKeyOfNobody() }] },
  },
};

const expiry = {
  name: "expire",
  type: "Lifecycle",
  definition: {
    filters: { blobTypes: ["blockBlob", "appendBlob"] },
    actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: 90 } } },
  },
};

function make(): Made {
  const cloud = azureCloud();
  const things: Record<string, Thing> = {};
  const add = (name: string, type: string, inputs: Inputs) => {
    assert.deepEqual(cloud.check(`azure-native:${type}`, inputs, ""), []);
    things[name] = cloud.create(`azure-native:${type}`, name, inputs, "");
    return things[name];
  };
  add("group", "resources:ResourceGroup", { resourceGroupName: "cache", location: "westeurope" });
  const firewall = add("firewall", "network:NetworkSecurityGroup", {
    ...place,
    networkSecurityGroupName: "cache",
    securityRules: [rule],
  });
  const address = add("address", "network:PublicIPAddress", {
    ...place,
    publicIpAddressName: "cache",
    sku: { name: "Standard" },
    publicIPAllocationMethod: "Static",
    zones: ["1"],
  });
  const subnet = { id: `${existing.virtualNetwork}/subnets/${existing.subnet}` };
  const wire = add("interface", "network:NetworkInterface", {
    ...place,
    networkInterfaceName: "cache",
    enableAcceleratedNetworking: true,
    networkSecurityGroup: { id: firewall.id },
    ipConfigurations: [{ name: "a", publicIPAddress: { id: address.id }, subnet }],
  });
  const disk = add("disk", "compute:Disk", {
    ...place,
    diskName: "cache",
    zones: ["1"],
    sku: { name: "PremiumV2_LRS" },
    diskSizeGB: 100,
    diskIOPSReadWrite: 3000,
    diskMBpsReadWrite: 125,
    creationData: { createOption: "Empty", logicalSectorSize: 512 },
  });
  const identity = add("identity", "managedidentity:UserAssignedIdentity", {
    ...place,
    resourceName: "cache",
  });
  add("right", "authorization:RoleAssignment", {
    roleAssignmentName: "0e37df36-f698-4f2c-8a6f-3d1c5b7a9e02",
    scope: existing.certificate,
    principalId: identity.outputs.principalId,
    principalType: "ServicePrincipal",
    roleDefinitionId: `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/4633458b-17de-408a-b874-0445c86b69e6`,
  });
  add("vault", "keyvault:Vault", {
    ...place,
    vaultName: "cache-0123",
    properties: { tenantId, sku: { family: "A", name: "standard" }, enableRbacAuthorization: true },
  });
  add("record", "dns:RecordSet", {
    resourceGroupName: existing.zoneResourceGroup,
    zoneName: existing.zone,
    relativeRecordSetName: "cache",
    recordType: "A",
    ttl: 300,
    aRecords: [{ ipv4Address: "198.51.100.1" }],
  });
  const account = add("account", "storage:StorageAccount", {
    ...place,
    accountName: "cache0123",
    kind: "StorageV2",
    sku: { name: "Standard_LRS" },
    minimumTlsVersion: "TLS1_2",
    allowBlobPublicAccess: false,
  });
  const inAccount = { resourceGroupName: "cache", accountName: account.outputs.name };
  add("container", "storage:BlobContainer", { ...inAccount, containerName: "registry" });
  add("lifecycle", "storage:ManagementPolicy", {
    ...inAccount,
    managementPolicyName: "default",
    policy: { rules: [expiry] },
  });
  add("machine", "compute:VirtualMachine", {
    ...place,
    vmName: "cache",
    zones: ["1"],
    hardwareProfile: { vmSize: "Standard_D2ps_v6" },
    identity: { type: "UserAssigned", userAssignedIdentities: [identity.id] },
    osProfile: profile,
    securityProfile: { securityType: "TrustedLaunch" },
    storageProfile: {
      imageReference: image,
      osDisk: {
        createOption: "FromImage",
        deleteOption: "Delete",
        managedDisk: { storageAccountType: "Premium_LRS" },
      },
      dataDisks: [{ lun: 0, createOption: "Attach", caching: "None", managedDisk: { id: disk.id } }],
    },
    networkProfile: { networkInterfaces: [{ id: wire.id, primary: true }] },
  });
  return { cloud, things };
}

const machine = make().things.machine as Thing;
const storage = machine.inputs.storageProfile as Inputs;

testRefusals(make, {
  "an input that it doesn't have": { of: "disk", with: { sizeGiB: 1 }, says: /sizeGiB is not an input/ },
  "a missing input": { of: "disk", with: { creationData: undefined }, says: /creationData is required/ },
  "a name that is taken": { of: "disk", with: {}, says: /AlreadyExists/ },
  "a name with a character that Azure doesn't take": {
    of: "disk",
    with: { diskName: "a/b" },
    says: /InvalidResourceName/,
  },
  "a region that there isn't": {
    of: "address",
    with: { location: "westeuropa" },
    says: /LocationNotAvailable/,
  },
  "a zone that there isn't": {
    of: "address",
    with: { publicIpAddressName: "b", location: "westindia" },
    says: /AvailabilityZoneNotSupported/,
  },
  "a group that there isn't": {
    of: "identity",
    with: { resourceGroupName: "other" },
    says: /ResourceNotFound: resourceGroupName/,
  },
  "a range with bits behind its length": {
    of: "firewall",
    with: { securityRules: [{ ...rule, sourceAddressPrefixes: ["203.0.113.1/24"] }] },
    says: /SecurityRuleInvalid/,
  },
  "a rule for no port": {
    of: "firewall",
    with: { securityRules: [{ ...rule, destinationPortRange: undefined, destinationPortRanges: [] }] },
    says: /destination port/,
  },
  "more ranges than a group may have": {
    of: "firewall",
    with: {
      securityRules: [
        {
          ...rule,
          sourceAddressPrefixes: Array.from(
            { length: 4001 },
            (_, index) => `10.${index >> 8}.${index % 256}.0/24`,
          ),
        },
      ],
    },
    says: /TooManyAddressPrefixes: 4001 /,
  },
  "two rules of one priority": {
    of: "firewall",
    with: { securityRules: [rule, { ...rule, name: "other" }] },
    says: /SecurityRuleConflict/,
  },
  "a second use of an address": {
    of: "interface",
    with: { networkInterfaceName: "b" },
    says: /PublicIPAddressInUse/,
  },
  "a second use of an interface": { of: "machine", with: { vmName: "b" }, says: /NicInUse/ },
  "more throughput than IOPS carry": {
    of: "disk",
    with: { diskName: "b", diskMBpsReadWrite: 1000 },
    says: /1000 MB\/s with 3000 IOPS/,
  },
  "Premium SSD v2 without a zone": { of: "disk", with: { diskName: "b", zones: undefined }, says: /zonal/ },
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
  "a right for nobody": {
    of: "right",
    with: { principalId: "0e37df36-f698-4f2c-8a6f-000000000000" },
    says: /PrincipalNotFound/,
  },
  "the same right twice": {
    of: "right",
    with: { roleAssignmentName: "0e37df36-f698-4f2c-8a6f-3d1c5b7a9e03" },
    says: /RoleAssignmentExists/,
  },
  "a vault name that is too long": {
    of: "vault",
    with: { vaultName: "c".repeat(25) },
    says: /InvalidResourceName/,
  },
  "the name of an account that there is in another group": {
    of: "account",
    with: { resourceGroupName: existing.resourceGroup },
    says: /StorageAccountAlreadyTaken/,
  },
  "the name of an account with a hyphen": {
    of: "account",
    with: { accountName: "cache-0123" },
    says: /InvalidResourceName/,
  },
  "a redundancy that there isn't": {
    of: "account",
    with: { sku: { name: "LRS" } },
    says: /SkuNotFound: LRS/,
  },
  "a container that everybody may read": {
    of: "container",
    with: { containerName: "open", publicAccess: "Blob" },
    says: /PublicAccessNotPermitted/,
  },
  "a container in no account": {
    of: "container",
    with: { accountName: "other" },
    says: /accountName: there is no azure-native:storage:StorageAccount/,
  },
  "a second lifecycle policy": { of: "lifecycle", with: {}, says: /AlreadyExists/ },
  "a lifecycle rule that moves what can't be moved": {
    of: "lifecycle",
    with: {
      policy: {
        rules: [
          {
            ...expiry,
            definition: {
              ...expiry.definition,
              actions: { baseBlob: { tierToCool: { daysAfterModificationGreaterThan: 9 } } },
            },
          },
        ],
      },
    },
    says: /tierToCool is not for appendBlob/,
  },
  "a CNAME beside another record": {
    of: "record",
    with: { recordType: "CNAME", aRecords: undefined, cnameRecord: { cname: "a.example.org" } },
    says: /a CNAME stands alone/,
  },
});

test("the provider would change a machine in place, and the cloud refuses", () => {
  const { cloud } = make();
  const { type, id, inputs } = machine;
  const changed = { ...inputs, osProfile: { ...profile, customData: userData("#cloud-config\n{a: 1}\n") } };
  assert.deepEqual([...cloud.diff(type, inputs, changed)], [["osProfile.customData", { replaces: false }]]);
  assert.throws(
    () => cloud.update(type, id, changed, ""),
    /PropertyChangeNotAllowed: .*'osProfile\.customData'/,
  );
});

test("what is in use isn't deleted, and a vault's name stays taken", () => {
  const { cloud, things } = make();
  for (const name of ["disk", "interface", "identity", "group"]) {
    const { type, id } = things[name] as Thing;
    assert.throws(() => cloud.delete(type, id, ""), /ResourceInUse/, name);
  }
  const { type, id, inputs } = things.vault as Thing;
  cloud.delete(type, id, "");
  assert.throws(() => cloud.create(type, "again", inputs, ""), /VaultAlreadyExists/);
});

test("a storage account takes its container and its rules with it", () => {
  const { cloud, things } = make();
  const { type, id } = things.account as Thing;
  const look = () =>
    cloud.invoke(
      "azure-native:storage:getStorageAccount",
      { resourceGroupName: "cache", accountName: "cache0123" },
      "",
    );
  assert.equal(look().id, id);
  cloud.delete(type, id, "");
  for (const name of ["container", "lifecycle"]) {
    assert.equal(cloud.find((things[name] as Thing).type, (things[name] as Thing).id, ""), undefined, name);
  }
  assert.throws(look, /ResourceNotFound/);
});

test("no update makes a storage account zone-redundant", () => {
  const { cloud, things } = make();
  const { type, id, inputs } = things.account as Thing;
  const withSku = (name: string) => cloud.update(type, id, { ...inputs, sku: { name } }, "");
  assert.throws(
    () => withSku("Standard_ZRS"),
    /AccountPropertyCannotBeUpdated: .* from Standard_LRS to Standard_ZRS/,
  );
  withSku("Standard_GRS");
});

test("Azure lists what the subscription gets to whoever has the token, page by page", () => {
  // With one machine, of two vCPUs.
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

test("a system disk stays behind, unless the machine says that it goes with it", () => {
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
