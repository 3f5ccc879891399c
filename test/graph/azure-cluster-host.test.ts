/** The resources of a region on AKS, and their inputs. test/engine tests what Azure does with them. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import type { OutboundType } from "../../components/hosts/azure/cluster/previous.ts";
import type { FoundSubnet } from "../../components/hosts/azure/found-subnet.ts";
import { roles } from "../../components/hosts/azure/roles.ts";
import { settled } from "../support/graph.ts";
import { endpoint, type Graph, graphOf, groupId, ownGroup, rightsIn } from "./azure-cluster-region.ts";

const hub = `${groupId("hub")}/providers/Microsoft.Network/virtualNetworks/hub`;

describe("a region with everything", () => {
  let graph: Graph;
  before(async () => {
    graph = await graphOf();
  });

  test("has these resources in Azure, whose types and names never change", () => {
    const [host, ...others] = graph.resources;
    assert.deepEqual([host?.type, host?.name], ["registry-cache:azure:ClusterHost", "germanywestcentral"]);
    const inAzure = others.filter(({ type }) => type.startsWith("azure-native:"));
    assert.deepEqual(inAzure.map(({ type, name }) => `${type} ${name}`.replace("azure-native:", "")).sort(), [
      "authorization:RoleAssignment germanywestcentral-acme",
      "authorization:RoleAssignment germanywestcentral-network",
      "authorization:RoleAssignment germanywestcentral-store",
      "containerservice:MaintenanceConfiguration germanywestcentral-node-images",
      "containerservice:MaintenanceConfiguration germanywestcentral-patches",
      "containerservice:ManagedCluster germanywestcentral",
      "dns:RecordSet germanywestcentral-acme-challenge",
      "dns:RecordSet germanywestcentral-acme-delegation",
      "dns:RecordSet germanywestcentral-address",
      "dns:Zone germanywestcentral",
      "managedidentity:FederatedIdentityCredential germanywestcentral",
      "managedidentity:FederatedIdentityCredential germanywestcentral-cert-manager",
      "managedidentity:UserAssignedIdentity germanywestcentral",
      "managedidentity:UserAssignedIdentity germanywestcentral-cert-manager",
      "managedidentity:UserAssignedIdentity germanywestcentral-cluster",
      "network:PublicIPAddress germanywestcentral",
      "network:VirtualNetwork germanywestcentral",
      "resources:ResourceGroup germanywestcentral",
      "storage:BlobContainer germanywestcentral",
      "storage:ManagementPolicy germanywestcentral",
      "storage:StorageAccount germanywestcentral",
    ]);
    for (const { parent } of inAzure) {
      assert.equal(parent, "registry-cache:azure:ClusterHost germanywestcentral");
    }
  });

  test("has a cluster with the version, nodes for all replicas, and nothing unnecessary", () => {
    const { inputs, ignoreChanges, dependencies } = graph.find("ManagedCluster");
    const { tags: _, identity, ...cluster } = inputs;
    assert.deepEqual(identity, {
      type: "UserAssigned",
      userAssignedIdentities: [
        `${groupId(ownGroup)}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/registry-cache-germanywestcentral-cluster`,
      ],
    });
    assert.deepEqual(cluster, {
      resourceGroupName: ownGroup,
      location: "germanywestcentral",
      resourceName: "registry-cache-germanywestcentral",
      dnsPrefix: "registry-cache-germanywestcentral",
      nodeResourceGroup: `${ownGroup}-nodes`,
      sku: { name: "Base", tier: "Standard" },
      kubernetesVersion: "1.35",
      enableRBAC: true,
      apiServerAccessProfile: { authorizedIPRanges: ["198.51.100.0/28"], disableRunCommand: true },
      oidcIssuerProfile: { enabled: true },
      securityProfile: { workloadIdentity: { enabled: true } },
      networkProfile: {
        networkPlugin: "azure",
        networkPluginMode: "overlay",
        networkDataplane: "cilium",
        networkPolicy: "cilium",
        loadBalancerSku: "standard",
        outboundType: "loadBalancer",
        podCidr: "100.64.0.0/16",
        serviceCidr: "100.65.0.0/16",
        dnsServiceIP: "100.65.0.10",
      },
      agentPoolProfiles: [
        {
          name: "nodes",
          mode: "System",
          type: "VirtualMachineScaleSets",
          vmSize: "Standard_D4pls_v6",
          osType: "Linux",
          osSKU: "AzureLinux",
          osDiskType: "Managed",
          osDiskSizeGB: 64,
          maxPods: 30,
          orchestratorVersion: "1.35",
          availabilityZones: ["1", "2", "3"],
          enableAutoScaling: true,
          count: 2,
          minCount: 2,
          maxCount: 6,
          enableNodePublicIP: false,
          vnetSubnetID: `${groupId(ownGroup)}/providers/Microsoft.Network/virtualNetworks/registry-cache-germanywestcentral-network/subnets/nodes`,
        },
      ],
      autoUpgradeProfile: { upgradeChannel: "patch", nodeOSUpgradeChannel: "NodeImage" },
      storageProfile: {
        diskCSIDriver: { enabled: false },
        fileCSIDriver: { enabled: false },
        snapshotController: { enabled: false },
      },
    });
    assert.deepEqual(ignoreChanges, []);
    assert.ok(dependencies.includes("azure-native:authorization:RoleAssignment germanywestcentral-network"));
  });

  test("replaces the cluster for properties that AKS can't change, after the old one is deleted", () => {
    const { replaceOnChanges, deleteBeforeReplace } = graph.find("ManagedCluster");
    assert.ok(deleteBeforeReplace);
    assert.deepEqual(replaceOnChanges, [
      "agentPoolProfiles[0].availabilityZones",
      "agentPoolProfiles[0].enableEncryptionAtHost",
      "agentPoolProfiles[0].enableNodePublicIP",
      "agentPoolProfiles[0].maxPods",
      "agentPoolProfiles[0].osDiskSizeGB",
      "agentPoolProfiles[0].osDiskType",
      "agentPoolProfiles[0].osSKU",
      "agentPoolProfiles[0].vmSize",
      "agentPoolProfiles[0].vnetSubnetID",
    ]);
    const others = graph.resources.filter((it) => it.deleteBeforeReplace).map(({ type }) => type);
    const ofName = /^azure-native:(?:dns:RecordSet|dns:Zone|authorization:RoleAssignment)$/;
    // The Service is replaced because it can't change its kind of load balancer.
    assert.deepEqual(
      others.filter((type) => !ofName.test(type)),
      ["azure-native:containerservice:ManagedCluster", "kubernetes:core/v1:Service"],
    );
    assert.equal(others.filter((type) => ofName.test(type)).length, 5);
  });

  test("stores copies in all zones, unless the account exists, because Azure converts none by an update", () => {
    const { inputs, ignoreChanges } = graph.find("StorageAccount");
    assert.deepEqual([inputs.sku, ignoreChanges], [{ name: "Standard_ZRS" }, ["sku"]]);
  });

  test("stores them in one zone if the region has no zone-redundant storage", async () => {
    const { inputs } = (await graphOf({}, 2, { storeSku: "Standard_LRS" })).find("StorageAccount");
    assert.deepEqual(inputs.sku, { name: "Standard_LRS" });
  });

  test("replaces nodes at night, on one day for patches and on another for images", () => {
    const windows = graph.resources.filter(({ type }) => type.endsWith(":MaintenanceConfiguration"));
    assert.deepEqual(
      windows.map(({ inputs }) => [inputs.configName, inputs.maintenanceWindow]),
      [
        ["aksManagedAutoUpgradeSchedule", window("Tuesday")],
        ["aksManagedNodeOSUpgradeSchedule", window("Wednesday")],
      ],
    );
    function window(dayOfWeek: string) {
      const schedule = { weekly: { dayOfWeek, intervalWeeks: 1 } };
      return { schedule, startTime: "02:00", utcOffset: "+00:00", durationHours: 4 };
    }
  });

  test("outputs what every host does", async () => {
    const { address, ca, diskGiB } = graph.host;
    assert.deepEqual([await settled(address), await settled(ca)], ["192.0.2.7", undefined]);
    assert.ok(diskGiB > 0);
    // There is no `ca`, because clients trust a public authority already.
    assert.deepEqual(graph.resources[0]?.outputs, { address: "192.0.2.7", diskGiB });
  });
});

test("uses an existing network and group, with a right only on that subnet", async () => {
  const graph = await graphOf({ resourceGroup: "caches", network: { vnet: hub, subnet: "caches" } });
  const types = graph.resources.map(({ type }) => type);
  for (const type of ["network:VirtualNetwork", "resources:ResourceGroup"]) {
    assert.ok(!types.includes(`azure-native:${type}`), type);
  }
  const [pool] = graph.find("ManagedCluster").inputs.agentPoolProfiles as Record<string, unknown>[];
  assert.equal(pool?.vnetSubnetID, `${hub}/subnets/caches`);
  const cluster = ["principal of registry-cache-germanywestcentral-cluster", roles.networkContributor];
  const { "germanywestcentral-network": network, "germanywestcentral-subnet": subnet } = rightsIn(graph);
  assert.deepEqual(network, [...cluster, groupId("caches")]);
  assert.deepEqual(subnet, [...cluster, `${hub}/subnets/caches`]);
  const { metadata } = graph.find("Service").inputs as { metadata: { annotations: Record<string, string> } };
  const group = metadata.annotations["service.beta.kubernetes.io/azure-load-balancer-resource-group"];
  assert.equal(group, "caches");
});

test("names the existing number of nodes in an update, or the number in the autoscaler's range that is nearest to it", async () => {
  for (const [live, count] of [
    [1, 2],
    [5, 5],
    [9, 6],
  ]) {
    const [pool] = (await graphOf({}, live)).find("ManagedCluster").inputs.agentPoolProfiles as {
      count: number;
    }[];
    assert.equal(pool?.count, count);
  }
});

test("has no zones in a region without zones", async () => {
  const graph = await graphOf({ name: "westcentralus" });
  const [pool] = graph.find("ManagedCluster").inputs.agentPoolProfiles as Record<string, unknown>[];
  assert.deepEqual(
    [pool?.availabilityZones, graph.find("PublicIPAddress").inputs.zones],
    [undefined, undefined],
  );
  assert.deepEqual(graph.find("StorageAccount").inputs.sku, { name: "Standard_LRS" });
});

function outboundOf(graph: Graph) {
  const { networkProfile, apiServerAccessProfile } = graph.find("ManagedCluster").inputs as {
    networkProfile: { outboundType: string };
    apiServerAccessProfile: { authorizedIPRanges: string[] };
  };
  return [networkProfile.outboundType, apiServerAccessProfile.authorizedIPRanges];
}

test("adds the addresses of an existing subnet's NAT gateway to those for the API, unless they are there", async () => {
  const subnet: FoundSubnet = {
    ...{ networkRanges: [], ranges: [], hasNameServers: false, wayOut: "natGateway" },
    egress: ["198.51.100.9/32", "192.0.2.9/32"],
  };
  const outboundType = "userAssignedNATGateway";
  const graph = await graphOf({ network: { vnet: hub, subnet: "caches" } }, 2, { subnet, outboundType });
  assert.deepEqual(outboundOf(graph), [outboundType, ["198.51.100.0/28", "192.0.2.9/32"]]);
  assert.equal(graph.find("PublicIPAddress").name, "germanywestcentral");
});

describe("a private endpoint", () => {
  const privately = { endpoint: { ...endpoint, exposure: "private", tls: { mode: "private" } } };
  const prefix = "service.beta.kubernetes.io/azure-";
  const annotationsOf = (graph: Graph) =>
    Object.fromEntries(
      Object.entries(
        (graph.find("Service").inputs as { metadata: { annotations: Record<string, string> } }).metadata
          .annotations,
      ).flatMap(([key, value]) => (key.startsWith(prefix) ? [[key.slice(prefix.length), value]] : [])),
    );
  const addresses = ({ resources }: Graph) =>
    resources.filter(({ type }) => type.endsWith(":PublicIPAddress")).map(({ name }) => name);

  test("has an internal load balancer in its own network, and a NAT gateway that the API allows", async () => {
    const graph = await graphOf(privately);
    assert.deepEqual(addresses(graph), ["germanywestcentral-outbound"]);
    assert.deepEqual(outboundOf(graph), ["userAssignedNATGateway", ["198.51.100.0/28", "192.0.2.7/32"]]);
    assert.deepEqual(annotationsOf(graph), {
      "load-balancer-internal": "true",
      "load-balancer-internal-subnet": "nodes",
      "deny-all-except-load-balancer-source-ranges": "true",
    });
    const [subnet] = graph.find("VirtualNetwork").inputs.subnets as Record<string, unknown>[];
    assert.deepEqual(
      [subnet?.natGateway, subnet?.serviceEndpoints, subnet?.defaultOutboundAccess],
      [{ id: "germanywestcentral-outbound-id" }, [{ service: "Microsoft.Storage" }], false],
    );
    assert.equal(graph.find("NatGateway").inputs.zones, undefined);
    // The address comes from the Service's status.
    assert.equal(await settled(graph.host.address), "192.0.2.7");
    assert.deepEqual(graph.find("RecordSet").inputs.aRecords, [{ ipv4Address: "192.0.2.7" }]);
  });

  test("lets cert-manager prove a name in a private zone by a public one", async () => {
    const tls = { mode: "acme", email: "platform@example.com", challengeZone: "example.com" };
    const proved = { ...privately.endpoint, tls: { ...tls, challengeZoneResourceGroup: "public" } };
    const graph = await graphOf({ endpoint: proved }, undefined, { zone: "private" });
    const { values } = graph.find("Release").inputs as { values: Record<string, unknown> };
    assert.equal(values.dns01RecursiveNameservers, "https://1.1.1.1/dns-query");
    assert.equal(
      graph.find("PrivateRecordSet", "germanywestcentral-address").inputs.privateZoneName,
      "example.com",
    );
    const { values: other } = (await graphOf()).find("Release").inputs as { values: Record<string, unknown> };
    assert.equal(other.dns01RecursiveNameservers, undefined);
  });

  test("has AKS's private link service for other subscriptions, in the stack's group", async () => {
    const allowed = ["22222222-2222-4222-8222-222222222222", "33333333-3333-4333-8333-333333333333"];
    const access = { clients: ["192.168.0.0/16"] };
    const graph = await graphOf({ access, endpoint: { ...privately.endpoint, privateLink: { allowed } } });
    const name = "registry-cache-germanywestcentral-private-link";
    assert.deepEqual(annotationsOf(graph), {
      "load-balancer-internal": "true",
      "load-balancer-internal-subnet": "nodes",
      "deny-all-except-load-balancer-source-ranges": "true",
      "pls-create": "true",
      "pls-name": name,
      "pls-resource-group": ownGroup,
      "pls-ip-configuration-subnet": "private-link",
      "pls-visibility": allowed.join(" "),
      "pls-auto-approval": allowed.join(" "),
    });
    const { spec } = graph.find("Service").inputs as { spec: { loadBalancerSourceRanges: string[] } };
    assert.deepEqual(spec.loadBalancerSourceRanges, ["192.168.0.0/16", "10.255.253.0/28"]);
    assert.equal(
      graph.host.privateLink && (await settled(graph.host.privateLink)),
      `${groupId(ownGroup)}/providers/Microsoft.Network/privateLinkServices/${name}`,
    );
  });

  test("uses the outbound type of an existing subnet", async () => {
    const network = { vnet: hub, subnet: "caches" };
    const found = (outboundType: OutboundType, egress: string[] = []) =>
      graphOf({ ...privately, network }, 2, {
        subnet: { networkRanges: [], ranges: [], hasNameServers: false, wayOut: "natGateway", egress },
        outboundType,
      });
    const ranges = ["198.51.100.0/28"];
    assert.deepEqual(outboundOf(await found("userAssignedNATGateway", ["192.0.2.9/32"])), [
      "userAssignedNATGateway",
      [...ranges, "192.0.2.9/32"],
    ]);
    assert.deepEqual(outboundOf(await found("none")), ["none", ranges]);
    const graph = await found("userDefinedRouting");
    assert.deepEqual(outboundOf(graph), ["userDefinedRouting", ranges]);
    assert.equal(annotationsOf(graph)["load-balancer-internal-subnet"], "caches");
    assert.deepEqual(addresses(graph), []);
  });

  test("uses another existing subnet than the nodes' with a right on it, and keeps a private link's clients in the nodes' subnet", async () => {
    const allowed = ["22222222-2222-4222-8222-222222222222"];
    const endpoint = { ...privately.endpoint, privateLink: { allowed } };
    const network = { vnet: hub, subnet: "caches", loadBalancerSubnet: "balancers" };
    const found = { networkRanges: [], ranges: [], hasNameServers: false, wayOut: "learned" } as const;
    const graph = await graphOf({ endpoint, network }, 2, { subnet: found, outboundType: "none" });
    const annotations = annotationsOf(graph);
    assert.equal(annotations["load-balancer-internal-subnet"], "balancers");
    assert.equal(annotations["pls-ip-configuration-subnet"], "caches");
    const [pool] = graph.find("ManagedCluster").inputs.agentPoolProfiles as { vnetSubnetID?: string }[];
    assert.equal(pool?.vnetSubnetID, `${hub}/subnets/caches`);
    const scopes = Object.values(rightsIn(graph)).flat();
    for (const name of ["caches", "balancers"]) assert.ok(scopes.includes(`${hub}/subnets/${name}`), name);
    // Another address needs another load balancer.
    const { replaceOnChanges } = graph.find("Service");
    assert.ok(replaceOnChanges.includes(`metadata.annotations["${prefix}load-balancer-internal-subnet"]`));
  });
});
