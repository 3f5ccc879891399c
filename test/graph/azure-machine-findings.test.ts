/** What Azure says about a machine's size and image before a region is created. */
import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { newestImage } from "../../components/hosts/azure/vm/image.ts";
import { existing, subscriptionId } from "../doubles/azure/account.ts";
import { registerEncryptionAtHost } from "../doubles/azure/features.ts";
import { describeDebian, redefine, replicate, withdraw } from "../doubles/azure/images.ts";
import { limit, restrict } from "../doubles/azure/sizes.ts";
import type { Cloud } from "../doubles/cloud.ts";
import type { Inputs } from "../doubles/values.ts";
import { answerFetch } from "../support/azure-api.ts";
import { keptImage, lookedUp } from "./azure-looked-up.ts";

beforeEach(() => answerFetch());

test("chooses a machine that is available to the subscription in the disk's zone, within the quota", async () => {
  const machine = { type: "Standard_D2ps_v6" };
  answerFetch((cloud) => restrict(cloud, machine.type, "westeurope", ["1", "2"]));
  assert.deepEqual((await lookedUp({ machine, availabilityZone: "3" })).problems, []);
  assert.deepEqual((await lookedUp({ machine })).problems, [
    'availabilityZone: Standard_D2ps_v6 is available to the subscription only in zone 3 of westeurope, not in zone 1: set `availabilityZone: "3"`, or set `machine.type` to Standard_B2pls_v2 or Standard_D2pls_v6 or Standard_B2ps_v2',
  ]);
  const { found, problems } = await lookedUp({ name: "northeurope", machine });
  assert.deepEqual(problems, []);
  assert.equal(found?.previous.machine?.type, machine.type);
  answerFetch((cloud) => limit(cloud, "StandardDpsv6Family", "westeurope", 1));
  assert.match(
    (await lookedUp({ machine })).problems.join(),
    /^machine\.type: the quota StandardDpsv6Family vCPUs of westeurope leaves 1 of 1 vCPUs to this region, and 1 of Standard_D2ps_v6 needs 2: ask /,
  );
  assert.deepEqual((await lookedUp({ name: "westus", machine })).problems, []);
  // No limit.
  answerFetch((cloud) => limit(cloud, "StandardDpsv6Family", "westeurope", -1));
  assert.deepEqual((await lookedUp({ machine })).problems, []);
});

test("only warns of an existing machine's size that isn't available any more, unless the machine would be replaced", async () => {
  const there = { name: "northeurope", machine: { type: "Standard_D2ps_v6" } };
  const others = "set `machine.type` to Standard_B2pls_v2 or Standard_D2pls_v6 or Standard_B2ps_v2";
  const first = "This update would replace the machine, which is deleted first";
  answerFetch((cloud) => restrict(cloud, "Standard_D2ps_v6", "northeurope"));
  const { problems, warnings } = await lookedUp(there);
  assert.deepEqual(problems, []);
  assert.match(
    warnings.join(),
    /^northeurope: machine\.type: Standard_D2ps_v6 isn't available .*\. The existing machine keeps running\./,
  );
  const replaced = { ...there, machine: { ...there.machine, image: newestImage } };
  assert.deepEqual((await lookedUp(replaced)).problems, [
    `machine.type: Standard_D2ps_v6 isn't available to the subscription in northeurope (NotAvailableForSubscription): ${others}, or ask Azure for it, https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-sku-not-available. ${first}`,
  ]);
  answerFetch((cloud) => restrict(cloud, "Standard_D2ps_v6", "northeurope", ["1"]));
  assert.deepEqual((await lookedUp(replaced)).problems, [
    `availabilityZone: Standard_D2ps_v6 is available to the subscription only in zones 2, 3 of northeurope, not in zone 1: ${others}. ${first}`,
  ]);
  assert.deepEqual((await lookedUp({ ...there, machine: { type: "Standard_D2pls_v6" } })).problems, []);
  // A replacement frees the machine's own vCPUs first.
  answerFetch((cloud) => limit(cloud, "StandardDpsv6Family", "northeurope", 0));
  assert.deepEqual((await lookedUp(there)).problems, []);
});

test("chooses a type for a new disk that its zone has, and doesn't check an existing disk's", async () => {
  answerFetch((cloud) => restrict(cloud, "PremiumV2_LRS", "westeurope", ["1", "2"]));
  assert.deepEqual((await lookedUp({})).problems, [
    'availabilityZone: PremiumV2_LRS disks are available only in zone 3 of westeurope: set `availabilityZone: "3"`',
  ]);
  assert.deepEqual((await lookedUp({ availabilityZone: "3" })).problems, []);
  answerFetch((cloud) => restrict(cloud, "PremiumV2_LRS", "northeurope", ["1"]));
  assert.deepEqual((await lookedUp({ name: "northeurope" })).problems, []);
});

