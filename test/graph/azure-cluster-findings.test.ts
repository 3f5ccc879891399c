/** What Azure is asked before a region's cluster is made, and what is told when it hasn't got it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../../components/config/parse.ts";
import { driver } from "../../components/hosts/azure/driver.ts";
import { storageAccountName } from "../../components/hosts/azure/naming.ts";
import { registeredBy } from "../support/graph.ts";

const subscription = "11111111-1111-4111-8111-111111111111";
const vnet = `/subscriptions/${subscription}/resourceGroups/hub/providers/Microsoft.Network/virtualNetworks/hub`;
const accountName = storageAccountName(subscription, { stack: "test", region: "westeurope" });

type Network = Readonly<Record<string, unknown>>;

/** A network as Azure tells of it. */
function network(ranges: readonly string[], subnet: Readonly<Record<string, unknown>>): Network {
  return {
    location: "westeurope",
    addressSpace: { addressPrefixes: ranges },
    subnets: [{ name: "caches", ...subnet }],
  };
}

const fitting = network(["10.20.0.0/16"], { addressPrefix: "10.20.1.0/26" });

/** The stack has a cluster in one region. */
const regionWithCluster = "northeurope";
const clusterName = `registry-cache-${regionWithCluster}`;
const state = {
  "urn:pulumi:test::registry-cache::type::northeurope": {
    type: "azure-native:containerservice:ManagedCluster",
    outputs: { name: clusterName },
  },
};

/**
 * @param there the network, or that there is nothing at all
 * @param nodes what Azure says of those of the cluster: how many, or an error
 */
async function lookedUp(
  change: Record<string, unknown>,
  there: Network | "nothing" = fitting,
  nodes: number | string = 2,
) {
  const config = parseConfig({
    provider: "azure",
    regions: [
      {
        name: "westeurope",
        topology: "cluster",
        apiAccess: ["198.51.100.0/28"],
        storage: { kind: "bucket" },
        endpoint: { hostname: "cache.example.com", tls: { mode: "private" } },
        access: { clients: ["203.0.113.0/24"] },
        ...change,
      },
    ],
    upstreams: [{ name: "gsoci", registry: "gsoci.azurecr.io", repositories: ["giantswarm/**"] }],
  });
  const [region] = config.regions as Parameters<NonNullable<typeof driver.createProvider>>[0][];
  assert.ok(region);
  const asked: string[] = [];
  let result: Awaited<ReturnType<NonNullable<typeof driver.lookUp>>> | undefined;
  await registeredBy(
    async () => {
      const provider = driver.createProvider?.(region) ?? assert.fail("no provider");
      result = await driver.lookUp?.({ ...config, region }, provider);
    },
    undefined,
    (token) => {
      if (token.endsWith(":getClientConfig")) return { subscriptionId: subscription };
      if (token.endsWith(":readStackResourceOutputs")) return { outputs: state };
      asked.push(token.replace("azure-native:", ""));
      if (token.endsWith(":getAgentPool") && typeof nodes === "number") return { count: nodes };
      const isFree = token.endsWith(":getStorageAccount");
      const error = token.endsWith(":getAgentPool") ? nodes : "ResourceNotFound";
      const details = `invocation of ${token} returned an error: ${error}`;
      if (isFree || token.endsWith(":getAgentPool") || there === "nothing")
        throw Object.assign(new Error(), { details });
      return token.endsWith(":getVirtualNetwork") ? there : {};
    },
  );
  const problems = (result?.problems ?? []).map(({ path, message }) => `${path}: ${message}`);
  return { found: result?.found, problems, asked: asked.sort() };
}

const existing = {
  resourceGroup: "caches",
  network: { vnet, subnet: "caches" },
  endpoint: {
    hostname: "cache.example.com",
    zone: "example.com",
    zoneResourceGroup: "dns",
    tls: { mode: "acme", email: "platform@example.com" },
  },
};

test("each thing that is named is asked for, and whether the storage account's name is free", async () => {
  const free = { storageAccount: accountName, liveNodes: undefined };
  assert.deepEqual(await lookedUp({}), { found: free, problems: [], asked: ["storage:getStorageAccount"] });
  assert.deepEqual(await lookedUp(existing), {
    found: free,
    problems: [],
    asked: [
      "dns:getZone",
      "network:getVirtualNetwork",
      "resources:getResourceGroup",
      "storage:getStorageAccount",
    ],
  });
});

test("the nodes of a cluster that is there are counted, and an update waits until Azure says how many", async () => {
  const region = { name: regionWithCluster };
  const nodesOf = async (said: number | string) => {
    const { found, problems } = await lookedUp(region, fitting, said);
    return [found && "liveNodes" in found ? found.liveNodes : "unknown", problems];
  };
  assert.deepEqual(await nodesOf(3), [3, []]);
  assert.deepEqual(await nodesOf("ResourceNotFound"), [undefined, []]);
  assert.deepEqual(await nodesOf("AuthorizationFailed"), [
    "unknown",
    [`replicas: the node pool of ${clusterName} can't be found: AuthorizationFailed`],
  ]);
});

test("all that isn't there is told at once, and nothing is made then", async () => {
  const { found, problems } = await lookedUp(existing, "nothing");
  assert.equal(found, undefined);
  assert.deepEqual(problems, [
    "endpoint.zone: the zone example.com in dns can't be found: ResourceNotFound",
    "network.vnet: hub can't be found: ResourceNotFound",
    "resourceGroup: caches can't be found: ResourceNotFound",
  ]);
});

test("a network must leave the addresses of Pods and Services free", async () => {
  const problemsOf = async (...ranges: string[]) =>
    (await lookedUp(existing, network(ranges, { addressPrefix: "10.20.1.0/26" }))).problems;
  assert.deepEqual(await problemsOf("10.0.0.0/8", "fd00::/8", "100.66.0.0/16"), []);
  assert.deepEqual(await problemsOf("10.0.0.0/8", "100.64.0.0/10"), [
    "network.vnet: has 100.64.0.0/10, which overlaps 100.64.0.0/16: that is what the cluster's own network has",
    "network.vnet: has 100.64.0.0/10, which overlaps 100.65.0.0/16: that is what the cluster's own network has",
  ]);
  assert.deepEqual(await problemsOf("100.65.3.0/24"), [
    "network.vnet: has 100.65.3.0/24, which overlaps 100.65.0.0/16: that is what the cluster's own network has",
  ]);
});

test("a subnet must have room for the nodes, of which an upgrade takes one more", async () => {
  const ranges = ["10.20.0.0/16"];
  const problemsOf = async (subnet: Readonly<Record<string, unknown>>, change: object = {}) =>
    (await lookedUp({ ...existing, ...change }, network(ranges, subnet))).problems;
  const tooSmall = (free: number, needed: number) => [
    `network.subnet: has room for ${free} nodes, and up to ${needed} are needed`,
  ];
  // Two replicas: three nodes, and one more.
  assert.deepEqual(await problemsOf({ addressPrefix: "10.20.1.0/29" }), tooSmall(3, 4));
  assert.deepEqual(await problemsOf({ addressPrefixes: ["10.20.1.0/29", "10.20.2.0/29"] }), []);
  const many = { replicas: { min: 2, max: 20 } };
  assert.deepEqual(await problemsOf({ addressPrefix: "10.20.1.0/28" }, many), tooSmall(11, 22));
  assert.deepEqual(await problemsOf({ addressPrefix: "10.20.1.0/27" }, many), []);
});
