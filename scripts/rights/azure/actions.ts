/**
 * The actions of Azure Resource Manager that the provider needs for each type of resource. The actions to read, write and delete a resource carry the name of its type in Azure.
 * https://learn.microsoft.com/azure/role-based-access-control/resource-provider-operations
 */
import type { roles } from "../../../components/hosts/azure/roles.ts";
import type { Inputs } from "../resources.ts";

export interface Row {
  /** The type in Azure, like `Microsoft.Network/virtualNetworks`. A component has none. */
  readonly type?: string | ((inputs: Inputs) => string);
  /** Actions on other resources of the stack that this one refers to: https://learn.microsoft.com/troubleshoot/azure/virtual-machines/linux/linked-authorization-failed */
  readonly linked?: readonly string[];
  /** Actions on other types, or below this one, that a preview needs. */
  readonly lookUps?: readonly string[];
  /** Look-ups in the resource group of the resource's zone. */
  readonly besideZone?: readonly string[];
  /** Actions that tell whether a write or a delete has ended. Their scope is the resource group of the zone, or the subscription. */
  readonly polls?: readonly string[];
  /** Whether it is deleted on its own, and not together with its parent. @default true */
  readonly isDeleted?: boolean;
  /** The roles that the stack assigns because of this resource. */
  readonly grants?: readonly (keyof typeof roles)[];
  /** The scope of the actions: the subscription, or a hosted zone. @default the stack's resource group */
  readonly where?: "subscription" | "zone";
}

const network = "Microsoft.Network";
const account = "Microsoft.Storage/storageAccounts";
const identity = "Microsoft.ManagedIdentity/userAssignedIdentities";
/** https://learn.microsoft.com/azure/azure-monitor/roles-permissions-security */
const workspace = "Microsoft.OperationalInsights/workspaces";
const cluster = "Microsoft.ContainerService/managedClusters";
/** A region looks up sizes, quotas and, for encryption at host, a feature. */
const ofSubscription = [
  "Microsoft.Compute/skus/read",
  "Microsoft.Compute/locations/usages/read",
  "Microsoft.Features/providers/features/read",
];

/** With these the provider learns that an operation is done: https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations */
const networkPolls = ["operations", "operationResults"].map((it) => `${network}/locations/${it}/read`);
const computePolls = ["Microsoft.Compute/locations/operations/read"];
const clusterPolls = ["operations", "operationresults"].map(
  (it) => `Microsoft.ContainerService/locations/${it}/read`,
);

/** @param joined what other resources join, or it does */
function inNetwork(type: string, ...joined: string[]): Row {
  const linked = joined.map((it) => `${network}/${it}/join/action`);
  return { polls: networkPolls, type: `${network}/${type}`, linked };
}

