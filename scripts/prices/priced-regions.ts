import type { Cloud } from "../../components/capacity/machine.ts";
import { type CloudPrices, everywhere } from "../../components/cost/prices/price-book.ts";
import { configurationsOf } from "../cost/configurations.ts";
import type { ProjectFiles } from "../fleet/stack-files.ts";

/** The regions of a cloud that prices are kept for: those of the book, and those that a stack uses. */
export function pricedRegions(cloud: Cloud, { regions }: CloudPrices, stacks: ProjectFiles): string[] {
  const used = configurationsOf(stacks)
    .configurations.filter(({ config }) => config.provider === cloud)
    .flatMap(({ config }) => config.regions.map(({ name }) => name));
  const all = new Set([...Object.keys(regions), ...used]);
  all.delete(everywhere);
  return [...all].sort();
}
