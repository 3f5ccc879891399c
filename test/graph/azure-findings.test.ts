/** What Azure is asked before a region is made, and what is told when it hasn't got it. */
import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { type Findings, findingsFor } from "../../components/hosts/azure/findings.ts";
import { newestImage } from "../../components/hosts/azure/image.ts";
import { storageAccountName } from "../../components/hosts/azure/naming.ts";
import { planAzureVm } from "../../components/hosts/azure/plan.ts";
import { azureProvider } from "../../components/hosts/azure/provider.ts";
import { existing, subscriptionId as own } from "../doubles/azure/account.ts";
import { withdraw } from "../doubles/azure/images.ts";
import { token as accessToken, limit, restrict } from "../doubles/azure/sizes.ts";
import { answerFetch } from "../support/azure-api.ts";
import { registeredBy } from "../support/graph.ts";
import { planRequest } from "../support/plan-request.ts";

const other = "22222222-2222-4222-8222-222222222222";
const vnetIn = (subscription: string) =>
  `/subscriptions/${subscription}/resourceGroups/hub/providers/Microsoft.Network/virtualNetworks/hub`;
const secretIn = (subscription: string) =>
  `/subscriptions/${subscription}/resourceGroups/keys/providers/Microsoft.KeyVault/vaults/keys/secrets/cache`;

const everything = {
  resourceGroup: "caches",
  network: { vnet: vnetIn(own), subnet: "caches" },
  endpoint: {
    hostname: "cache.example.com",
    zone: "example.com",
    zoneResourceGroup: "dns",
    tls: { mode: "provided", secretName: secretIn(own) },
  },
};

/** What an update left of other regions. */
const keptImage = "0.20250101.1000";
const state = {
  "urn:pulumi:test::registry-cache::type$pulumi:index:Stash::uksouth-image-arm64": {
    type: "pulumi:index:Stash",
    outputs: { output: keptImage },
  },
  "urn:pulumi:test::registry-cache::type$azure-native:compute:VirtualMachine::northeurope": {
    type: "azure-native:compute:VirtualMachine",
    outputs: { hardwareProfile: { vmSize: "Standard_D2ps_v6" }, zones: ["1"] },
  },
  "urn:pulumi:test::registry-cache::type$azure-native:compute:Disk::northeurope": {
    type: "azure-native:compute:Disk",
    outputs: { name: "registry-cache-northeurope-data", zones: ["1"] },
  },
  "urn:pulumi:test::registry-cache::type::francecentral": {
    type: "azure-native:compute:VirtualMachine",
    outputs: { hardwareProfile: { vmSize: "Standard_M8-2ms" }, zones: ["1"] },
  },
};

beforeEach(() => answerFetch());

interface Result {
  readonly found: Findings | undefined;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  /** Functions with their inputs. */
  readonly asked: readonly (readonly [string, unknown])[];
}

interface Azure {
  /** Whether it has what it is asked for, or what it says otherwise. @default true */
  readonly there?: boolean | string;
  readonly network?: Record<string, unknown>;
  /** Of the vault. @default true */
  readonly hasRbac?: boolean;
}

async function lookedUp(
  change: Record<string, unknown>,
  {
    there = true,
    network = { location: "westeurope", subnets: [{ name: "caches" }] },
    hasRbac = true,
  }: Azure = {},
  keys: Record<string, unknown> = {},
): Promise<Result> {
  const request = planRequest("azure vm", {
    provider: "azure",
    regions: [
      {
        name: "westeurope",
        topology: "vm",
        storage: { kind: "disk", size: "240GiB" },
        endpoint: { hostname: "cache.example.com", tls: { mode: "private" } },
        access: { clients: ["203.0.113.0/24"] },
        ...change,
      },
    ],
    upstreams: [{ name: "gsoci", registry: "gsoci.azurecr.io", repositories: ["giantswarm/**"] }],
    ...keys,
  });
  const { plan } = planAzureVm(request);
  assert.ok(plan);
  const asked: [string, unknown][] = [];
  const log = mock.method(pulumi.log, "warn", async () => {});
  let problems: string[] = [];
  let found: Findings | undefined;
  await registeredBy(
    async () => {
      const result = await findingsFor(plan, { provider: azureProvider(plan.region) });
      found = result.found;
      problems = result.problems.map(({ path, message }) => `${path}: ${message}`);
    },
    undefined,
    (token, inputs) => {
      if (token.endsWith(":getClientConfig")) return { subscriptionId: own };
      if (token.endsWith(":getClientToken")) return { token: accessToken };
      if (token.endsWith(":readStackResourceOutputs")) return { outputs: state };
      asked.push([token.replace("azure-native:", ""), inputs]);
      // As the engine hands over what a provider refuses.
      const details = `invocation of ${token} returned an error: ${there || "ResourceNotFound"}`;
      if (there !== true) throw Object.assign(new Error(), { details });
      if (token.endsWith(":getVault")) return { properties: { enableRbacAuthorization: hasRbac } };
      return token.endsWith(":getVirtualNetwork") ? network : {};
    },
  );
  const warnings = log.mock.calls.map(({ arguments: [message] }) => String(message));
  log.mock.restore();
  return { found, problems, warnings, asked };
}

