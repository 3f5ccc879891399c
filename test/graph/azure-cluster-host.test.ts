/** Which resources a region on AKS is made of, and with what. It proves nothing about what Azure does with them: see test/engine. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { ClusterHost } from "../../components/hosts/azure/cluster/cluster-host.ts";
import { planAzureCluster } from "../../components/hosts/azure/cluster/plan.ts";
import { roles } from "../../components/hosts/azure/identity.ts";
import { type RegisteredResource, registeredBy, secret, settled } from "../support/graph.ts";
import { planRequest } from "../support/plan-request.ts";

const subscription = "11111111-1111-4111-8111-111111111111";
const groupId = (name: string) => `/subscriptions/${subscription}/resourceGroups/${name}`;
const ownGroup = "registry-cache-test-germanywestcentral";
const clientId = "33333333-3333-4333-8333-333333333333";
const storageAccount = "cache0123456789abcdef012";
const kubeconfig = "apiVersion: v1\nkind: Config\n";
const issuerURL = "https://germanywestcentral.oic.prod-aks.azure.com/tenant/cluster/";
const hub = `${groupId("hub")}/providers/Microsoft.Network/virtualNetworks/hub`;

const endpoint = { hostname: "cache.gwc.example.com", zone: "example.com", zoneResourceGroup: "dns" };
const region = {
  name: "germanywestcentral",
  topology: "cluster",
  version: "1.35",
  apiAccess: ["198.51.100.0/28"],
  storage: { kind: "bucket", expireDays: 30 },
  replicas: { min: 2, max: 5 },
  endpoint: { ...endpoint, tls: { mode: "acme", email: "platform@example.com" } },
  access: { clients: ["203.0.113.0/24"] },
};

/** What Azure would answer, as far as other resources need it. */
function azure(type: string, inputs: Record<string, unknown>): Record<string, unknown> {
  const id = (provider: string, name: unknown) =>
    `${groupId(String(inputs.resourceGroupName))}/providers/${provider}/${name}`;
  switch (type) {
    case "azure-native:resources:ResourceGroup":
      return { id: groupId(String(inputs.resourceGroupName)), name: inputs.resourceGroupName };
    case "azure-native:managedidentity:UserAssignedIdentity":
      return {
        id: id("Microsoft.ManagedIdentity/userAssignedIdentities", inputs.resourceName),
        name: inputs.resourceName,
        principalId: `principal of ${inputs.resourceName}`,
        clientId,
      };
    case "azure-native:network:PublicIPAddress":
      return { ipAddress: "192.0.2.7" };
    case "azure-native:network:VirtualNetwork":
      return { id: id("Microsoft.Network/virtualNetworks", inputs.virtualNetworkName) };
    case "azure-native:dns:Zone":
      return { id: id("Microsoft.Network/dnsZones", inputs.zoneName), nameServers: ["ns1.azure.test."] };
    case "azure-native:storage:StorageAccount":
      return { id: id("Microsoft.Storage/storageAccounts", inputs.accountName), name: inputs.accountName };
    case "azure-native:storage:BlobContainer":
      return { id: id("Microsoft.Storage/storageAccounts", `${inputs.accountName}/containers/registry`) };
    case "azure-native:containerservice:ManagedCluster":
      return {
        name: inputs.resourceName,
        id: id("Microsoft.ContainerService/managedClusters", inputs.resourceName),
        oidcIssuerProfile: { enabled: true, issuerURL },
      };
    case "pulumi-nodejs:dynamic/vm:PrivateAuthority":
      return { certificate: "CERTIFICATE\n", key: "AUTHORITY KEY\n" };
    case "kubernetes:core/v1:Service":
      return { status: { loadBalancer: { ingress: [{ ip: "192.0.2.7" }] } } };
    default:
      return {};
  }
}

/** What Azure is asked for while the resources are made. */
function credentials(token: string, inputs: Record<string, unknown>): Record<string, unknown> {
  assert.equal(token, "azure-native:containerservice:listManagedClusterUserCredentials");
  assert.match(String(inputs.resourceName), /^registry-cache-[a-z]+$/);
  return { kubeconfigs: [{ name: "clusterUser", value: Buffer.from(kubeconfig).toString("base64") }] };
}

interface Graph {
  readonly resources: readonly RegisteredResource[];
  readonly host: ClusterHost;
  /** The one resource of a type and, if need be, of a name. */
  find(type: string, name?: string): RegisteredResource;
}

