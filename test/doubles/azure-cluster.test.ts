/** That the double refuses what AKS does. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { existing, subscriptionId } from "./azure/account.ts";
import { accessTo } from "./azure/aks.ts";
import { azureCloud } from "./azure/azure.ts";
import { clusterSurroundings } from "./azure/cluster-surroundings.ts";
import { autoscale } from "./azure/node-pools.ts";
import { limit, restrict } from "./azure/sizes.ts";
import { CloudError, type Thing } from "./cloud.ts";
import { type Made, testRefusals } from "./refusals.ts";
import type { Inputs } from "./values.ts";

const place = { resourceGroupName: "cache", location: "westeurope" };
const role = (id: string) =>
  `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${id}`;
const pool = {
  name: "nodes",
  mode: "System",
  type: "VirtualMachineScaleSets",
  vmSize: "Standard_D4pls_v6",
  osType: "Linux",
  osDiskSizeGB: 64,
  maxPods: 30,
  orchestratorVersion: "1.36",
  enableAutoScaling: true,
  count: 2,
  minCount: 2,
  maxCount: 3,
  vnetSubnetID: "",
};
const network = {
  networkPlugin: "azure",
  networkPluginMode: "overlay",
  networkDataplane: "cilium",
  networkPolicy: "cilium",
  podCidr: "100.64.0.0/16",
  serviceCidr: "100.65.0.0/16",
  dnsServiceIP: "100.65.0.10",
};
const serviceAccount = { namespace: "registry-cache", serviceAccountName: "registry-cache" };

function make(): Made {
  const cloud = azureCloud();
  const things: Record<string, Thing> = {};
  const add = (name: string, type: string, inputs: Inputs) => {
    assert.deepEqual(cloud.check(`azure-native:${type}`, inputs, ""), []);
    things[name] = cloud.create(`azure-native:${type}`, name, inputs, "");
    return things[name];
  };
  const group = add("group", "resources:ResourceGroup", {
    resourceGroupName: "cache",
    location: "westeurope",
  });
  const virtualNetwork = add("network", "network:VirtualNetwork", {
    ...place,
    virtualNetworkName: "cache",
    addressSpace: { addressPrefixes: ["10.1.0.0/24"] },
    subnets: [{ name: "nodes", addressPrefix: "10.1.0.0/24" }],
  });
  add("address", "network:PublicIPAddress", {
    ...place,
    publicIpAddressName: "cache",
    sku: { name: "Standard" },
    publicIPAllocationMethod: "Static",
    zones: ["1", "2", "3"],
  });
  const identity = add("identity", "managedidentity:UserAssignedIdentity", {
    ...place,
    resourceName: "cluster",
  });
  add("right", "authorization:RoleAssignment", {
    roleAssignmentName: "0e37df36-f698-4f2c-8a6f-3d1c5b7a9e02",
    scope: group.id,
    principalId: identity.outputs.principalId,
    principalType: "ServicePrincipal",
    roleDefinitionId: role("4d97b98b-1d4f-4787-a291-c67834d212e7"),
  });
  const cluster = add("cluster", "containerservice:ManagedCluster", {
    ...place,
    resourceName: "cache",
    dnsPrefix: "cache",
    nodeResourceGroup: "cache-nodes",
    kubernetesVersion: "1.36",
    sku: { name: "Base", tier: "Standard" },
    identity: { type: "UserAssigned", userAssignedIdentities: [identity.id] },
    apiServerAccessProfile: { authorizedIPRanges: ["198.51.100.0/28"] },
    oidcIssuerProfile: { enabled: true },
    securityProfile: { workloadIdentity: { enabled: true } },
    networkProfile: network,
    agentPoolProfiles: [{ ...pool, vnetSubnetID: `${virtualNetwork.id}/subnets/nodes` }],
  });
  add("window", "containerservice:MaintenanceConfiguration", {
    resourceGroupName: "cache",
    resourceName: "cache",
    configName: "default",
    maintenanceWindow: {
      durationHours: 4,
      startTime: "02:00",
      schedule: { weekly: { dayOfWeek: "Monday", intervalWeeks: 1 } },
    },
  });
  add("trust", "managedidentity:FederatedIdentityCredential", {
    resourceGroupName: "cache",
    resourceName: "cluster",
    federatedIdentityCredentialResourceName: "cluster",
    issuer: (cluster.outputs.oidcIssuerProfile as { issuerURL: string }).issuerURL,
    subject: "system:serviceaccount:registry-cache:registry-cache",
    audiences: ["api://AzureADTokenExchange"],
  });
  return { cloud, things };
}

const another = { resourceName: "b", dnsPrefix: "b", nodeResourceGroup: "b" };
const made = make();
const ownPool = ((made.things.cluster as Thing).inputs.agentPoolProfiles as Inputs[])[0] as Inputs;
const window = (made.things.window as Thing).inputs.maintenanceWindow as Inputs;

/** Another cluster, with a pool that differs in something. */
const withPool = (change: Inputs) => ({ ...another, agentPoolProfiles: [{ ...ownPool, ...change }] });
const withNetwork = (change: Inputs) => ({ ...another, networkProfile: { ...network, ...change } });

