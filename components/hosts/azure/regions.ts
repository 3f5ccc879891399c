import type { AzureRegion, AzureVmRegion } from "../../config/schema.ts";
import type { CloudRegions } from "../region-name.ts";

/**
 * Azure's public regions, with and without availability zones. {@link elsewhere} matches the regions of the clouds for China and the US government.
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

/** In this order: South America, then Asia, Oceania, the Middle East and Africa. All other regions are in Europe and North America. */
const continents = [
  /^(?:brazil|chile)/,
  /asia|australia|india|indonesia|israel|japan|korea|malaysia|newzealand|qatar|southafrica|taiwan|uae/,
];

/** Azure has three prices for outbound transfer, which depend on the source region's continent: https://azure.microsoft.com/pricing/details/bandwidth/ */
export function transferZoneOf(region: string): number {
  return continents.findIndex((names) => names.test(region));
}

const words = (text: string) => text.trim().split(/\s+/);
const zonalRegions = words(zonal);

export const regionNames: readonly string[] = [...zonalRegions, ...words(zoneless)];

/** The machine's zone as a list. Empty in a region without zones. */
export function zonesOf({
  name,
  availabilityZone,
}: Pick<AzureVmRegion, "name" | "availabilityZone">): string[] {
  return zonalRegions.includes(name) ? [availabilityZone] : [];
}

export type StoreSku = "Standard_LRS" | "Standard_ZRS";

/**
 * The redundancy of a region's storage account. A cluster's replicas are in all zones, so its store is, too. A machine is in one zone and fails with it, so one zone is
 * enough.
 */
export function storeSku({ name, topology }: Pick<AzureRegion, "name" | "topology">): StoreSku {
  return topology === "cluster" && allZonesOf(name).length > 0 ? "Standard_ZRS" : "Standard_LRS";
}

/** All zones of a region. Empty in a region without zones. */
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