async function graphOf(change: Record<string, unknown> = {}, liveNodes?: number): Promise<Graph> {
  const request = planRequest("azure cluster", {
    provider: "azure",
    regions: [{ ...region, ...change }],
    upstreams: [{ name: "gsoci", registry: "gsoci.azurecr.io", repositories: ["giantswarm/**"] }],
  });
  const { plan, problems } = planAzureCluster(request);
  assert.deepEqual(problems, []);
  let host: ClusterHost | undefined;
  const resources = await registeredBy(
    () => {
      const found = { storageAccount, liveNodes };
      host = new ClusterHost(plan.region.name, { plan, found, secrets: { credentials: {} } });
    },
    azure,
    credentials,
  );
  assert.ok(host);
  return {
    resources,
    host,
    find(type, name) {
      const found = resources.filter(
        (it) => it.type.endsWith(`:${type}`) && (name === undefined || it.name === name),
      );
      assert.equal(found.length, 1, `${found.length} of ${type} ${name ?? ""}`);
      return found[0] as RegisteredResource;
    },
  };
}

/** By name, what each identity may do where. */
function rightsIn({ resources }: Graph): Record<string, unknown> {
  return Object.fromEntries(
    resources
      .filter(({ type }) => type.endsWith(":RoleAssignment"))
      .map(({ name, inputs }) => [
        name,
        [inputs.principalId, String(inputs.roleDefinitionId).split("/").at(-1), inputs.scope],
      ]),
  );
}

