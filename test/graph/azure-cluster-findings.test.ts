/** What Azure is asked before a region's cluster is created, and what is reported if something is missing. */
import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { findCluster } from "../../components/hosts/azure/cluster/findings.ts";
import { planAzureCluster } from "../../components/hosts/azure/cluster/plan.ts";
import { clusterNamesOf, storageAccountName } from "../../components/hosts/azure/naming.ts";
import { azureProvider } from "../../components/hosts/azure/place.ts";
import { lookUpIn } from "../../components/hosts/azure/question.ts";
import { nothingElse } from "../../components/hosts/azure/security-rules.ts";
import { existing as account, subscriptionId as subscription } from "../doubles/azure/account.ts";
import { registerEncryptionAtHost } from "../doubles/azure/features.ts";
import { limit, restrict } from "../doubles/azure/sizes.ts";
import { withholdZrs } from "../doubles/azure/storage.ts";
import { answerFetch } from "../support/azure-api.ts";
import { previousState } from "../support/previous-state.ts";
import { lookedUpBy, refused } from "./azure-looked-up.ts";

const vnet = `/subscriptions/${subscription}/resourceGroups/hub/providers/Microsoft.Network/virtualNetworks/hub`;
const accountName = storageAccountName(subscription, { stack: "test", region: "westeurope" });

type Network = Readonly<Record<string, unknown>>;

beforeEach(() => answerFetch());

/** A network as Azure describes it. */
function network(ranges: readonly string[], subnet: Readonly<Record<string, unknown>>): Network {
  return {
    location: "westeurope",
    addressSpace: { addressPrefixes: ranges },
    subnets: [{ name: "caches", ...subnet }],
  };
}

const fitting = network(["10.20.0.0/16"], { addressPrefix: "10.20.1.0/26" });

/** A range to which the subnet's route table has a route around the firewall. */
const around = "198.51.100.0/24";

/** The resources of another region, in the stack's own network. */
const { resourceGroup } = clusterNamesOf({ stack: "test", region: "uksouth" });
const ownGroup = `/subscriptions/${subscription}/resourceGroups/${resourceGroup}`;
const ownNetwork = `${ownGroup}/providers/Microsoft.Network/virtualNetworks/own`;

/** The region in which the stack already has a cluster. */
const regionWithCluster = "northeurope";
const clusterName = `registry-cache-${regionWithCluster}`;
const state = previousState({
  "azure-native:containerservice:ManagedCluster::uksouth": {
    id: `${ownGroup}/providers/Microsoft.ContainerService/managedClusters/registry-cache-uksouth`,
    name: "registry-cache-uksouth",
    networkProfile: { outboundType: "loadBalancer" },
    agentPoolProfiles: [
      {
        vmSize: "Standard_D4pls_v6",
        availabilityZones: ["3", "1", "2"],
        vnetSubnetID: `${ownNetwork}/subnets/nodes`.toUpperCase(),
      },
    ],
  },
  "kubernetes:core/v1:Namespace::uksouth-cert-manager": {},
  "azure-native:network:VirtualNetwork::uksouth": { id: ownNetwork },
  "azure-native:containerservice:ManagedCluster::northeurope": {
    name: clusterName,
    agentPoolProfiles: [{ vmSize: "Standard_D4pls_v6", availabilityZones: ["1", "2", "3"] }],
  },
  ...Object.fromEntries(
    Object.entries({ italynorth: "loadBalancer", polandcentral: "userAssignedNATGateway" }).map(
      ([region, outboundType]) => [
        `azure-native:containerservice:ManagedCluster::${region}`,
        {
          name: `registry-cache-${region}`,
          networkProfile: { outboundType },
          agentPoolProfiles: [
            {
              vmSize: "Standard_D4pls_v6",
              availabilityZones: ["1", "2", "3"],
              vnetSubnetID: `${vnet}/subnets/caches`,
            },
          ],
        },
      ],
    ),
  ),
  "azure-native:containerservice:ManagedCluster::francecentral": {
    name: "registry-cache-francecentral",
    agentPoolProfiles: [
      {
        vmSize: "Standard_D4pls_v6",
        availabilityZones: ["1", "2", "3"],
        enableEncryptionAtHost: true,
      },
    ],
  },
  "azure-native:containerservice:ManagedCluster::germanywestcentral": {
    name: "registry-cache-germanywestcentral",
    diskEncryptionSetID: account.encryptionSets.germanywestcentral?.toUpperCase(),
  },
  "kubernetes:core/v1:Namespace::polandcentral": {},
  "kubernetes:core/v1:Namespace::francecentral": {},
  "azure-native:storage:StorageAccount::northeurope": {
    name: storageAccountName(subscription, { stack: "test", region: regionWithCluster }),
    sku: { name: "Standard_LRS" },
  },
});

