/** The subscription in which stacks are created: its existing resources, and the form of its ids. */
import { regionNames, zonesOf } from "../../../components/hosts/azure/regions.ts";
import { everywhere, type Request, type Thing } from "../cloud.ts";
import { demand } from "../faults.ts";
import { type Inputs, text, valueAt } from "../values.ts";

export const subscriptionId = "11111111-2222-4333-8444-555555555555";
/** Another subscription of the tenant, with a DNS zone. */
export const zoneSubscriptionId = "22222222-2222-4333-8444-555555555555";
export const tenantId = "99999999-8888-4777-8666-555555555555";

export function isRegion(name: string): boolean {
  return regionNames.includes(name);
}

export function zonesIn(region: string): readonly string[] {
  const hasZones = zonesOf({ name: region, availabilityZone: "1" }).length > 0;
  return hasZones ? ["1", "2", "3"] : [];
}

export const types = {
  resourceGroup: "azure-native:resources:ResourceGroup",
  zone: "azure-native:dns:Zone",
  recordSet: "azure-native:dns:RecordSet",
  privateRecordSet: "azure-native:privatedns:PrivateRecordSet",
  privateZone: "azure-native:privatedns:PrivateZone",
  zoneLink: "azure-native:privatedns:VirtualNetworkLink",
  virtualNetwork: "azure-native:network:VirtualNetwork",
  natGateway: "azure-native:network:NatGateway",
  publicAddress: "azure-native:network:PublicIPAddress",
  routeTable: "azure-native:network:RouteTable",
  securityGroup: "azure-native:network:NetworkSecurityGroup",
  vault: "azure-native:keyvault:Vault",
  secret: "azure-native:keyvault:Secret",
  image: "azure-native:compute:GalleryImage",
  imageVersion: "azure-native:compute:GalleryImageVersion",
  storageAccount: "azure-native:storage:StorageAccount",
  workspace: "azure-native:operationalinsights:Workspace",
  encryptionSet: "azure-native:compute:DiskEncryptionSet",
  userIdentity: "azure-native:managedidentity:UserAssignedIdentity",
} as const;

/** @param scope the id of the asking subscription. @default the stacks' subscription */
export function groupId(name: string, scope = ""): string {
  return `/subscriptions/${scope || subscriptionId}/resourceGroups/${name}`;
}

/** @param kind like `Microsoft.Compute/disks` */
export function resourceId(
  { inputs, scope }: Pick<Request, "inputs"> & Partial<Pick<Request, "scope">>,
  kind: string,
  name: unknown,
): string {
  return `${groupId(text("resourceGroupName", inputs), scope)}/providers/${kind}/${name}`;
}

export const existing = {
  zone: "example.com",
  zoneResourceGroup: "dns",
  /** A private zone below it, linked only with {@link existing.virtualNetwork}. */
  privateZone: "corp.example.com",
  /** A zone in the other subscription. */
  zoneElsewhere: { zoneSubscription: zoneSubscriptionId, zone: "example.net", zoneResourceGroup: "zones" },
  virtualNetwork: `${groupId("hub")}/providers/Microsoft.Network/virtualNetworks/hub`,
  subnet: "caches",
  /** A network in germanywestcentral with a subnet of the same name. */
  clusterNetwork: `${groupId("hub")}/providers/Microsoft.Network/virtualNetworks/hub-germanywestcentral`,
  certificate: `${groupId("keys")}/providers/Microsoft.KeyVault/vaults/keys/secrets/cache-certificate`,
  /** A secret in a vault with access policies. */
  policyCertificate: `${groupId("keys")}/providers/Microsoft.KeyVault/vaults/policies/secrets/cache-certificate`,
  /** Keys of the subscription's owners: disk encryption sets by region, and keys for storage accounts. */
  encryptionSets: Object.fromEntries(
    ["westeurope", "germanywestcentral"].map((region) => [
      region,
      `${groupId("keys")}/providers/Microsoft.Compute/diskEncryptionSets/disks-${region}`,
    ]),
  ),
  storageKey: {
    key: "https://keys.vault.azure.net/keys/storage",
    identity: `${groupId("keys")}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/storage`,
  },
  /** The workspace for audit logs. */
  workspace: `${groupId("keys")}/providers/Microsoft.OperationalInsights/workspaces/audit`,
  /** The group for all of a cache's resources. */
  resourceGroup: "caches",
  /** An image with Debian for Arm in westeurope. */
  image: `${groupId("hub")}/providers/Microsoft.Compute/galleries/hub/images/debian-13/versions/1.0.0`,
} as const;

function privateZoneId(name: string, group: string = existing.zoneResourceGroup): string {
  return `${groupId(group)}/providers/Microsoft.Network/privateDnsZones/${name}`;
}

