import type { StackConfig } from "./config/schema.ts";
import { priceBook } from "./cost/prices/price-book.ts";
import { stackCost } from "./cost/stack-cost.ts";
import { planRegion } from "./hosts/kinds.ts";

/**
 * Plans a stack from its configuration alone: its regions, in the order of the configuration, and their cost.
 * @param stack the stack's name, without organization
 * @param today like `2026-11-24`, from which the age of prices is computed
 */
export async function planStack(config: StackConfig, stack: string, today: string) {
  const { regions, ...shared } = config;
  const planned = await Promise.all(regions.map((region) => planRegion(region, { ...shared, stack })));
  // The caller reports the problems of the plans, so the estimate doesn't repeat them.
  const capacities = planned.map(({ plan: { capacity } }) => capacity && { plan: capacity, problems: [] });
  const refused = planned
    .filter(({ findings: { problems } }) => problems.some(({ path }) => path === "name"))
    .map(({ plan: { region } }) => region.name);
  return { planned, cost: stackCost(config, priceBook, today, capacities, refused) };
}