test("proposes a size that sustains the workload, or comes closest to it", async () => {
  const wayOut = async (type: string, peakNodes: number, restricted: string) => {
    answerFetch((cloud) => restrict(cloud, restricted, "westeurope"));
    const { problems } = await lookedUp({ machine: { type } }, {}, { workload: { peakNodes } });
    return /: set `machine\.type` to (.*), or ask/.exec(problems.join())?.[1];
  };
  assert.equal(
    await wayOut("Standard_D2ps_v6", 400, "Standard_D2ps_v6"),
    "Standard_D4pls_v6 or Standard_D4ps_v6 or Standard_D4ps_v5",
  );
  assert.equal(
    await wayOut("auto", 400, "Standard_D4pls_v6"),
    "Standard_D4ps_v6 or Standard_D4ps_v5 or Standard_D8pls_v6",
  );
  // No size sustains it.
  assert.equal(await wayOut("auto", 5000, "Standard_D8pls_v6"), "Standard_D8ps_v6");
});

test("refuses a size that lacks what the machine needs, or that is written in another case", async () => {
  const problemsOf = async (machine: Record<string, unknown>) => (await lookedUp({ machine })).problems;
  const others = "set `machine.type` to Standard_D2as_v6 or Standard_D2s_v5 or Standard_D2s_v6";
  assert.deepEqual(await problemsOf({ type: "Standard_B1s" }), [
    `machine.type: Standard_B1s doesn't support accelerated networking, which the machine needs: ${others}`,
  ]);
  assert.deepEqual(await problemsOf({ type: "Standard_D2_v3" }), [
    `machine.type: Standard_D2_v3 doesn't support Premium SSD, images of generation 2, which the machine needs: ${others}`,
  ]);
  assert.match(
    (await problemsOf({ type: "Standard_M8-2ms", architecture: "arm64" })).join(),
    /^machine\.type: Standard_M8-2ms has x64 processors, and the machine's image is for arm64: set /,
  );
  assert.deepEqual(await problemsOf({ type: "Standard_M8-2ms" }), []);
  for (const type of ["Standard_d2ps_v6", "Standard_D2PS_V6"]) {
    assert.deepEqual(await problemsOf({ type }), [
      `machine.type: write ${type} as Azure does: Standard_D2ps_v6`,
    ]);
  }
});

test("asks Azure whether an unlisted size has Trusted Launch, and keeps a machine's setting without an answer", async () => {
  const has = async (change: Record<string, unknown>) => (await lookedUp(change)).found?.hasTrustedLaunch;
  const machine = { type: "Standard_M8-2ms" };
  assert.equal(await has({ machine }), false);
  assert.equal(await has({ machine: { type: "Standard_D2ps_v5" } }), undefined);
  mock.method(globalThis, "fetch", async () => Promise.reject(new Error("fetch failed")));
  assert.equal(await has({ machine }), undefined);
  assert.equal(await has({ name: "francecentral", machine }), false);
  assert.equal(await has({ name: "francecentral", machine: { type: "Standard_M8-4ms" } }), undefined);
});

test("requires a gallery image to be replicated to the region", async () => {
  const machine = { image: existing.image };
  assert.deepEqual((await lookedUp({ machine })).problems, []);
  assert.deepEqual((await lookedUp({ name: "westus", machine })).problems, [
    `machine.image: ${existing.image} isn't replicated to westus, only to West Europe: replicate it, or name another image`,
  ]);
});

