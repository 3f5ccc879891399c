/** What Azure lists of the sizes of virtual machines, for one subscription. */
import { same } from "./arm.ts";

/** https://learn.microsoft.com/rest/api/compute/resource-skus/list */
export interface Sku {
  readonly resourceType: string;
  readonly name: string;
  readonly family: string;
  readonly locationInfo: readonly { readonly location: string; readonly zones?: readonly string[] }[];
  readonly capabilities: readonly { readonly name: string; readonly value: string }[];
  readonly restrictions: readonly {
    readonly type: "Location" | "Zone";
    readonly restrictionInfo?: { readonly locations?: readonly string[]; readonly zones?: readonly string[] };
    readonly reasonCode: string;
  }[];
}

/** What keeps the subscription from the size in all of a region, if anything does. */
export function restrictionOf({ restrictions }: Sku, region: string) {
  return restrictions.find(
    ({ type, restrictionInfo }) =>
      type === "Location" && (restrictionInfo?.locations ?? [region]).some((it) => same(it, region)),
  );
}

/** Zones in which the subscription gets the size. They are the subscription's, which numbers them in its own way. */
export function zonesOfSku({ locationInfo, restrictions }: Sku, region: string): string[] {
  const zones = locationInfo.find(({ location }) => same(location, region))?.zones ?? [];
  const restricted = restrictions.flatMap(({ restrictionInfo }) => restrictionInfo?.zones ?? []);
  return zones.filter((zone) => !restricted.includes(zone)).toSorted();
}

/** @returns undefined where Azure doesn't say */
export function capabilityOf({ capabilities }: Sku, wanted: string): string | undefined {
  return capabilities.find(({ name }) => name === wanted)?.value;
}

/** @returns undefined where Azure doesn't say */
export function vCpusOf(sku: Sku): number | undefined {
  const vCpus = capabilityOf(sku, "vCPUs");
  return vCpus === undefined ? undefined : Number(vCpus);
}