test("each thing is asked for where it is, and only what is named", async () => {
  const previous = { disk: undefined, address: undefined, machine: undefined, secrets: [] };
  const found = { previous, storageAccount: undefined, hasTrustedLaunch: undefined };
  const nothing = { found, problems: [], warnings: [], asked: [] };
  assert.deepEqual(await lookedUp({}), nothing);
  const { problems, asked } = await lookedUp(everything);
  assert.deepEqual(problems, []);
  assert.deepEqual(Object.fromEntries(asked), {
    "resources:getResourceGroup": { resourceGroupName: "caches" },
    "dns:getZone": { zoneName: "example.com", resourceGroupName: "dns" },
    "network:getVirtualNetwork": { resourceGroupName: "hub", virtualNetworkName: "hub" },
    "keyvault:getSecret": { resourceGroupName: "keys", vaultName: "keys", secretName: "cache" },
    "keyvault:getVault": { resourceGroupName: "keys", vaultName: "keys" },
  });
});

test("all that isn't there is told at once, each with its path and what Azure says", async () => {
  assert.deepEqual((await lookedUp(everything, { there: false })).problems, [
    "endpoint.tls.secretName: the secret cache in keys can't be found: ResourceNotFound",
    "endpoint.zone: the zone example.com in dns can't be found: ResourceNotFound",
    "network.vnet: hub can't be found: ResourceNotFound",
    "resourceGroup: caches can't be found: ResourceNotFound",
  ]);
});

test("a network in another region or subscription, and one without the subnet", async () => {
  const network = { location: "northeurope", subnets: [{ name: "nodes" }] };
  assert.deepEqual((await lookedUp({ network: everything.network }, { network })).problems, [
    "network.subnet: hub has no caches, only nodes",
    "network.vnet: is in northeurope, and the machine in westeurope",
  ]);
  const foreign = await lookedUp({ network: { vnet: vnetIn(other), subnet: "caches" } });
  assert.deepEqual(foreign.problems, [
    `network.vnet: is in the subscription ${other}, and the machine in ${own}`,
  ]);
});

test("a certificate in a vault with access policies, where a right has no effect", async () => {
  const { endpoint } = everything;
  assert.deepEqual((await lookedUp({ endpoint }, { hasRbac: false })).problems, [
    "endpoint.tls.secretName: the vault keys has access policies, and the machine is given its right by Azure RBAC: name a secret in a vault with Azure RBAC, or switch this one, which ends its access policies: `az keyvault update --name keys --enable-rbac-authorization true`",
  ]);
});

test("a secret of another subscription can't be looked up, and may be there", async () => {
  const endpoint = { ...everything.endpoint, tls: { mode: "provided", secretName: secretIn(other) } };
  const { problems, asked } = await lookedUp({ endpoint });
  assert.deepEqual([problems, asked.map(([token]) => token)], [[], ["dns:getZone"]]);
});

test("the name of a storage account is known before it is there, and refused where it is another stack's", async () => {
  const storage = { kind: "bucket" };
  const accountName = storageAccountName(own, { stack: "test", region: "westeurope" });
  const { found, problems, asked } = await lookedUp({ storage }, { there: false });
  assert.deepEqual([found?.storageAccount, problems], [accountName, []]);
  assert.deepEqual(asked, [
    ["storage:getStorageAccount", { accountName, resourceGroupName: "registry-cache-test-westeurope" }],
  ]);
  assert.deepEqual((await lookedUp({ storage })).problems, [
    `storage.kind: the storage account ${accountName} is there already, and not of this stack: delete it, or take it over by \`pulumi import\``,
  ]);
  assert.deepEqual((await lookedUp({ storage }, { there: "AuthorizationFailed" })).problems, [
    `storage.kind: the storage account ${accountName} can't be looked for: AuthorizationFailed`,
  ]);
});

test("the machine is one that the subscription gets, in the disk's zone, and has the quota for", async () => {
  const machine = { type: "Standard_D2ps_v6" };
  answerFetch((cloud) => restrict(cloud, machine.type, "westeurope", ["1", "2"]));
  assert.deepEqual((await lookedUp({ machine, availabilityZone: "3" })).problems, []);
  assert.deepEqual((await lookedUp({ machine })).problems, [
    'availabilityZone: Standard_D2ps_v6 is available to the subscription only in zone 3 of westeurope, not in zone 1: set `availabilityZone: "3"`, or set `machine.type` to Standard_B2pls_v2 or Standard_D2pls_v6 or Standard_B2ps_v2',
  ]);
  const { found, problems } = await lookedUp({ name: "northeurope", machine });
  assert.deepEqual(problems, []);
  assert.deepEqual(found?.previous.machine, { ...machine, zones: ["1"], hasTrustedLaunch: false });
  answerFetch((cloud) => limit(cloud, "StandardDpsv6Family", "westeurope", 1));
  assert.match(
    (await lookedUp({ machine })).problems.join(),
    /^machine\.type: the quota StandardDpsv6Family vCPUs of westeurope leaves 1 of 1 vCPUs to this region, and 1 of Standard_D2ps_v6 needs 2: ask /,
  );
  assert.deepEqual((await lookedUp({ name: "westus", machine })).problems, []);
});