testRefusals(make, {
  "a version that isn't supported": {
    of: "cluster",
    with: { ...another, kubernetesVersion: "1.30" },
    says: /K8sVersionNotSupported/,
  },
  "a pool of another version": {
    of: "cluster",
    with: withPool({ orchestratorVersion: "1.35" }),
    says: /NotAllAgentPoolOrchestratorVersionSpecifiedAndUnchanged/,
  },
  "a node group with a name that is too long": {
    of: "cluster",
    with: { ...another, nodeResourceGroup: "n".repeat(81) },
    says: /nodeResourceGroup/,
  },
  "two processors for a system pool": {
    of: "cluster",
    with: withPool({ vmSize: "Standard_D2ps_v6" }),
    says: /Standard_D2ps_v6 is not for system pools/,
  },
  "a burstable size for a system pool": {
    of: "cluster",
    with: withPool({ vmSize: "Standard_B4ps_v2" }),
    says: /Standard_B4ps_v2 is not for system pools/,
  },
  "one node": { of: "cluster", with: withPool({ count: 1, minCount: 1 }), says: /two nodes at least/ },
  "more nodes than there can be": {
    of: "cluster",
    with: withPool({ maxCount: 1 }),
    says: /count 2, 2, 1/,
  },
  "a small disk": { of: "cluster", with: withPool({ osDiskSizeGB: 20 }), says: /osDiskSizeGB 20/ },
  "no pool for the system": { of: "cluster", with: withPool({ mode: "User" }), says: /one system pool/ },
  "a subnet that there isn't": {
    of: "cluster",
    with: withPool({ vnetSubnetID: `${existing.virtualNetwork}/subnets/none` }),
    says: /InvalidResourceReference/,
  },
  "a subnet without a right to it": {
    of: "cluster",
    with: withPool({ vnetSubnetID: `${existing.virtualNetwork}/subnets/${existing.subnet}` }),
    says: /LinkedAuthorizationFailed/,
  },
  "workload identity without an issuer": {
    of: "cluster",
    with: { ...another, oidcIssuerProfile: { enabled: false } },
    says: /workload identity needs the OIDC issuer/,
  },
  "IPv6 for the API": {
    of: "cluster",
    with: { ...another, apiServerAccessProfile: { authorizedIPRanges: ["2001:db8::/32"] } },
    says: /ranges 2001:db8::\/32/,
  },
  "Services among the Pods": {
    of: "cluster",
    with: withNetwork({ serviceCidr: "100.64.1.0/24", dnsServiceIP: "100.64.1.10" }),
    says: /overlap/,
  },
  "a DNS server that isn't among the Services": {
    of: "cluster",
    with: withNetwork({ dnsServiceIP: "10.0.0.10" }),
    says: /dnsServiceIP 10\.0\.0\.10/,
  },
  "Cilium with other policies": {
    of: "cluster",
    with: withNetwork({ networkPolicy: "calico" }),
    says: /the policy cilium/,
  },
  "a short window": {
    of: "window",
    with: { configName: "aksManagedAutoUpgradeSchedule", maintenanceWindow: { ...window, durationHours: 3 } },
    says: /durationHours 3/,
  },
  "a window for what there isn't": { of: "window", with: { configName: "mine" }, says: /configuration mine/ },
  "a second trust in the same": {
    of: "trust",
    with: { federatedIdentityCredentialResourceName: "again" },
    says: /FederatedIdentityCredentialExists/,
  },
  "a trust in nobody": {
    of: "trust",
    with: { federatedIdentityCredentialResourceName: "other", subject: "registry-cache" },
    says: /subject registry-cache/,
  },
});

test("a cluster goes up by one minor version, and its nodes stay what they are", () => {
  const { cloud, things } = make();
  const { type, id, inputs } = things.cluster as Thing;
  const at = (version: string, change: Inputs = {}) => ({
    ...inputs,
    kubernetesVersion: version,
    agentPoolProfiles: [{ ...ownPool, orchestratorVersion: version, ...change }],
  });
  cloud.keep({ ...(things.cluster as Thing), inputs: at("1.34") });
  assert.throws(() => cloud.update(type, id, at("1.36"), ""), /OperationNotAllowed/);
  cloud.update(type, id, at("1.35"), "");
  assert.throws(() => cloud.update(type, id, at("1.34"), ""), /OperationNotAllowed/);
  const larger = at("1.35", { vmSize: "Standard_D8pls_v6" });
  const vmSize = [["agentPoolProfiles[0].vmSize", { replaces: false }]];
  assert.deepEqual([...cloud.diff(type, at("1.35"), larger)], vmSize);
  assert.throws(() => cloud.update(type, id, larger, ""), /PropertyChangeNotAllowed/);
});

