import type { StackConfig } from "./config/schema.ts";
import { priceBook } from "./cost/prices/price-book.ts";
import { stackCost } from "./cost/stack-cost.ts";
import { planRegion } from "./hosts/kinds.ts";

/**
 * What follows from a stack's configuration alone: its regions, in the order of that, and what they cost.
 * @param stack its name, without organization
 * @param today `2026-11-24`, for the age of prices
 */
export async function planStack(config: StackConfig, stack: string, today: string) {
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