describe("a region with everything", () => {
  let graph: Graph;
  before(async () => {
    graph = await graphOf();
  });

  test("is these resources in Azure, by these types and names for ever", () => {
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

  test("the cluster has its version, nodes for all replicas, and nothing that nothing needs", () => {
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

  test("what AKS doesn't change makes another cluster, after the old one", () => {
    const { replaceOnChanges, deleteBeforeReplace } = graph.find("ManagedCluster");
    assert.ok(deleteBeforeReplace);
    assert.deepEqual(replaceOnChanges, [
      "agentPoolProfiles[0].availabilityZones",
      "agentPoolProfiles[0].enableNodePublicIP",
      "agentPoolProfiles[0].maxPods",
      "agentPoolProfiles[0].osDiskSizeGB",
      "agentPoolProfiles[0].osDiskType",
      "agentPoolProfiles[0].osSKU",
      "agentPoolProfiles[0].vmSize",
      "agentPoolProfiles[0].vnetSubnetID",
    ]);
    const others = graph.resources.filter((it) => it.deleteBeforeReplace).map(({ type }) => type);
    assert.deepEqual(others, ["azure-native:containerservice:ManagedCluster"]);
  });

  test("the store has copies in all zones, unless it is there already: Azure converts none by an update", () => {
    const { inputs, ignoreChanges } = graph.find("StorageAccount");
    assert.deepEqual([inputs.sku, ignoreChanges], [{ name: "Standard_ZRS" }, ["sku"]]);
  });

  test("each identity has the rights of its work, and no secret", () => {
    const zone = "providers/Microsoft.Network/dnsZones/acme.cache.gwc.example.com";
    const container = `providers/Microsoft.Storage/storageAccounts/${storageAccount}/containers/registry`;
    assert.deepEqual(rightsIn(graph), {
      "germanywestcentral-network": [
        "principal of registry-cache-germanywestcentral-cluster",
        roles.networkContributor,
        groupId(ownGroup),
      ],
      "germanywestcentral-store": [
        "principal of registry-cache-germanywestcentral-identity",
        roles.storageBlobDataContributor,
        `${groupId(ownGroup)}/${container}`,
      ],
      "germanywestcentral-acme": [
        "principal of registry-cache-germanywestcentral-cert-manager",
        roles.dnsZoneContributor,
        `${groupId(ownGroup)}/${zone}`,
      ],
    });
    const trusts = graph.resources.filter(({ type }) => type.endsWith(":FederatedIdentityCredential"));
    assert.deepEqual(Object.fromEntries(trusts.map(({ inputs }) => [inputs.resourceName, inputs.subject])), {
      "registry-cache-germanywestcentral-identity": "system:serviceaccount:registry-cache:registry-cache",
      "registry-cache-germanywestcentral-cert-manager": "system:serviceaccount:cert-manager:cert-manager",
    });
    for (const { inputs } of trusts) {
      assert.equal(inputs.issuer, issuerURL);
      assert.deepEqual(inputs.audiences, ["api://AzureADTokenExchange"]);
    }
  });

  test("the Pods have the identity that the bucket knows", () => {
    const { inputs } = graph.find("ServiceAccount");
    assert.deepEqual((inputs.metadata as Record<string, unknown>).annotations, {
      "azure.workload.identity/client-id": clientId,
    });
    const { spec } = graph.find("Deployment").inputs as {
      spec: { template: { metadata: { labels: Record<string, string> }; spec: Record<string, unknown> } };
    };
    assert.equal(spec.template.metadata.labels["azure.workload.identity/use"], "true");
    assert.equal(spec.template.spec.serviceAccountName, "registry-cache");
  });

  test("the load balancer takes the stack's address, in all zones, and lets the clients in", () => {
    const { inputs, dependencies } = graph.find("Service");
    assert.deepEqual(dependencies, ["kubernetes:core/v1:Namespace germanywestcentral"]);
    const { metadata, spec } = inputs as Record<string, Record<string, unknown>>;
    assert.deepEqual(metadata?.annotations, {
      "service.beta.kubernetes.io/azure-load-balancer-resource-group": ownGroup,
      "service.beta.kubernetes.io/azure-pip-name": "registry-cache-germanywestcentral-address",
    });
    assert.deepEqual(spec?.loadBalancerSourceRanges, ["203.0.113.0/24"]);
    const address = graph.find("PublicIPAddress").inputs;
    assert.deepEqual([address.zones, address.sku], [["1", "2", "3"], { name: "Standard" }]);
    assert.equal(address.publicIpAddressName, "registry-cache-germanywestcentral-address");
    const namespace = graph.find("Namespace", "germanywestcentral");
    for (const needed of [
      "azure-native:network:PublicIPAddress germanywestcentral",
      "azure-native:managedidentity:FederatedIdentityCredential germanywestcentral",
      "azure-native:authorization:RoleAssignment germanywestcentral-store",
      "azure-native:storage:BlobContainer germanywestcentral",
      "azure-native:dns:RecordSet germanywestcentral-address",
      "kubernetes:cert-manager.io/v1:ClusterIssuer germanywestcentral-issuer",
    ]) {
      assert.ok(namespace.dependencies.includes(needed), needed);
    }
  });

  test("what is in the cluster is reached by its own credentials, which are a secret", () => {
    const { inputs, secrets } = graph.find("kubernetes");
    const id = `${groupId(ownGroup)}/providers/Microsoft.ContainerService/managedClusters/registry-cache-germanywestcentral`;
    assert.deepEqual(inputs, { kubeconfig: secret, clusterIdentifier: id });
    assert.equal(secrets.kubeconfig, kubeconfig);
  });

  test("cert-manager proves the name in the small zone, by the alias, with its own identity", () => {
    const { spec } = graph.find("ClusterIssuer").inputs as { spec: { acme: Record<string, unknown> } };
    assert.deepEqual(spec.acme.solvers, [
      {
        dns01: {
          cnameStrategy: "Follow",
          azureDNS: {
            environment: "AzurePublicCloud",
            hostedZoneName: "acme.cache.gwc.example.com",
            resourceGroupName: ownGroup,
            subscriptionID: subscription,
            managedIdentity: { clientID: clientId },
          },
        },
      },
    ]);
    const { values } = graph.find("Release").inputs as { values: Record<string, unknown> };
    assert.deepEqual(values.podLabels, { "azure.workload.identity/use": "true" });
    const challenge = graph.find("RecordSet", "germanywestcentral-acme-challenge").inputs;
    assert.deepEqual(challenge.cnameRecord, { cname: "challenge.acme.cache.gwc.example.com" });
    assert.equal(graph.find("Certificate").type, "kubernetes:cert-manager.io/v1:Certificate");
  });

  test("nodes are replaced at night, for patches on one day and for images on another", () => {
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

  test("its outputs are those of every host", async () => {
    const { address, ca, diskGiB } = graph.host;
    assert.deepEqual([await settled(address), await settled(ca)], ["192.0.2.7", undefined]);
    assert.ok(diskGiB > 0);
    // Nobody has to trust a public authority, so `ca` isn't there.
    assert.deepEqual(graph.resources[0]?.outputs, { address: "192.0.2.7", diskGiB });
  });
});

test("an existing network and group are used, with a right on that subnet alone besides", async () => {
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

test("a private authority takes no cert-manager, and without a zone there are no records", async () => {
  const { hostname } = endpoint;
  const graph = await graphOf({ endpoint: { hostname, tls: { mode: "private" } } });
  const types = graph.resources.map(({ type }) => type.split(":").at(-1));
  for (const type of ["RecordSet", "Zone", "Release", "ClusterIssuer", "Certificate"]) {
    assert.ok(!types.includes(type), type);
  }
  assert.equal(types.filter((type) => type === "FederatedIdentityCredential").length, 1);
  assert.equal((await settled(graph.host.ca))?.certificate, "CERTIFICATE\n");
});

test("redirects take the right to sign them", async () => {
  const graph = await graphOf({ storage: { kind: "bucket", delivery: "redirect" } });
  const [, role, scope] = rightsIn(graph)["germanywestcentral-store-redirect"] as string[];
  assert.equal(role, roles.storageBlobDelegator);
  assert.match(scope ?? "", new RegExp(`/storageAccounts/${storageAccount}$`));
});

test("an update names the nodes that there are, or the nearest number that the autoscaler may have", async () => {
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

test("a region without zones has none", async () => {
  const graph = await graphOf({ name: "westcentralus" });
  const [pool] = graph.find("ManagedCluster").inputs.agentPoolProfiles as Record<string, unknown>[];
  assert.deepEqual(
    [pool?.availabilityZones, graph.find("PublicIPAddress").inputs.zones],
    [undefined, undefined],
  );
  assert.deepEqual(graph.find("StorageAccount").inputs.sku, { name: "Standard_LRS" });
});
