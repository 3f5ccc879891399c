import type { Problem } from "../config/problems.ts";
import type { StackConfig } from "../config/schema.ts";
import { overBudget } from "./budget.ts";
import { estimateRegion, type RegionEstimate } from "./estimate.ts";
import type { PriceBook } from "./prices/price-book.ts";

export interface StackCost {
  /** By region: the output `cost`. */
  readonly regions: Readonly<Record<string, RegionEstimate>>;
  /** What must be put right before anything is created. */
  readonly problems: readonly Problem[];
  /** What a preview says and goes on. */
  readonly warnings: readonly Problem[];
}

/**
 * The estimates of all regions of a stack, against its budget.
 * @param today as `2026-11-24`
 */
export function stackCost(
  config: Pick<StackConfig, "provider" | "regions" | "workload" | "upstreams" | "cost" | "budget">,
  prices: PriceBook,
  today: string,
): StackCost {
  const { provider, regions, workload, upstreams, cost, budget } = config;
  const estimates = regions.map((region) =>
    estimateRegion({ provider, region, workload, upstreams, settings: cost, prices, today }),
  );
  const excess = overBudget(estimates, budget);
  const found = excess ? [{ path: "budget.monthlyUSD", message: excess.message }] : [];
  return {
    regions: Object.fromEntries(estimates.map((estimate) => [estimate.region, estimate])),
    problems: excess?.over === "fail" ? found : [],
    warnings: excess?.over === "warn" ? found : [],
  };
}
