import { cloudOf } from "../capacity/machine.ts";
import type { Capacity } from "../capacity/plan.ts";
import type { Problem } from "../config/problems.ts";
import type { StackConfig } from "../config/schema.ts";
import { defaultPeakMinutes, firstVersion } from "../config/version.ts";
import type { Findings } from "../hosts/kind.ts";
import { budgetFindings } from "./budget.ts";
import { type CostConfig, estimateRegion, isBilled, type RegionEstimate } from "./estimate.ts";
import { notFound, usd } from "./line.ts";
import type { PriceBook } from "./prices/price-book.ts";
import { lineRanges, rangeText, sumOf } from "./range.ts";

export interface StackCost extends Findings {
  /** By region: the output `cost`. */
  readonly regions: Readonly<Record<string, RegionEstimate>>;
}

/**
 * Estimates all regions of a stack, and compares the sum with the stack's budget.
 * @param today ISO date, `2026-11-24`
 * @param capacities the capacities of regions that are already planned, in the order of the configuration. @default none
 * @param refused names of regions that don't exist. They have an estimate, but no findings. @default none
 */
export function stackCost(
  config: CostConfig & Pick<StackConfig, "version" | "regions" | "budget">,
  prices: PriceBook,
  today: string,
  capacities: readonly (Capacity | undefined)[] = [],
  refused: readonly string[] = [],
): StackCost {
  const estimates = config.regions.map((region, index) =>
    estimateRegion(region, config, { prices, today, capacity: capacities[index] }),
  );
  const existing = estimates.filter(({ region }) => !refused.includes(region));
  const { problems, warnings } = budgetFindings(existing, config.budget);
  return {
    regions: Object.fromEntries(estimates.map((estimate) => [estimate.region, estimate])),
    problems,
    warnings: [
      ...withoutPrices(config.regions, existing, prices),
      ...olderDefault(config, existing),
      ...warnings,
    ],
  };
}

/** Warns that a configuration of version 1 gives the nodes of a peak more time than version 2, if version 2 would choose another machine. */
function olderDefault(
  { version = firstVersion, workload }: Pick<StackConfig, "version" | "workload">,
  estimates: readonly RegionEstimate[],
): Problem[] {
  const [older, newer] = [defaultPeakMinutes[1], defaultPeakMinutes[2]];
  if (version !== 1 || workload.peakMinutes !== older) return [];
  const others = estimates.flatMap(({ region, steps }) => {
    const [now, then] = [older, newer].map((minutes) =>
      steps?.atPeakMinutes.find((at) => at.minutes === minutes),
    );
    if (!now || !then || now.machine === then.machine) return [];
    const [more, less] = [then.usUSD, now.usUSD].map((amount) => usd(amount ?? notFound));
    return [
      `${region} would run on ${then.machine} in place of ${now.machine}, for ${more} in place of ${less} a month`,
    ];
  });
  if (others.length === 0) return [];
  const message =
    `the nodes of a peak have ${older} minutes here, as in version 1 of the configuration; from version 2 on it is ${newer}, and ${others.join("; ")}. ` +
    `Write \`version: 2\`, and \`workload: { peakMinutes: ${older} }\` to keep the machine`;
  return [{ path: "workload.peakMinutes", message }];
}

/** Warns of regions in a cloud without machine prices in the book, because most of their other prices are then missing, too. */
function withoutPrices(
  regions: StackConfig["regions"],
  estimates: readonly RegionEstimate[],
  book: PriceBook,
): Problem[] {
  return regions.flatMap((region, index) => {
    const estimate = estimates.find((one) => one.region === region.name);
    if (!estimate || !isBilled(region)) return [];
    const items = Object.keys(book[cloudOf(region)].regions[region.name] ?? {});
    if (items.some((item) => item.startsWith("machine/"))) return [];
    const message = `${region.name} has no machine with a price of its own in the price book, so its estimate is by other regions' prices: ${rangeText(sumOf(lineRanges(estimate)))} a month. Add prices to components/cost/prices (docs/cost.md says how)`;
    return [{ path: `regions[${index}].name`, message }];
  });
}
