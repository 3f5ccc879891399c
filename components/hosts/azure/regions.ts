import type { AzureRegion, AzureVmRegion } from "../../config/schema.ts";
import type { CloudRegions } from "../region-name.ts";

/**
 * Azure's public regions: those with availability zones, and those without. Those of the clouds of China and of the US government are {@link elsewhere}.
 * https://learn.microsoft.com/azure/reliability/regions-list (2025-09-23)
 */
const zonal = `
  australiaeast austriaeast belgiumcentral brazilsouth canadacentral centralindia centralus chilecentral denmarkeast eastasia eastus eastus2
  francecentral germanywestcentral indonesiacentral israelcentral italynorth japaneast japanwest koreacentral malaysiawest mexicocentral
  newzealandnorth northeurope norwayeast polandcentral qatarcentral southafricanorth southcentralus southeastasia spaincentral
  swedencentral switzerlandnorth uaenorth uksouth westeurope westus2 westus3
`;

const zoneless = `
  australiacentral australiacentral2 australiasoutheast brazilsoutheast canadaeast francesouth germanynorth koreasouth northcentralus
  norwaywest southafricawest southindia switzerlandwest taiwannorth taiwannorthwest uaecentral ukwest westcentralus westindia westus
`;

/** Those of South America, and of Asia, Oceania, the Middle East and Africa; the others are in Europe and North America. */
const continents = [
  /^(?:brazil|chile)/,
  /asia|australia|india|indonesia|israel|japan|korea|malaysia|newzealand|qatar|southafrica|taiwan|uae/,
];

/** By where it leaves, Azure's prices of transfer are one of three: https://azure.microsoft.com/pricing/details/bandwidth/ */
export function transferZoneOf(region: string): number {
  return continents.findIndex((names) => names.test(region));
}

const words = (text: string) => text.trim().split(/\s+/);
const zonalRegions = words(zonal);

export const regionNames: readonly string[] = [...zonalRegions, ...words(zoneless)];

/** The zone of the machine. In a region without zones, none. */
export function zonesOf({
  name,
  availabilityZone,
}: Pick<AzureVmRegion, "name" | "availabilityZone">): string[] {
  return zonalRegions.includes(name) ? [availabilityZone] : [];
}

/**
 * The redundancy of a region's storage account. The replicas of a cluster are in all zones, and so is their store. A machine is in one zone and stops with it: one copy is
 * enough.
 */
export function storeSku({
  name,
  topology,
}: Pick<AzureRegion, "name" | "topology">): "Standard_LRS" | "Standard_ZRS" {
  return topology === "cluster" && allZonesOf(name).length > 0 ? "Standard_ZRS" : "Standard_LRS";
}

/** All zones of a region, as an argument. In a region without zones, none. */
export function allZonesOf(region: string): string[] {
  return zonalRegions.includes(region) ? ["1", "2", "3"] : [];
}

/** https://learn.microsoft.com/azure/azure-government/documentation-government-developer-guide, https://learn.microsoft.com/azure/china/resources-developer-guide */
const elsewhere = /^(?:china|usdod|usgov|usnat|ussec)/;

export const azureRegions: CloudRegions = {
  cloud: "Azure",
  known: regionNames,
  elsewhere,
  listedBy: "az account list-locations",
};