export const existingThings: readonly Thing[] = [
  ...["dns", "hub", "keys", existing.resourceGroup].map((name) =>
    thing(types.resourceGroup, groupId(name), { location: "westeurope" }),
  ),
  thing(types.zone, `${groupId("dns")}/providers/Microsoft.Network/dnsZones/${existing.zone}`, {}),
  thing(types.resourceGroup, groupId("zones", zoneSubscriptionId), { location: "westeurope" }),
  thing(
    types.zone,
    `${groupId("zones", zoneSubscriptionId)}/providers/Microsoft.Network/dnsZones/${existing.zoneElsewhere.zone}`,
    {},
  ),
  thing(types.privateZone, privateZoneId(existing.privateZone), {}),
  thing(types.zoneLink, `${privateZoneId(existing.privateZone)}/virtualNetworkLinks/hub`, {
    virtualNetwork: { id: existing.virtualNetwork },
  }),
  thing(types.virtualNetwork, existing.virtualNetwork, {
    location: "westeurope",
    addressSpace: { addressPrefixes: ["10.20.0.0/16"] },
    subnets: [{ name: existing.subnet, addressPrefix: "10.20.1.0/24" }],
  }),
  thing(types.virtualNetwork, existing.clusterNetwork, {
    location: "germanywestcentral",
    addressSpace: { addressPrefixes: ["10.30.0.0/16"] },
    subnets: [{ name: existing.subnet, addressPrefix: "10.30.1.0/24" }],
  }),
  ...[
    { secret: existing.certificate, enableRbacAuthorization: true },
    { secret: existing.policyCertificate, enableRbacAuthorization: false },
  ].flatMap(({ secret, ...properties }) => [
    thing(types.vault, secret.replace(/\/secrets\/.+$/, ""), { properties }),
    thing(types.secret, secret, {}),
  ]),
  ...Object.entries(existing.encryptionSets).map(([location, id]) =>
    thing(types.encryptionSet, id, {
      location,
      properties: { encryptionType: "EncryptionAtRestWithPlatformAndCustomerKeys" },
    }),
  ),
  thing(types.userIdentity, existing.storageKey.identity, {}),
  thing(types.workspace, existing.workspace, {}),
  thing(types.image, existing.image.replace(/\/versions\/.+$/, ""), {
    osState: "Generalized",
    hyperVGeneration: "V2",
    architecture: "Arm64",
    features: [
      { name: "SecurityType", value: "TrustedLaunchSupported" },
      { name: "DiskControllerTypes", value: "SCSI, NVMe" },
    ],
  }),
  thing(types.imageVersion, existing.image, {
    publishingProfile: { targetRegions: [{ name: "West Europe", regionalReplicaCount: 1 }] },
  }),
];

function thing(type: string, id: string, inputs: Inputs): Thing {
  return { type, id, scope: everywhere, inputs, outputs: {} };
}

/** The subnets of a virtual network. */
export function subnetsOf(network: Thing): Inputs[] {
  return (valueAt("subnets", network.inputs) ?? []) as Inputs[];
}

type Asked = Pick<Request, "cloud" | "scope">;

/** The resource with this id. @throws CloudError if it isn't there */
function find(type: string, id: string, { cloud, scope }: Asked): Thing {
  const found = cloud.find(type, id, scope);
  demand(found, "ResourceNotFound", `The Resource '${id}' was not found.`);
  return found;
}

export const functions: Readonly<Record<string, (inputs: Inputs, asked: Asked) => Inputs>> = {
  "azure-native:authorization:getClientConfig": () => ({ subscriptionId }),

  "azure-native:resources:getResourceGroup"(inputs, asked) {
    const name = text("resourceGroupName", inputs);
    return { name, ...find(types.resourceGroup, groupId(name), asked).inputs };
  },

  "azure-native:storage:getStorageAccount"(inputs, asked) {
    const group = text("resourceGroupName", inputs);
    const isThere = asked.cloud.find(types.resourceGroup, groupId(group), asked.scope);
    demand(isThere, "ResourceGroupNotFound", `Resource group '${group}' could not be found.`);
    const id = resourceId({ inputs }, "Microsoft.Storage/storageAccounts", inputs.accountName);
    return { id: find(types.storageAccount, id, asked).id };
  },

  "azure-native:dns:getZone"(inputs, asked) {
    const id = resourceId({ inputs }, "Microsoft.Network/dnsZones", inputs.zoneName);
    return { id: find(types.zone, id, asked).id };
  },

  "azure-native:privatedns:getPrivateZone"(inputs, asked) {
    const id = privateZoneId(text("privateZoneName", inputs), text("resourceGroupName", inputs));
    return { id: find(types.privateZone, id, asked).id };
  },

  "azure-native:network:getVirtualNetwork"(inputs, asked) {
    const id = resourceId({ inputs }, "Microsoft.Network/virtualNetworks", inputs.virtualNetworkName);
    return { id, ...find(types.virtualNetwork, id, asked).inputs };
  },

  "azure-native:network:getNatGateway"(inputs, asked) {
    const id = resourceId({ inputs }, "Microsoft.Network/natGateways", inputs.natGatewayName);
    return { id, ...find(types.natGateway, id, asked).inputs };
  },

  "azure-native:network:getPublicIPAddress"(inputs, asked) {
    const id = resourceId({ inputs }, "Microsoft.Network/publicIPAddresses", inputs.publicIpAddressName);
    const { ipAddress } = find(types.publicAddress, id, asked).outputs;
    return { id, ipAddress };
  },

  "azure-native:network:getNetworkSecurityGroup"(inputs, asked) {
    const id = resourceId(
      { inputs },
      "Microsoft.Network/networkSecurityGroups",
      inputs.networkSecurityGroupName,
    );
    return { id, ...find(types.securityGroup, id, asked).inputs };
  },

  "azure-native:network:getRouteTable"(inputs, asked) {
    const id = resourceId({ inputs }, "Microsoft.Network/routeTables", inputs.routeTableName);
    return { id, ...find(types.routeTable, id, asked).inputs };
  },

  "azure-native:keyvault:getVault"(inputs, asked) {
    const id = resourceId({ inputs }, "Microsoft.KeyVault/vaults", inputs.vaultName);
    return { id, ...find(types.vault, id, asked).inputs };
  },

  "azure-native:keyvault:getSecret"(inputs, asked) {
    const vault = resourceId({ inputs }, "Microsoft.KeyVault/vaults", inputs.vaultName);
    return { id: find(types.secret, `${vault}/secrets/${inputs.secretName}`, asked).id };
  },
};