test("refuses a gallery image that is still being replicated, or that no machine of the stack can use", async () => {
  const { image } = existing;
  const told = async (prepare: (cloud: Cloud) => void, type = "Standard_D2ps_v6") => {
    answerFetch(prepare);
    return (await lookedUp({ machine: { image, type } })).problems;
  };
  const redefined = (change: Inputs, type?: string) => told((cloud) => redefine(cloud, image, change), type);
  const features = (value: string) => ({ features: [{ name: "SecurityType", value }] });
  const wayOut = "name another image (docs/images.md#base-images)";
  for (const [state, what] of [
    ["Replicating", "is still being replicated to westeurope: try again when that is done"],
    ["Failed", "couldn't be replicated to westeurope: replicate it again, or name another image"],
  ])
    assert.deepEqual(await told((cloud) => replicate(cloud, image, "West Europe", state)), [
      `machine.image: ${image} ${what}`,
    ]);
  assert.deepEqual(await redefined({ osState: "Specialized", hyperVGeneration: "V1", architecture: "x64" }), [
    `machine.image: ${image} is of a specialized machine, which takes no user data: ${wayOut}`,
    `machine.image: ${image} is of generation 1, and the machine of generation 2: ${wayOut}`,
    `machine.image: ${image} is for x64, and the machine has arm64: ${wayOut}`,
  ]);
  assert.deepEqual(await redefined(features("ConfidentialVM")), [
    `machine.image: ${image} has the security type ConfidentialVM, and the machine has Trusted Launch: ${wayOut}`,
  ]);
  for (const type of ["TrustedLaunch", "TrustedLaunchSupported", "TrustedLaunchAndConfidentialVmSupported"])
    assert.deepEqual(await redefined(features(type)), []);
  assert.deepEqual(await redefined(features("TrustedLaunch"), "Standard_B2pls_v2"), [
    `machine.image: ${image} is for machines with Trusted Launch only, which this size doesn't have: ${wayOut}`,
  ]);
  assert.deepEqual(await redefined({ architecture: "x64" }, "Standard_D2s_v6"), []);
  assert.deepEqual(await redefined({ architecture: "x64", features: [] }, "Standard_D2s_v6"), [
    `machine.image: ${image} is for disks by SCSI, and the machine's size has NVMe only: ${wayOut}`,
  ]);
  // Azure decides this.
  assert.deepEqual(await redefined({ features: [] }), []);
});

test("refuses Debian's image if it doesn't fit the size, and knows nothing of features that Azure doesn't list", async () => {
  const told = async (change: Inputs, region: object = {}) => {
    answerFetch((cloud) => {
      for (const version of [newestImage, keptImage]) describeDebian(cloud, version, change);
    });
    return lookedUp({ machine: { type: "Standard_D2as_v6" }, ...region });
  };
  const scsi = { features: [{ name: "DiskControllerTypes", value: "SCSI" }] };
  const wayOut = "set another `machine.type`, or name a base image (docs/images.md#base-images)";
  const said = `is for disks by SCSI, and the machine's size has NVMe only: ${wayOut}`;
  assert.deepEqual((await told({})).problems, []);
  assert.deepEqual((await told(scsi)).problems, [`machine.image: ${newestImage} ${said}`]);
  assert.deepEqual((await told({ features: undefined })).problems, []);
  assert.deepEqual((await told({ architecture: "Arm64" })).problems, [
    `machine.image: ${newestImage} is for Arm64, and the machine has amd64: ${wayOut}`,
  ]);
  // A size that takes both, and a machine that stays.
  assert.deepEqual((await told(scsi, { machine: { type: "Standard_D2s_v5" } })).problems, []);
  const generation1 = { hyperVGeneration: "V1" };
  const stays = await told(generation1, { name: "northeurope", machine: { type: "Standard_D2ps_v6" } });
  assert.deepEqual(stays.problems, []);
  assert.match(
    stays.warnings.join(),
    /the machine was made from .*, which is of generation 1, .*The existing machine keeps running\./,
  );
});

