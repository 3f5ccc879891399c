import type { StackConfig } from "./config/schema.ts";
import { priceBook } from "./cost/prices/price-book.ts";
import { type StackCost, stackCost } from "./cost/stack-cost.ts";
import type { PlannedRegion } from "./hosts/kind.ts";
import { planRegion } from "./hosts/kinds.ts";

/** A stack with what follows from its configuration alone. */
export interface PlannedStack {
  /** In the order of the configuration. */
  readonly planned: readonly PlannedRegion[];
  readonly cost: StackCost;
}

/**
 * @param stack its name, without organization
 * @param today `2026-11-24`, for the age of prices
 */
export async function planStack(config: StackConfig, stack: string, today: string): Promise<PlannedStack> {
  const { regions, provider, upstreams, images, monitoring, prefetch, workload } = config;
  const shared = {
    ...{ provider, upstreams, images, monitoring, workload, stack },
    ...(prefetch && { prefetch }),
    ...("governance" in config && { governance: config.governance }),
  };
  const planned = await Promise.all(regions.map((region) => planRegion(region, shared)));
  // What is impossible is refused by whoever checks the plans.
  const capacities = planned.map(({ plan: { capacity } }) => capacity && { plan: capacity, problems: [] });
  const refused = planned
    .filter(({ findings: { problems } }) => problems.some(({ path }) => path === "name"))
    .map(({ plan: { region } }) => region.name);
  return { planned, cost: stackCost(config, priceBook, today, capacities, refused) };
}
