/**
 * What the provider asks Azure Resource Manager for, by the type of a resource: reading, writing and deleting are actions of the resource's own type in Azure.
 * https://learn.microsoft.com/azure/role-based-access-control/resource-provider-operations
 */
import type { roles } from "../../../components/hosts/azure/identity.ts";
import type { Inputs } from "../resources.ts";

export interface Row {
  /** In Azure: `Microsoft.Network/virtualNetworks`. Of a component, nothing. */
  readonly type?: string | ((inputs: Inputs) => string);
  /** What it takes to refer to others of the stack: https://learn.microsoft.com/troubleshoot/azure/virtual-machines/linux/linked-authorization-failed */
  readonly linked?: readonly string[];
  /** Of other types, or below this one, asked while a stack is previewed. */
  readonly lookUps?: readonly string[];
  /** The same, in the resource group of its zone. */
  readonly besideZone?: readonly string[];
  /** What says whether a write or a delete has come to its end: in the resource group of its zone, or of the subscription. */
  readonly polls?: readonly string[];
  /** Whether it is deleted by itself, and not with what it is in. @default true */
  readonly isDeleted?: boolean;
  /** The roles that the stack grants because of it. */
  readonly grants?: readonly (keyof typeof roles)[];
  /** Where the actions are: a resource group; the one of a hosted zone; the subscription. @default the stack's resource group */
  readonly where?: "subscription" | "zone";
}

const network = "Microsoft.Network";
const account = "Microsoft.Storage/storageAccounts";
const identity = "Microsoft.ManagedIdentity/userAssignedIdentities";
/** https://learn.microsoft.com/azure/azure-monitor/roles-permissions-security */
const workspace = "Microsoft.OperationalInsights/workspaces";
const cluster = "Microsoft.ContainerService/managedClusters";
/** What a region asks about sizes and quotas. */
const sizes = ["Microsoft.Compute/skus/read", "Microsoft.Compute/locations/usages/read"];

/** By which the provider learns that an operation is done: https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations */
const networkPolls = ["operations", "operationResults"].map((it) => `${network}/locations/${it}/read`);
const computePolls = ["Microsoft.Compute/locations/operations/read"];
const clusterPolls = ["operations", "operationresults"].map(
  (it) => `Microsoft.ContainerService/locations/${it}/read`,
);

/** @param linked below {@link network} */
function inNetwork(type: string, ...linked: string[]): Row {
  return { polls: networkPolls, type: `${network}/${type}`, linked: linked.map((it) => `${network}/${it}`) };
}

export const rows: Readonly<Record<string, Row>> = {
  // A region's component stands for its look-ups.
  "registry-cache:azure:VmHost": {
    where: "subscription",
    lookUps: [...sizes, "Microsoft.Compute/locations/publishers/artifacttypes/offers/skus/versions/read"],
  },
  "registry-cache:azure:ClusterHost": { where: "subscription", lookUps: sizes },

  "azure-native:resources:ResourceGroup": {
    type: "Microsoft.Resources/subscriptions/resourceGroups",
    polls: ["Microsoft.Resources/subscriptions/operationresults/read"],
    where: "subscription",
  },
  "azure-native:network:VirtualNetwork": inNetwork("virtualNetworks", "virtualNetworks/subnets/join/action"),
  "azure-native:network:PublicIPAddress": inNetwork("publicIPAddresses"),
  // Of an interface, or of a subnet.
  "azure-native:network:NetworkSecurityGroup": inNetwork(
    "networkSecurityGroups",
    "networkSecurityGroups/join/action",
  ),
  "azure-native:network:NetworkInterface": inNetwork("networkInterfaces", "publicIPAddresses/join/action"),
  "azure-native:network:NatGateway": inNetwork(
    "natGateways",
    "natGateways/join/action",
    "publicIPAddresses/join/action",
  ),
  "azure-native:network:LoadBalancer": inNetwork(
    "loadBalancers",
    "loadBalancers/backendAddressPools/join/action",
    "loadBalancers/frontendIPConfigurations/join/action",
  ),
  "azure-native:network:PrivateLinkService": inNetwork("privateLinkServices"),
  "azure-native:privatedns:PrivateRecordSet": {
    type: ({ recordType }) => `${network}/privateDnsZones/${recordType}`,
    lookUps: [`${network}/privateDnsZones/read`, `${network}/privateDnsZones/virtualNetworkLinks/read`],
    where: "zone",
  },
  "azure-native:trafficmanager:Profile": { type: `${network}/trafficManagerProfiles` },
  "azure-native:monitor:DiagnosticSetting": { type: "Microsoft.Insights/diagnosticSettings" },
  "azure-native:privatedns:VirtualNetworkLink": {
    type: `${network}/privateDnsZones/virtualNetworkLinks`,
    linked: [`${network}/virtualNetworks/join/action`],
    // As the role Private DNS Zone Contributor has them.
    polls: [`${network}/privateDnsOperationResults/read`, `${network}/privateDnsOperationStatuses/read`],
    where: "zone",
  },
  "azure-native:dns:Zone": {
    type: `${network}/dnsZones`,
    grants: ["dnsZoneContributor"],
    // Of its end, with its records: https://learn.microsoft.com/azure/role-based-access-control/permissions/networking#microsoftnetwork
    polls: [`${network}/dnsOperationResults/read`, `${network}/dnsOperationStatuses/read`],
  },
  "azure-native:dns:RecordSet": {
    type: ({ recordType }) => `${network}/dnsZones/${recordType}`,
    lookUps: [`${network}/dnsZones/read`],
    // A private endpoint looks for a private zone first, and a right on what isn't there can't be given.
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
  // It goes with its cluster, but goes before where another cluster takes its place.
  "azure-native:containerservice:MaintenanceConfiguration": { type: `${cluster}/maintenanceConfigurations` },
};

interface Adopted {
  readonly id: RegExp;
  readonly actions: readonly string[];
  /** Whether the stack asks for it only of what it hasn't made. @default false */
  readonly isOthers?: boolean;
}

/** What a stack refers to and hasn't made, by its type in Azure: what it asks of it, and from how far up in its ID. */
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
  // How its subnet reaches the internet, which a private endpoint asks. A preview doesn't tell their IDs: they are looked for beside the network.
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
