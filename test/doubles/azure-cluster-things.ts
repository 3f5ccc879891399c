import { subscriptionId } from "./azure/account.ts";
import { azureCloud } from "./azure/azure.ts";
import type { Thing } from "./cloud.ts";
import { filling, type Made } from "./refusals.ts";
import type { Inputs } from "./values.ts";

const place = { resourceGroupName: "cache", location: "westeurope" };

const role = (id: string) =>
  `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${id}`;

export const pool = {
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

export const network = {
  networkPlugin: "azure",
  networkPluginMode: "overlay",
  networkDataplane: "cilium",
  networkPolicy: "cilium",
  podCidr: "100.64.0.0/16",
  serviceCidr: "100.65.0.0/16",
  dnsServiceIP: "100.65.0.10",
};

export function make(): Made {
  const { cloud, things, add: put } = filling(azureCloud(), "");
  const add = (name: string, type: string, inputs: Inputs) => put(name, `azure-native:${type}`, inputs);
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

export const another = { resourceName: "b", dnsPrefix: "b", nodeResourceGroup: "b" };

const made = make();

export const ownPool = ((made.things.cluster as Thing).inputs.agentPoolProfiles as Inputs[])[0] as Inputs;

export const window = (made.things.window as Thing).inputs.maintenanceWindow as Inputs;

/** The inputs of another cluster, with a changed pool. */
export const withPool = (change: Inputs) => ({ ...another, agentPoolProfiles: [{ ...ownPool, ...change }] });
