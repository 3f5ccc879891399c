/** The double must refuse what AKS refuses. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { existing, groupId, subnetsOf, types } from "./azure/account.ts";
import { accessTo } from "./azure/aks.ts";
import { clusterSurroundings } from "./azure/cluster-surroundings.ts";
import { startUpgrade } from "./azure/node-pools.ts";
import { another, make, network, window, withPool } from "./azure-cluster-things.ts";
import { everywhere, type Thing } from "./cloud.ts";
import { CloudError } from "./faults.ts";
import { testRefusals } from "./refusals.ts";
import { type Inputs, valueAt } from "./values.ts";

const serviceAccount = { namespace: "registry-cache", serviceAccountName: "registry-cache" };

const withNetwork = (change: Inputs) => ({ ...another, networkProfile: { ...network, ...change } });

testRefusals(make, {
  "encryption at host without the subscription's feature": {
    of: "cluster",
    with: withPool({ enableEncryptionAtHost: true }),
    says: /'Microsoft\.Compute\/EncryptionAtHost' feature is not enabled/,
  },
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
  "a NAT gateway that the subnet hasn't": {
    of: "cluster",
    with: withNetwork({ outboundType: "userAssignedNATGateway" }),
    says: /ExistingRouteTableNotAssociatedWithSubnet: userAssignedNATGateway/,
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

test("refuses to delete what a cluster needs before the cluster, and deletes the cluster's own resources with it", () => {
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

test("refuses nodes that can't reach the API by their subnet's firewall or NAT gateway, whatever the outbound type", () => {
  const { cloud, things } = make();
  const { type, inputs } = things.cluster as Thing;
  const put = (type: string, id: string, inputs: Inputs, outputs: Inputs) =>
    cloud.keep({ type, id, scope: everywhere, inputs, outputs }).id;
  const address = put(types.publicAddress, "address", {}, { ipAddress: "192.0.2.9" });
  const natGateway = put(types.natGateway, "gateway", { publicIpAddresses: [{ id: address }] }, {});
  const routeTable = put(types.routeTable, "table", {}, { firewallAddress: "192.0.2.77" });
  const create = (subnet: Inputs, ...egress: string[]) => {
    const found = things.network as Thing;
    const subnets = subnetsOf(found).map((it) => ({ ...it, ...subnet }));
    cloud.keep({ ...found, inputs: { ...found.inputs, subnets } });
    const authorizedIPRanges = ["198.51.100.0/28", ...egress];
    cloud.create(type, "b", { ...inputs, ...another, apiServerAccessProfile: { authorizedIPRanges } }, "");
  };
  const gateway = { natGateway: { id: natGateway } };
  assert.throws(() => create(gateway), /K8SAPIServerConnFail: 192\.0\.2\.9\/32 may not reach the API/);
  const both = { ...gateway, routeTable: { id: routeTable } };
  assert.throws(() => create(both, "192.0.2.9/32"), /192\.0\.2\.77\/32 may not reach the API/);
  create(both, "192.0.2.77/32");
});

test("refuses a private link in a subnet with policies, if the cluster may not join what the subnet refers to", () => {
  const { cloud, things } = make();
  const surroundings = clusterSurroundings(cloud);
  const { id } = things.cluster as Thing;
  const annotations = Object.entries({
    "load-balancer-internal": "true",
    "pls-create": "true",
    "pls-name": "link",
    "pls-resource-group": "cache",
    "pls-ip-configuration-subnet": "nodes",
  }).map(([key, value]) => [`service.beta.kubernetes.io/azure-${key}`, value]);
  const service = {
    metadata: { name: "registry-cache", annotations: Object.fromEntries(annotations) },
    spec: { ports: [{ port: 443 }] },
  };
  const found = things.network as Thing;
  const subnetWith = (own: Inputs) =>
    cloud.keep({
      ...found,
      inputs: { ...found.inputs, subnets: subnetsOf(found).map((it) => ({ ...it, ...own })) },
    });
  const routeTable = { id: `${groupId("hub")}/providers/Microsoft.Network/routeTables/out` };
  subnetWith({ routeTable });
  assert.throws(
    () => surroundings.openLoadBalancer(id, service),
    /LinkedAuthorizationFailed: .*routeTables\/out/,
  );
  subnetWith({});
  surroundings.openLoadBalancer(id, service);
  const now = cloud.find(found.type, found.id, everywhere);
  assert.equal(valueAt("subnets[0].privateLinkServiceNetworkPolicies", now?.inputs), "Disabled");
});

test("refuses an update of a cluster while AKS upgrades the nodes", () => {
  const { cloud, things } = make();
  const { type, id, inputs } = things.cluster as Thing;
  cloud.update(type, id, inputs, "");
  startUpgrade(cloud, id);
  assert.throws(() => cloud.update(type, id, inputs, ""), /OperationNotAllowed: .* in progress upgrade/);
});

test("returns credentials with the API's address and authority", () => {
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

test("gives a Service the address that it names, if the cluster may look it up, and Pods the identity that trusts them", () => {
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
