/** The subscription that stacks are made in: what it has from the beginning, and the form of its ids. */
import { everywhere, type Request, type Thing, text } from "../cloud.ts";
import { type Inputs, valueAt } from "../values.ts";

export const subscriptionId = "11111111-2222-4333-8444-555555555555";
export const tenantId = "99999999-8888-4777-8666-555555555555";

/** The regions that the double knows, with their availability zones. */
const regions: Readonly<Record<string, readonly string[]>> = {
  westeurope: ["1", "2", "3"],
  swedencentral: ["1", "2", "3"],
  westindia: [],
};

export function isRegion(name: string): boolean {
  return Object.hasOwn(regions, name);
}

export function zonesIn(region: string): readonly string[] {
  return regions[region] ?? [];
}

export const types = {
  resourceGroup: "azure-native:resources:ResourceGroup",
  zone: "azure-native:dns:Zone",
  virtualNetwork: "azure-native:network:VirtualNetwork",
  vault: "azure-native:keyvault:Vault",
  secret: "azure-native:keyvault:Secret",
} as const;

export function groupId(name: string): string {
  return `/subscriptions/${subscriptionId}/resourceGroups/${name}`;
}

/** @param kind like `Microsoft.Compute/disks` */
export function resourceId({ inputs }: Pick<Request, "inputs">, kind: string, name: unknown): string {
  return `${groupId(text("resourceGroupName", inputs))}/providers/${kind}/${name}`;
}

/** What was there before. */
export const existing = {
  zone: "example.com",
  zoneResourceGroup: "dns",
  virtualNetwork: `${groupId("hub")}/providers/Microsoft.Network/virtualNetworks/hub`,
  subnet: "caches",
  certificate: `${groupId("keys")}/providers/Microsoft.KeyVault/vaults/keys/secrets/cache-certificate`,
} as const;

export const existingThings: readonly Thing[] = [
  ...["dns", "hub", "keys"].map((name) =>
    thing(types.resourceGroup, groupId(name), { location: "westeurope" }),
  ),
  thing(types.zone, `${groupId("dns")}/providers/Microsoft.Network/dnsZones/${existing.zone}`, {}),
  thing(types.virtualNetwork, existing.virtualNetwork, {
    location: "westeurope",
    addressSpace: { addressPrefixes: ["10.20.0.0/16"] },
    subnets: [{ name: existing.subnet, addressPrefix: "10.20.1.0/24" }],
  }),
  thing(types.secret, existing.certificate, {}),
];

function thing(type: string, id: string, inputs: Inputs): Thing {
  return { type, id, scope: everywhere, inputs, outputs: {} };
}

/** The subnets of a virtual network. */
export function subnetsOf(network: Thing): Inputs[] {
  return (valueAt("subnets", network.inputs) ?? []) as Inputs[];
}
