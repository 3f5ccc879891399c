import type { Capacity } from "../capacity/plan.ts";
import type { Governance, StackConfig } from "../config/schema.ts";
import { type BudgetFindings, budgetFindings } from "./budget.ts";
import { estimateRegion, type RegionEstimate } from "./estimate.ts";
import type { PriceBook } from "./prices/price-book.ts";

export interface StackCost extends BudgetFindings {
  /** By region: the output `cost`. */
  readonly regions: Readonly<Record<string, RegionEstimate>>;
}

/**
 * The estimates of all regions of a stack, against its budget.
 * @param today as `2026-11-24`
 * @param capacities of the regions that are planned already, in the order of the configuration. @default none
 */
export function stackCost(
  config: Pick<StackConfig, "provider" | "regions" | "workload" | "upstreams" | "cost" | "budget"> & {
    readonly governance?: Governance;
  },
  prices: PriceBook,
  today: string,
  capacities: readonly (Capacity | undefined)[] = [],
): StackCost {
  const { provider, regions, workload, upstreams, cost, budget, governance } = config;
  const shared = { provider, workload, upstreams, settings: cost, governance, prices, today };
  const estimates = regions.map((region, index) =>
    estimateRegion({ ...shared, region, capacity: capacities[index] }),
  );
  return {
    regions: Object.fromEntries(estimates.map((estimate) => [estimate.region, estimate])),
    ...budgetFindings(estimates, budget),
  };
}