test("a size that a machine has is refused when it isn't available any more, as an update could delete the machine first", async () => {
  const there = { name: "northeurope", machine: { type: "Standard_D2ps_v6" } };
  const others = "set `machine.type` to Standard_B2pls_v2 or Standard_D2pls_v6 or Standard_B2ps_v2";
  const first = "The machine that is there runs on, but an update that replaces it would delete it first";
  answerFetch((cloud) => restrict(cloud, "Standard_D2ps_v6", "northeurope"));
  assert.deepEqual((await lookedUp(there)).problems, [
    `machine.type: Standard_D2ps_v6 isn't available to the subscription in northeurope (NotAvailableForSubscription): ${others}, or ask Azure for it, https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-sku-not-available. ${first}`,
  ]);
  answerFetch((cloud) => restrict(cloud, "Standard_D2ps_v6", "northeurope", ["1"]));
  assert.deepEqual((await lookedUp(there)).problems, [
    `availabilityZone: Standard_D2ps_v6 is available to the subscription only in zones 2, 3 of northeurope, not in zone 1: ${others}. ${first}`,
  ]);
  assert.deepEqual((await lookedUp({ ...there, machine: { type: "Standard_D2pls_v6" } })).problems, []);
  // Its own vCPUs are free when it is replaced.
  answerFetch((cloud) => limit(cloud, "StandardDpsv6Family", "northeurope", 0));
  assert.deepEqual((await lookedUp(there)).problems, []);
});

test("a new disk is of a type that there is in its zone; one that is there isn't looked for", async () => {
  answerFetch((cloud) => restrict(cloud, "PremiumV2_LRS", "westeurope", ["1", "2"]));
  assert.deepEqual((await lookedUp({})).problems, [
    'availabilityZone: PremiumV2_LRS disks are available only in zone 3 of westeurope: set `availabilityZone: "3"`',
  ]);
  assert.deepEqual((await lookedUp({ availabilityZone: "3" })).problems, []);
  answerFetch((cloud) => restrict(cloud, "PremiumV2_LRS", "northeurope", ["1"]));
  assert.deepEqual((await lookedUp({ name: "northeurope" })).problems, []);
});

test("the way out of a size carries the workload, or comes closest to it", async () => {
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
  // None carries it.
  assert.equal(await wayOut("auto", 5000, "Standard_D8pls_v6"), "Standard_D8ps_v6");
});

test("a size that can't do what the machine needs, or that is written in another case, is refused", async () => {
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

test("Azure says whether a size that isn't listed has Trusted Launch; without an answer, a machine keeps what it has", async () => {
  const has = async (change: Record<string, unknown>) => (await lookedUp(change)).found?.hasTrustedLaunch;
  const machine = { type: "Standard_M8-2ms" };
  assert.equal(await has({ machine }), false);
  assert.equal(await has({ machine: { type: "Standard_D2ps_v5" } }), undefined);
  mock.method(globalThis, "fetch", async () => Promise.reject(new Error("fetch failed")));
  assert.equal(await has({ machine }), undefined);
  assert.equal(await has({ name: "francecentral", machine }), false);
});

test("an image in a gallery must be replicated to the region", async () => {
  const machine = { image: existing.image };
  assert.deepEqual((await lookedUp({ machine })).problems, []);
  assert.deepEqual((await lookedUp({ name: "westus", machine })).problems, [
    `machine.image: ${existing.image} isn't replicated to westus, only to West Europe: replicate it, or name another image`,
  ]);
});

test("where Azure gives no answer and Node.js leaves out the proxy, the warning says so", async () => {
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

test("an image that is gone is refused with the way out, as the old machine would be deleted first", async () => {
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

test("an image that Azure takes no more, and none of which it says nothing", async () => {
  const answers = (answer: () => Promise<Response>) => mock.method(globalThis, "fetch", answer);
  const deprecated = { properties: { imageDeprecationStatus: { imageState: "Deprecated" } }, value: [] };
  const imageProblems = async () => {
    const { problems } = await lookedUp({});
    return problems.filter((problem) => problem.startsWith("machine.image: "));
  };
  answers(async () => Response.json(deprecated));
  assert.match((await imageProblems()).join(), /any more: Azure makes no machines from it any more\. Set/);
  answers(async () => Promise.reject(new Error("fetch failed")));
  assert.deepEqual(await imageProblems(), []);
});