export const rows: Readonly<Record<string, Row>> = {
  // The row of a region's component holds the look-ups for that region.
  "registry-cache:azure:VmHost": {
    where: "subscription",
    lookUps: [
      ...ofSubscription,
      "Microsoft.Compute/locations/publishers/artifacttypes/offers/skus/versions/read",
    ],
  },
  "registry-cache:azure:ClusterHost": {
    where: "subscription",
    lookUps: [...ofSubscription, "Microsoft.Storage/skus/read"],
  },

  "azure-native:resources:ResourceGroup": {
    type: "Microsoft.Resources/subscriptions/resourceGroups",
    polls: ["Microsoft.Resources/subscriptions/operationresults/read"],
  },
  "azure-native:network:VirtualNetwork": inNetwork("virtualNetworks", "virtualNetworks/subnets"),
  "azure-native:network:PublicIPAddress": inNetwork("publicIPAddresses"),
  // An interface or a subnet joins the group.
  "azure-native:network:NetworkSecurityGroup": inNetwork("networkSecurityGroups", "networkSecurityGroups"),
  "azure-native:network:NetworkInterface": inNetwork("networkInterfaces", "publicIPAddresses"),
  "azure-native:network:NatGateway": inNetwork("natGateways", "natGateways", "publicIPAddresses"),
  "azure-native:network:LoadBalancer": inNetwork(
    "loadBalancers",
    "loadBalancers/backendAddressPools",
    "loadBalancers/frontendIPConfigurations",
  ),
  "azure-native:network:PrivateLinkService": inNetwork("privateLinkServices"),
  "azure-native:privatedns:PrivateRecordSet": {
    type: ({ recordType }) => `${network}/privateDnsZones/${recordType}`,
    lookUps: ["", "/all", "/virtualNetworkLinks"].map((it) => `${network}/privateDnsZones${it}/read`),
    where: "zone",
  },
  "azure-native:trafficmanager:Profile": { type: `${network}/trafficManagerProfiles` },
  "azure-native:monitor:DiagnosticSetting": { type: "Microsoft.Insights/diagnosticSettings" },
  "azure-native:privatedns:VirtualNetworkLink": {
    type: `${network}/privateDnsZones/virtualNetworkLinks`,
    linked: [`${network}/virtualNetworks/join/action`],
    // The same actions as in the role Private DNS Zone Contributor.
    polls: [`${network}/privateDnsOperationResults/read`, `${network}/privateDnsOperationStatuses/read`],
    where: "zone",
  },
  "azure-native:dns:Zone": {
    type: `${network}/dnsZones`,
    grants: ["dnsZoneContributor"],
    // Deleting a zone, with its records, takes time: https://learn.microsoft.com/azure/role-based-access-control/permissions/networking#microsoftnetwork
    polls: [`${network}/dnsOperationResults/read`, `${network}/dnsOperationStatuses/read`],
  },
  "azure-native:dns:RecordSet": {
    type: ({ recordType }) => `${network}/dnsZones/${recordType}`,
    lookUps: [`${network}/dnsZones/read`, `${network}/dnsZones/all/read`],
    // A private endpoint first looks for a private zone. The zone may not exist, and a role can't be assigned on a zone that doesn't exist.
    besideZone: [`${network}/privateDnsZones/read`],
    where: "zone",
  },
  "azure-native:compute:Disk": { type: "Microsoft.Compute/disks", polls: computePolls },
  "azure-native:compute:VirtualMachine": {
    polls: computePolls,
    type: "Microsoft.Compute/virtualMachines",
    linked: [`${network}/networkInterfaces/join/action`, `${identity}/assign/action`],
  },
  "azure-native:managedidentity:UserAssignedIdentity": { type: identity },
  "azure-native:managedidentity:FederatedIdentityCredential": {
    type: `${identity}/federatedIdentityCredentials`,
    isDeleted: false,
  },
  "azure-native:authorization:RoleAssignment": { type: "Microsoft.Authorization/roleAssignments" },
  "azure-native:keyvault:Vault": { type: "Microsoft.KeyVault/vaults" },
  "azure-native:keyvault:Secret": {
    type: "Microsoft.KeyVault/vaults/secrets",
    isDeleted: false,
    grants: ["keyVaultSecretsUser"],
  },
  "azure-native:storage:StorageAccount": {
    type: account,
    grants: ["storageBlobDataContributor", "storageBlobDelegator"],
  },
  "azure-native:storage:BlobContainer": { type: `${account}/blobServices/containers`, isDeleted: false },
  "azure-native:storage:ManagementPolicy": { type: `${account}/managementPolicies`, isDeleted: false },
  "azure-native:containerservice:ManagedCluster": {
    polls: clusterPolls,
    type: cluster,
    linked: [`${identity}/assign/action`],
    lookUps: [`${cluster}/agentPools/read`, `${cluster}/listClusterUserCredential/action`],
    grants: ["networkContributor"],
  },
  // It is deleted with its cluster. If the cluster is replaced, it is deleted before the cluster.
  "azure-native:containerservice:MaintenanceConfiguration": { type: `${cluster}/maintenanceConfigurations` },
};

interface Adopted {
  readonly id: RegExp;
  readonly actions: readonly string[];
  /** Whether the actions are needed only for resources that the stack didn't create. @default false */
  readonly isOthers?: boolean;
}

/** Resources that a stack refers to but may not have created: the actions that it needs on each, and the part of the ID that is their scope. */
export const adopted: readonly Adopted[] = [
  {
    id: /^(.+\/providers\/Microsoft\.Network\/virtualNetworks\/[^/]+)\/subnets\/[^/]+$/i,
    actions: [`${network}/virtualNetworks/read`, `${network}/virtualNetworks/subnets/join/action`],
  },
  {
    id: /^(.+\/providers\/Microsoft\.Compute\/galleries\/[^/]+)\/images\/[^/]+\/versions\/[^/]+$/i,
    actions: ["Microsoft.Compute/galleries/images/read", "Microsoft.Compute/galleries/images/versions/read"],
  },
  {
    id: /^(.+\/providers\/Microsoft\.Compute\/diskEncryptionSets\/[^/]+)$/i,
    actions: ["Microsoft.Compute/diskEncryptionSets/read"],
  },
  {
    id: /^(.+\/providers\/Microsoft\.ManagedIdentity\/userAssignedIdentities\/[^/]+)$/i,
    actions: [`${identity}/read`, `${identity}/assign/action`],
  },
  {
    id: /^(.+\/providers\/Microsoft\.OperationalInsights\/workspaces\/[^/]+)$/i,
    actions: [`${workspace}/read`, `${workspace}/sharedKeys/action`],
  },
  {
    id: /^(.+\/providers\/Microsoft\.KeyVault\/vaults\/[^/]+)\/secrets\/[^/]+$/i,
    actions: ["Microsoft.KeyVault/vaults/read", "Microsoft.KeyVault/vaults/secrets/read"],
  },
  // The stack reads how the subnet reaches the internet. A preview doesn't tell the IDs of these resources, so the scope is the network's resource group.
  {
    id: /^(.+)\/providers\/Microsoft\.Network\/virtualNetworks\/[^/]+\/subnets\/[^/]+$/i,
    actions: [
      "networkSecurityGroups",
      "routeTables",
      "natGateways",
      "publicIPAddresses",
      "publicIPPrefixes",
    ].map((type) => `${network}/${type}/read`),
    isOthers: true,
  },
];