/**
 * @param there the network, or that nothing exists
 * @param nodes Azure's answer about the cluster's nodes: their number, or an error
 */
async function lookedUp(
  change: Record<string, unknown>,
  there: Network | "nothing" = fitting,
  nodes: number | string = 2,
  keys: Record<string, unknown> = {},
  provisioningState = "Succeeded",
) {
  const asked: string[] = [];
  const region = {
    topology: "cluster",
    apiAccess: ["198.51.100.0/28"],
    storage: { kind: "bucket" },
    ...change,
  };
  const answer = (token: string, inputs: Record<string, unknown>) => {
    asked.push(token);
    if (inputs.natGatewayName === "secret") throw refused(token, "AuthorizationFailed");
    if (token === "containerservice:getAgentPool") {
      if (typeof nodes === "string") throw refused(token, nodes);
      return { count: nodes, provisioningState };
    }
    const isNone = token === "storage:getStorageAccount" || token === "privatedns:getPrivateZone";
    if (isNone || there === "nothing") throw refused(token, "ResourceNotFound");
    const answers: Record<string, object> = {
      "dns:getZone": {
        id: `/subscriptions/${subscription}/resourceGroups/dns/providers/Microsoft.Network/dnsZones/example.com`,
      },
      "network:getVirtualNetwork": there,
      "network:getNatGateway": {
        publicIpAddresses: [{ id: `${vnet}/one` }],
        publicIpPrefixes: [{ id: `${vnet}/several` }],
      },
      "network:getPublicIPAddress": { ipAddress: "192.0.2.9" },
      "network:getPublicIPPrefix": { ipPrefix: "192.0.2.16/28" },
      "network:getRouteTable": {
        routes: [
          ...(inputs.routeTableName === "halves" ? ["0.0.0.0/1", "128.0.0.0/1"] : ["0.0.0.0/0"]).map(
            (addressPrefix) => ({ addressPrefix, nextHopType: "VirtualAppliance" }),
          ),
          { addressPrefix: around, nextHopType: "Internet" },
        ],
      },
      "network:getNetworkSecurityGroup": { securityRules: [nothingElse("Inbound")] },
    };
    return { ...answers[token] };
  };
  const told = await lookedUpBy("azure cluster", region, keys, { state, answer }, (request) =>
    lookUpIn(planAzureCluster(request).plan, { provider: azureProvider(request.region, {}) }, findCluster),
  );
  return { ...told, asked: asked.sort() };
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

test("asks for each named resource, and whether the storage account's name is free", async () => {
  const free = {
    storageAccount: accountName,
    storeSku: "Standard_ZRS",
    liveNodes: undefined,
    subnet: undefined,
    previousSubnet: undefined,
    zone: undefined,
  };
  assert.deepEqual(await lookedUp({}), {
    found: free,
    problems: [],
    warnings: [],
    asked: ["storage:getStorageAccount"],
  });
  assert.deepEqual(await lookedUp(existing), {
    found: {
      ...free,
      subnet: {
        networkRanges: ["10.20.0.0/16"],
        ranges: ["10.20.1.0/26"],
        hasNameServers: false,
        wayOut: "default",
        egress: [],
      },
      outboundType: "loadBalancer",
      zone: "public",
    },
    problems: [],
    warnings: [],
    asked: [
      "dns:getZone",
      "network:getVirtualNetwork",
      "resources:getResourceGroup",
      "storage:getStorageAccount",
    ],
  });
});

test("counts an existing cluster's nodes, and refuses an update until Azure tells their number", async () => {
  const region = { name: regionWithCluster };
  const nodesOf = async (said: number | string) => {
    const { found, problems } = await lookedUp(region, fitting, said);
    return [found ? found.liveNodes : "unknown", problems];
  };
  assert.deepEqual(await nodesOf(3), [3, []]);
  assert.deepEqual(await nodesOf("ResourceNotFound"), [undefined, []]);
  assert.deepEqual(await nodesOf("AuthorizationFailed"), [
    "unknown",
    [`replicas: the node pool of ${clusterName} can't be found: AuthorizationFailed`],
  ]);
});

test("warns while AKS works on the nodes, because it refuses changes of the cluster meanwhile", async () => {
  const saidIn = async (state: string) => {
    const { problems, warnings } = await lookedUp({ name: regionWithCluster }, fitting, 2, {}, state);
    assert.deepEqual(problems, []);
    return warnings.filter((it) => it.includes("OperationNotAllowed")).join();
  };
  assert.match(
    await saidIn("UpgradingNodeImageVersion"),
    /^northeurope: replicas: the state of the node pool of \S+ is UpgradingNodeImageVersion\. Until AKS is done, /,
  );
  for (const state of ["Succeeded", "Failed", "Canceled"]) assert.equal(await saidIn(state), "");
});

test("reports everything that is missing at once, and creates nothing then", async () => {
  const { found, problems } = await lookedUp(existing, "nothing");
  assert.equal(found, undefined);
  assert.deepEqual(problems, [
    "endpoint.zone: the zone example.com in dns can't be found: ResourceNotFound",
    "network.vnet: hub can't be found: ResourceNotFound",
    "resourceGroup: caches can't be found: ResourceNotFound",
  ]);
});

test("requires a network without the addresses of Pods and Services", async () => {
  const problemsOf = async (...ranges: string[]) =>
    (await lookedUp(existing, network(ranges, { addressPrefix: "10.20.1.0/26" }))).problems;
  assert.deepEqual(await problemsOf("10.0.0.0/8", "fd00::/8", "100.66.0.0/16"), []);
  assert.deepEqual(await problemsOf("10.0.0.0/8", "100.64.0.0/10"), [
    "network.vnet: has 100.64.0.0/10, which overlaps 100.64.0.0/16, a range of the cluster's own network: name another network",
    "network.vnet: has 100.64.0.0/10, which overlaps 100.65.0.0/16, a range of the cluster's own network: name another network",
  ]);
  assert.deepEqual(await problemsOf("100.65.3.0/24"), [
    "network.vnet: has 100.65.3.0/24, which overlaps 100.65.0.0/16, a range of the cluster's own network: name another network",
  ]);
});

test("requires the load balancer's own subnet to be in the network", async () => {
  const problemsOf = async (loadBalancerSubnet: string) => {
    const region = { ...existing, network: { ...existing.network, loadBalancerSubnet } };
    const subnets = [
      { name: "caches", addressPrefix: "10.20.1.0/26" },
      { name: "balancers", addressPrefix: "10.20.2.0/29" },
    ];
    return (await lookedUp(region, { ...fitting, subnets })).problems;
  };
  assert.deepEqual(await problemsOf("balancers"), []);
  assert.deepEqual(await problemsOf("balancer"), [
    "network.loadBalancerSubnet: hub has no balancer, only caches, balancers",
  ]);
});

test("requires a security group that lets in clients, Pods, nodes and the load balancer's probes", async () => {
  const networkSecurityGroup = { id: `${vnet.replace(/virtualNetworks.+/, "networkSecurityGroups")}/hub` };
  const subnet = { addressPrefix: "10.20.1.0/26", networkSecurityGroup };
  const { warnings } = await lookedUp(existing, network(["10.20.0.0/16"], subnet));
  const named = warnings.flatMap((it) => /lets in nothing from (\S+ at port \d+)/.exec(it)?.slice(1) ?? []);
  assert.deepEqual(named, [
    "203.0.113.0/24 at port 443",
    "100.64.0.0/16 at port 53",
    "10.20.1.0/26 at port 53",
    "AzureLoadBalancer at port 30000",
  ]);
});

test("requires space for the nodes in a subnet, and for one more during an upgrade", async () => {
  const ranges = ["10.20.0.0/16"];
  const problemsOf = async (subnet: Readonly<Record<string, unknown>>, change: object = {}) =>
    (await lookedUp({ ...existing, ...change }, network(ranges, subnet))).problems;
  const tooSmall = (free: number, needed: number) => [
    `network.subnet: has room for ${free} nodes, and up to ${needed} are needed: name a larger subnet`,
  ];
  // Two replicas need three nodes, and an upgrade one more.
  assert.deepEqual(await problemsOf({ addressPrefix: "10.20.1.0/29" }), tooSmall(3, 4));
  assert.deepEqual(await problemsOf({ addressPrefixes: ["10.20.1.0/29", "10.20.2.0/29"] }), []);
  const many = { replicas: { min: 2, max: 20 } };
  assert.deepEqual(await problemsOf({ addressPrefix: "10.20.1.0/28" }, many), tooSmall(11, 22));
  assert.deepEqual(await problemsOf({ addressPrefix: "10.20.1.0/27" }, many), []);
});

const noWay = "ask for a larger quota, https://learn.microsoft.com/azure/quotas/per-vm-quota-requests";

test("refuses a size that isn't available to the subscription at all or in a zone, and names those that are", async () => {
  answerFetch((cloud) => {
    restrict(cloud, "Standard_D4pls_v6", "westeurope", ["2", "3"]);
    restrict(cloud, "Standard_D4ps_v6", "westeurope");
  });
  const others = "set `nodes.type` to Standard_D4ps_v5 or Standard_D8pls_v6 or Standard_D8ps_v6";
  assert.deepEqual((await lookedUp({})).problems, [
    `nodes.zones: Standard_D4pls_v6 is available to the subscription only in zone 1 of westeurope, not in zones 2, 3: set \`nodes: { zones: ["1"] }\`, or ${others}`,
  ]);
  assert.deepEqual((await lookedUp({ nodes: { zones: ["1"] } })).problems, []);
  assert.deepEqual((await lookedUp({ nodes: { type: "Standard_D4ps_v6" } })).problems, [
    `nodes.type: Standard_D4ps_v6 isn't available to the subscription in westeurope (NotAvailableForSubscription): ${others}, or ask Azure for it, https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-sku-not-available`,
  ]);
  assert.match(
    (await lookedUp({ nodes: { type: "Standard_D4pls_v66" } })).problems.join(),
    /has no Standard_D4pls_v66: did you mean "Standard_D4pls_v6"\?$/,
  );
  assert.deepEqual((await lookedUp({ nodes: { type: "Standard_D2ps_v6" } })).problems, [
    "nodes.type: Standard_D2ps_v6 isn't for AKS: it takes sizes with at least four vCPUs, and none of series B",
  ]);
});

test("requires a quota for the nodes and one more, and warns if it is too small for the autoscaler's maximum", async () => {
  const family = "StandardDplsv6Family";
  const within = async (vCpus: number, change: Record<string, unknown> = {}) => {
    answerFetch((cloud) => limit(cloud, family, "westeurope", vCpus));
    const { problems, warnings } = await lookedUp(change);
    return [problems, warnings];
  };
  const leaves = (vCpus: number) =>
    `nodes.type: the quota ${family} vCPUs of westeurope leaves ${vCpus} of ${vCpus} vCPUs to this region`;
  const during = " (one of them during upgrades)";
  const upTo = (count: number) =>
    `westeurope: ${leaves(12)}, and ${count} of Standard_D4pls_v6 need ${4 * count}${during}: ${noWay}`;
  assert.deepEqual(await within(10), [
    [`${leaves(10)}, and 3 of Standard_D4pls_v6 need 12${during}: ${noWay}`],
    [],
  ]);
  assert.deepEqual(await within(12), [[], [upTo(4)]]);
  assert.deepEqual(await within(16), [[], []]);
  assert.deepEqual(await within(12, { replicas: { min: 2, max: 5 } }), [[], [upTo(7)]]);
  answerFetch((cloud) => limit(cloud, "cores", "westeurope", 11));
  assert.match(
    (await lookedUp({})).problems.join(),
    /^nodes\.type: the quota Total Regional vCPUs of westeurope leaves 11/,
  );
});

test("only warns about an existing cluster", async () => {
  answerFetch((cloud) => {
    restrict(cloud, "Standard_D4pls_v6", regionWithCluster);
    limit(cloud, "StandardDplsv6Family", regionWithCluster, 0);
  });
  const { problems, warnings } = await lookedUp({ name: regionWithCluster });
  assert.deepEqual(problems, []);
  const stay = "the existing nodes stay. AKS may not be able to add or replace nodes";
  const replaces = "Another size or other zones need another cluster";
  assert.equal(
    warnings[0],
    `northeurope: nodes.type: Standard_D4pls_v6 isn't available to the subscription in northeurope (NotAvailableForSubscription): ${stay}. ${replaces}`,
  );
  answerFetch((cloud) => restrict(cloud, "Standard_D4pls_v6", regionWithCluster, ["2", "3"]));
  const inZones = await lookedUp({ name: regionWithCluster });
  assert.equal(
    inZones.warnings[0],
    `northeurope: nodes.zones: Standard_D4pls_v6 is available to the subscription only in zone 1 of northeurope, not in zones 2, 3: ${stay} in zones 2, 3. ${replaces}`,
  );
  answerFetch((cloud) => limit(cloud, "StandardDplsv6Family", regionWithCluster, 0));
  const least = (min: number) => lookedUp({ name: regionWithCluster, replicas: { min } });
  assert.deepEqual((await least(2)).problems, []);
  assert.match(
    (await least(3)).problems.join(),
    /^nodes\.type: .* has a limit of 0 vCPUs, of which this region already uses 8, and 4 of Standard_D4pls_v6 need 16 /,
  );
});

test("continues without Azure's answer, and keeps an earlier version's storage account", async () => {
  mock.method(globalThis, "fetch", async () => Promise.reject(new Error("fetch failed")));
  const { problems, warnings } = await lookedUp({ name: regionWithCluster });
  assert.deepEqual(problems, []);
  assert.deepEqual(warnings.slice(0, 2), [
    "northeurope: nodes.type: can't check whether Standard_D4pls_v6 is available in northeurope: fetch failed",
    "northeurope: nodes.type: can't check the quota of vCPUs in northeurope: fetch failed",
  ]);
  assert.match(
    warnings[2] ?? "",
    /storage\.kind: .* is Standard_LRS, in one zone, and an update can't change that: `az storage account migration start .*`/,
  );
});

test("creates a storage account in one zone where the region has no zone-redundant storage, and asks only for a new one or a conversion", async () => {
  answerFetch((cloud) => {
    withholdZrs(cloud, "japanwest");
    withholdZrs(cloud, regionWithCluster);
  });
  const { found, problems, warnings } = await lookedUp({ name: "japanwest" });
  assert.deepEqual([found?.storeSku, problems], ["Standard_LRS", []]);
  assert.match(
    warnings.join(),
    /^japanwest: storage\.kind: japanwest has no zone-redundant storage \(Standard_ZRS\), so the storage account is in one zone/,
  );
  const there = await lookedUp({ name: regionWithCluster });
  assert.deepEqual([there.problems, there.warnings], [[], []]);
});

test("judges an unknown size by Azure's description", async () => {
  const workload = { nodes: 4000, pullsPerNodeGiB: 5, peakMinutes: 10 };
  const sku = {
    resourceType: "virtualMachines",
    name: "Standard_D4pls_v9",
    family: "standardDPLSv9Family",
    locationInfo: [{ location: "WestEurope", zones: ["1", "2", "3"] }],
    capabilities: [
      { name: "vCPUs", value: "4" },
      { name: "MemoryGB", value: "4" },
    ],
    restrictions: [],
  };
  mock.method(globalThis, "fetch", async (url: string) =>
    Response.json({ value: url.includes("/skus?") ? [sku] : [] }),
  );
  const nodes = { type: "Standard_D4pls_v9" };
  const { problems, warnings } = await lookedUp({ nodes }, fitting, 2, { workload });
  assert.match(
    warnings.join(),
    /nodes\.type: a node \(Standard_D4pls_v9\) has about 2,433 MiB of memory for a replica, /,
  );
  assert.match(
    problems.join(),
    /^replicas\.min: the workload's peak takes at least \d+ replicas: a node \(Standard_D4pls_v9\) has 2\.8 processors/,
  );
});

test("refuses a change that needs another cluster, and says how to make it, because the engine can't replace a cluster with its content", async () => {
  const told = async ({ governance = {}, ...change }: Record<string, unknown>) => {
    const region = { name: "uksouth", ...change };
    const there = { ...fitting, location: "uksouth" };
    return (await lookedUp(region, there, 2, { governance })).problems.join("\n");
  };
  assert.equal(await told({}), "");
  assert.equal(await told({ replicas: { min: 3 }, apiAccess: ["198.51.100.0/29"] }), "");
  const privately = { hostname: "cache.example.com", exposure: "private", tls: { mode: "private" } };
  const changes: Record<string, Record<string, unknown>> = {
    "`network`": { network: existing.network },
    "`endpoint.exposure`": { endpoint: privately, access: { clients: ["10.0.0.0/8"] } },
    "`nodes.type`": { nodes: { type: "Standard_D4ps_v6" } },
    "`nodes.zones`": { nodes: { zones: ["1", "2"] } },
    "`nodes.type`, `nodes.zones`": { nodes: { type: "Standard_D4ps_v6", zones: ["1"] } },
    "`governance.encryptionAtHost`": { governance: { encryptionAtHost: true } },
    "`resourceGroup`": { resourceGroup: "caches" },
  };
  for (const [keys, change] of Object.entries(changes)) {
    const said = await told(change);
    assert.ok(said.includes(`another value of ${keys} needs another cluster`), `${keys}: ${said}`);
    assert.ok(
      said.includes(
        "`pulumi destroy --target '**$kubernetes:**::uksouth' --target '**$kubernetes:**::uksouth-*' --target-dependents`",
      ),
      said,
    );
  }
});

test("refuses another encryption set than an existing cluster has, or none", async () => {
  const { germanywestcentral, westeurope } = account.encryptionSets;
  const told = async (name: string, governance: object) => {
    const { problems } = await lookedUp({ name }, fitting, 2, { governance });
    return problems.filter((it) => it.includes("an update can't")).join();
  };
  assert.equal(await told("germanywestcentral", { diskEncryptionSet: germanywestcentral }), "");
  assert.equal(await told("westeurope", { diskEncryptionSet: westeurope }), "");
  for (const governance of [{ diskEncryptionSet: westeurope }, {}])
    assert.match(
      await told("germanywestcentral", governance),
      /^governance\.diskEncryptionSet: the cluster of germanywestcentral has \S+DISKS-GERMANYWESTCENTRAL, and .* or destroy the region/,
    );
});

test("requires the subscription's feature for a new cluster with encryption at host", async () => {
  const keys = { governance: { encryptionAtHost: true } };
  const { problems } = await lookedUp({}, fitting, 2, keys);
  assert.match(
    problems.join(),
    /^governance\.encryptionAtHost: the state of the feature EncryptionAtHost in the subscription is NotRegistered: /,
  );
  answerFetch(registerEncryptionAtHost);
  assert.deepEqual((await lookedUp({}, fitting, 2, keys)).problems, []);
});

test("asks about a cluster that replaces another one what it asks about the first one", async () => {
  const governance = { encryptionAtHost: true };
  const told = async (region: object, keys: object = {}) =>
    (await lookedUp({ name: regionWithCluster, ...region }, fitting, 2, { ...keys })).problems;
  const feature =
    /^governance\.encryptionAtHost: the state of the feature EncryptionAtHost .* is NotRegistered: /;
  assert.match((await told({}, { governance })).join(), feature);
  // While there is something in the cluster, this is said together with how to delete it.
  const [replaced = "", unregistered = ""] = await told({ name: "uksouth" }, { governance });
  assert.match(replaced, /^governance\.encryptionAtHost: another value of /);
  assert.match(unregistered, feature);
  answerFetch((cloud) => {
    registerEncryptionAtHost(cloud);
    restrict(cloud, "Standard_D4pls_v6", regionWithCluster);
  });
  const unavailable = /^nodes\.type: Standard_D4pls_v6 isn't available .*: set `nodes\.type` to /;
  assert.deepEqual(await told({}), []);
  assert.match((await told({}, { governance })).join(), unavailable);
  assert.match((await told({ nodes: { zones: ["1", "2"] } })).join(), unavailable);
  answerFetch((cloud) => limit(cloud, "StandardDplsv6Family", regionWithCluster, 3));
  assert.deepEqual(await told({}), []);
  assert.match(
    (await told({ nodes: { zones: ["1", "2"] } })).join(),
    /^nodes\.type: the quota .*, and 3 of Standard_D4pls_v6 need 12 /,
  );
});

test("leaves alone a cluster that already has encryption at host", async () => {
  const governance = { encryptionAtHost: true };
  const { problems, warnings } = await lookedUp({ name: "francecentral" }, fitting, 2, { governance });
  assert.deepEqual([problems, warnings], [[], []]);
  assert.match(
    (await lookedUp({ name: "francecentral" })).problems.join(),
    /^governance\.encryptionAtHost: another value of /,
  );
});

test("requires a size that supports encryption at host, if that is required", async () => {
  answerFetch(registerEncryptionAtHost);
  const nodes = { type: "Standard_D4_v3" };
  assert.deepEqual((await lookedUp({ nodes })).problems, []);
  assert.deepEqual(
    (await lookedUp({ nodes }, fitting, 2, { governance: { encryptionAtHost: true } })).problems,
    [
      "nodes.type: Standard_D4_v3 doesn't support encryption at host, which `governance.encryptionAtHost` needs: set `nodes.type` to Standard_D4as_v6 or Standard_D4s_v5 or Standard_D4s_v6",
    ],
  );
});

test("requires the API to allow the NAT gateway's addresses, for a private or a public endpoint's nodes", async () => {
  const there = network(["10.20.0.0/16"], {
    addressPrefix: "10.20.1.0/26",
    natGateway: { id: `${vnet.replace(/virtualNetworks.+/, "natGateways")}/out` },
  });
  for (const exposure of ["private", "public"]) {
    const endpoint = { ...existing.endpoint, exposure, tls: { mode: "private" } };
    const said = await lookedUp({ network: existing.network, endpoint }, there);
    assert.deepEqual([said.problems, said.warnings], [[], []]);
    assert.deepEqual(said.found?.subnet, {
      networkRanges: ["10.20.0.0/16"],
      ranges: ["10.20.1.0/26"],
      hasNameServers: false,
      wayOut: "natGateway",
      egress: ["192.0.2.9/32", "192.0.2.16/28"],
    });
    assert.equal(said.found?.outboundType, "userAssignedNATGateway");
    assert.ok(said.asked.includes("network:getNatGateway"), said.asked.join());
  }
});

test("refuses a firewall's route for a public endpoint, and with routes around it for the clients needs its address in `apiAccess`", async () => {
  const routeTable = { id: `${vnet.replace(/virtualNetworks.+/, "routeTables")}/out` };
  const there = network(["10.20.0.0/16"], { addressPrefix: "10.20.1.0/26", routeTable });
  const { problems } = await lookedUp(existing, there);
  assert.match(
    problems.join(),
    /^network\.subnet: answers to 203\.0\.113\.0\/24 take its default route \(VirtualAppliance\)/,
  );
  const access = { clients: [around] };
  const said = await lookedUp({ ...existing, access }, there);
  assert.deepEqual(said.problems, []);
  assert.match(
    said.warnings.join(),
    /apiAccess: must have the public addresses by which the subnet's firewall/,
  );
  assert.equal(said.found?.outboundType, "loadBalancer");
});

test("takes missing rights for a warning if the public endpoint is already there", async () => {
  const natGateway = { id: `${vnet.replace(/virtualNetworks.+/, "natGateways")}/secret` };
  const there = {
    ...network(["10.20.0.0/16"], { addressPrefix: "10.20.1.0/26", natGateway }),
    location: "italynorth",
  };
  assert.match(
    (await lookedUp(existing, { ...there, location: "westeurope" })).problems.join(),
    /the NAT gateway secret can't be found/,
  );
  const { problems, warnings } = await lookedUp({ ...existing, name: "italynorth" }, there);
  assert.deepEqual(problems, []);
  assert.match(
    warnings.join(),
    /^italynorth: network\.subnet: the NAT gateway secret can't be found: AuthorizationFailed/,
  );
  // The API of this cluster accepts its nodes only by the gateway's addresses.
  const using = await lookedUp(
    { ...existing, name: "polandcentral" },
    { ...there, location: "polandcentral" },
  );
  assert.match(using.problems.join(), /^network\.subnet: the NAT gateway secret can't be found/);
});

test("doesn't take a network that can't be found for a change of the cluster's way out", async () => {
  const { problems } = await lookedUp({ ...existing, name: "polandcentral" }, "nothing");
  assert.match(problems.join(), /network\.vnet: hub can't be found/);
  assert.doesNotMatch(problems.join(), /needs another cluster/);
});

test("refuses default outbound access for such nodes, and can't check a firewall's or gateway's address", async () => {
  const endpoint = { ...existing.endpoint, exposure: "private", tls: { mode: "private" } };
  const privately = { network: existing.network, endpoint };
  const table = (name: string) => ({ id: `${vnet.replace(/virtualNetworks.+/, "routeTables")}/${name}` });
  const by = (routeTable: object) => network(["10.20.0.0/16"], { addressPrefix: "10.20.1.0/26", routeTable });
  for (const there of [fitting, by(table("halves"))])
    assert.match(
      (await lookedUp(privately, there)).problems.join(),
      /^network\.subnet: has no way out, and a private endpoint's nodes no public/,
    );
  const learned = { ...fitting, virtualNetworkPeerings: [{ useRemoteGateways: true }] };
  const unknown = /apiAccess: must have the public addresses by which the subnet's firewall/;
  for (const there of [by(table("out")), learned]) {
    const { problems, warnings } = await lookedUp(privately, there);
    assert.deepEqual(problems, []);
    assert.match(warnings.join(), unknown);
  }
  assert.doesNotMatch((await lookedUp(existing, learned)).warnings.join(), unknown);
  // Its nodes have reached the API.
  const there = { ...by(table("out")), location: "italynorth" };
  assert.doesNotMatch((await lookedUp({ ...existing, name: "italynorth" }, there)).warnings.join(), unknown);
});

test("refuses a private link in a subnet that AKS may not change, because it refers to something else", async () => {
  const endpoint = {
    ...existing.endpoint,
    exposure: "private",
    privateLink: { allowed: [subscription] },
    tls: { mode: "private" },
  };
  const linked = { ...existing, endpoint, access: { clients: ["10.0.0.0/8"] } };
  const subnet = { addressPrefix: "10.20.1.0/26" };
  const of = (type: string) => ({ id: `${vnet.replace(/virtualNetworks.+/, type)}/out` });
  const natGateway = of("natGateways");
  const problemsOf = async (own: object, peers: object = {}) =>
    (await lookedUp(linked, { ...network(["10.20.0.0/16"], { ...subnet, ...own }), ...peers })).problems;
  for (const own of [
    { natGateway },
    { routeTable: of("routeTables") },
    { networkSecurityGroup: of("networkSecurityGroups") },
  ])
    assert.match(
      (await problemsOf(own)).join("\n"),
      /^network\.subnet: allows no private link service: run `az network vnet subnet update /m,
    );
  assert.deepEqual(await problemsOf({ natGateway, privateLinkServiceNetworkPolicies: "Disabled" }), []);
  assert.deepEqual(await problemsOf({}, { virtualNetworkPeerings: [{ useRemoteGateways: true }] }), []);
});