test("says in the warning if Azure doesn't answer and Node.js ignores the proxy", async () => {
  mock.method(globalThis, "fetch", async () => Promise.reject(new Error("fetch failed")));
  const { HTTPS_PROXY } = process.env;
  process.env.HTTPS_PROXY = "http://proxy.example.com:3128";
  try {
    const { warnings } = await lookedUp({});
    assert.equal(warnings.length, 3);
    for (const warning of warnings)
      assert.match(warning, /: fetch failed\. Node\.js doesn't use HTTPS_PROXY: set NODE_USE_ENV_PROXY=1/);
  } finally {
    if (HTTPS_PROXY === undefined) delete process.env.HTTPS_PROXY;
    else process.env.HTTPS_PROXY = HTTPS_PROXY;
  }
});

test("refuses an image that is gone, and says how to continue, because the old machine would be deleted first", async () => {
  const said = (region: string) =>
    `can't be used any more: NotFound: Artifact: VMImage was not found. Set \`machine: { image: … }\` to another version: it replaces the machine, and the disk stays. \`az vm image list --location ${region} --publisher Debian --offer debian-13 --sku 13-arm64 --all --output table\` lists them`;
  answerFetch((cloud) => withdraw(cloud, keptImage));
  assert.deepEqual((await lookedUp({})).problems, []);
  assert.deepEqual((await lookedUp({ name: "uksouth" })).problems, [
    `machine.image: the machine was made from ${keptImage}, which ${said("uksouth")}`,
  ]);
  assert.deepEqual((await lookedUp({ name: "uksouth", machine: { image: newestImage } })).problems, []);
  answerFetch((cloud) => withdraw(cloud, newestImage));
  assert.deepEqual((await lookedUp({})).problems, [`machine.image: ${newestImage} ${said("westeurope")}`]);
  assert.deepEqual((await lookedUp({ machine: { image: existing.image } })).problems, []);
  assert.match(
    (await lookedUp({ machine: { image: `${existing.image}0` } })).problems.join(),
    /^machine\.image: \/subscriptions\/.* can't be used any more: ResourceNotFound: /,
  );
});

test("refuses an image that Azure doesn't accept any more, and none about which it says nothing", async () => {
  const answers = (answer: () => Promise<Response>) => mock.method(globalThis, "fetch", answer);
  const deprecated = { properties: { imageDeprecationStatus: { imageState: "Deprecated" } }, value: [] };
  const imageProblems = async () => {
    const { problems } = await lookedUp({});
    return problems.filter((problem) => problem.startsWith("machine.image: "));
  };
  answers(async () => Response.json(deprecated));
  assert.match((await imageProblems()).join(), /any more: Azure no longer creates machines from it\. Set/);
  answers(async () => Promise.reject(new Error("fetch failed")));
  assert.deepEqual(await imageProblems(), []);
});

test("only warns of an image that is gone if the machine stays, and refuses it if another property replaces the machine", async () => {
  answerFetch((cloud) => withdraw(cloud, keptImage));
  const machine = { type: "Standard_D2ps_v6" };
  const stays = await lookedUp({ name: "northeurope", machine });
  assert.deepEqual(stays.problems, []);
  assert.match(
    stays.warnings.join(),
    /machine\.image: the machine was made from .*\. The existing machine keeps running\./,
  );
  for (const change of [{ machine: { type: "Standard_D2pls_v6" } }, { machine, availabilityZone: "2" }]) {
    const { problems } = await lookedUp({ name: "northeurope", ...change });
    assert.match(
      problems.join(),
      /machine\.image: .*\. This update would replace the machine, which is deleted first$/,
    );
  }
});

test("refuses encryption at host until the subscription has the feature, because the old machine would be deleted first", async () => {
  const told = (region: object) => lookedUp({ ...region }, {}, { governance: { encryptionAtHost: true } });
  const there = { name: "northeurope", machine: { type: "Standard_D2ps_v6" } };
  const wayOut = `run \`az feature register --subscription ${subscriptionId} --namespace Microsoft.Compute --name EncryptionAtHost\`, and wait until the state is Registered, which takes a few minutes`;
  const problem = `governance.encryptionAtHost: the state of the feature EncryptionAtHost in the subscription is NotRegistered: ${wayOut}`;
  assert.deepEqual((await told({})).problems, [problem]);
  const first = "This update would replace the machine, which is deleted first";
  assert.deepEqual((await told(there)).problems, [`${problem}. ${first}`]);
  assert.deepEqual((await lookedUp(there)).problems, []);
  answerFetch(registerEncryptionAtHost);
  assert.deepEqual((await told(there)).problems, []);
  mock.method(globalThis, "fetch", async () =>
    Response.json({ error: { code: "AuthorizationFailed", message: "No right." } }, { status: 403 }),
  );
  const { problems, warnings } = await told({});
  assert.deepEqual(problems, []);
  assert.match(
    warnings.join("\n"),
    /westeurope: governance\.encryptionAtHost: Azure doesn't say whether the subscription has the feature EncryptionAtHost: AuthorizationFailed: No right\./,
  );
});

test("leaves alone a machine that already has encryption at host, whatever prevents another one", async () => {
  const there = { name: "swedencentral", machine: { type: "Standard_D2ps_v6" } };
  answerFetch((cloud) => restrict(cloud, "Standard_D2ps_v6", "swedencentral"));
  const { problems, warnings } = await lookedUp(there, {}, { governance: { encryptionAtHost: true } });
  assert.deepEqual(problems, []);
  for (const obstacle of [
    "machine\\.type: Standard_D2ps_v6 isn't available",
    "governance\\.encryptionAtHost: ",
  ])
    assert.match(warnings.join("\n"), new RegExp(`${obstacle}.*\\. The existing machine keeps running\\.`));
  assert.match((await lookedUp(there)).problems.join(), /machine\.type: .*\. This update would replace/);
});