test("an update names the nodes that the pool has, or the nearest number that the autoscaler may have", () => {
  const { cloud, things } = make();
  const cluster = things.cluster as Thing;
  const update = (count: number | undefined, minCount: number, maxCount: number) =>
    cloud.update(
      cluster.type,
      cluster.id,
      { ...cluster.inputs, agentPoolProfiles: [{ ...ownPool, count, minCount, maxCount }] },
      "",
    );
  autoscale(cloud, cluster, 4);
  assert.throws(() => update(4, 5, 6), /InvalidParameter: count 5, 4, 6/);
  assert.throws(() => update(4, 2, 3), /InvalidParameter: count 2, 4, 3/);
  assert.throws(() => update(2, 2, 5), /Cannot manually scale AgentPool nodes, which has 4 nodes, to 2/);
  assert.throws(() => update(undefined, 2, 5), /InvalidParameter/);
  update(4, 2, 5);
  update(5, 5, 6);
  update(4, 2, 4);
});

test("nodes are refused that the subscription doesn't get, and those above its quota", () => {
  const { cloud, things } = make();
  const { type, id, inputs } = things.cluster as Thing;
  const again = (change: Inputs) => cloud.create(type, "again", { ...inputs, ...withPool(change) }, "");
  restrict(cloud, "Standard_D4ps_v6", "westeurope", ["3"]);
  const other = { vmSize: "Standard_D4ps_v6" };
  assert.throws(() => again({ ...other, availabilityZones: ["2", "3"] }), /SkuNotAvailable: .* zones '2,3'/);
  again({ ...other, availabilityZones: ["1", "2"] });
  // Two nodes of each size.
  limit(cloud, "cores", "westeurope", 20);
  const grown = (count: number) =>
    cloud.update(
      type,
      id,
      { ...inputs, agentPoolProfiles: [{ ...ownPool, count, minCount: count, maxCount: count }] },
      "",
    );
  assert.throws(() => grown(4), /InsufficientVCPUQuota: .* requested 16, remaining 12 for family cores/);
  grown(3);
});

test("what a cluster needs isn't deleted before it, and what is its own goes with it", () => {
  const { cloud, things } = make();
  for (const name of ["group", "network", "identity"]) {
    const { type, id } = things[name] as Thing;
    assert.throws(() => cloud.delete(type, id, ""), /ResourceInUse/, name);
  }
  const { type, id } = things.cluster as Thing;
  cloud.delete(type, id, "");
  const { type: windows, id: windowId } = things.window as Thing;
  assert.equal(cloud.find(windows, windowId, ""), undefined);
});

test("the API's address and authority are in the credentials", () => {
  const { cloud, things } = make();
  const ask = (resourceName: string) =>
    cloud.invoke(
      "azure-native:containerservice:listManagedClusterUserCredentials",
      { resourceGroupName: "cache", resourceName },
      "",
    ) as { kubeconfigs: { value: string }[] };
  const kubeconfig = Buffer.from(ask("cache").kubeconfigs[0]?.value ?? "", "base64").toString();
  const { endpoint, ca } = accessTo(things.cluster as Thing);
  assert.match(endpoint, /^https:\/\/cache-[0-9a-f]{8}\.hcp\.westeurope\.azmk8s\.io:443$/);
  for (const part of [endpoint, ca]) assert.ok(kubeconfig.includes(part), part);
  assert.throws(() => ask("other"), CloudError);
});

test("a Service gets the address that it names, where the cluster may look for it; Pods get the identity that trusts them", () => {
  const { cloud, things } = make();
  const surroundings = clusterSurroundings(cloud);
  const { endpoint } = accessTo(things.cluster as Thing);
  const { id } = surroundings.cluster(endpoint) ?? assert.fail("no cluster");
  const service = (group: string, name: string) => ({
    metadata: {
      name: "registry-cache",
      annotations: {
        "service.beta.kubernetes.io/azure-load-balancer-resource-group": group,
        "service.beta.kubernetes.io/azure-pip-name": name,
      },
    },
    spec: { ports: [{ port: 443 }] },
  });
  assert.throws(() => surroundings.openLoadBalancer(id, service("dns", "cache")), /AuthorizationFailed/);
  assert.throws(() => surroundings.openLoadBalancer(id, service("cache", "other")), /SyncLoadBalancerFailed/);
  const opened = surroundings.openLoadBalancer(id, service("cache", "cache"));
  assert.deepEqual(opened.ingress, { ip: (things.address as Thing).outputs.ipAddress });
  assert.throws(() => surroundings.openLoadBalancer(id, service("cache", "cache")), /PublicIPAddressInUse/);
  const { type, id: addressId } = things.address as Thing;
  assert.throws(() => cloud.delete(type, addressId, ""), /ResourceInUse/);
  surroundings.closeLoadBalancer(id, opened.id);
  cloud.delete(type, addressId, "");

  surroundings.admitPods(id, serviceAccount.namespace, serviceAccount);
  assert.throws(
    () => surroundings.admitPods(id, "other", serviceAccount),
    /AADSTS700213: .*system:serviceaccount:other:registry-cache/,
  );
});
