import * as pulumi from "@pulumi/pulumi";
import type { LoadedConfig } from "./config/load.ts";
import { moreMayFollow, withinRegions } from "./config/problems.ts";
import { refuse, warn } from "./config/refuse.ts";
import { configWarnings } from "./config/warnings.ts";
import { priceBook } from "./cost/prices/price-book.ts";
import { type StackCost, stackCost } from "./cost/stack-cost.ts";
import { planRegion } from "./hosts/kinds.ts";
import { RegionalCache } from "./regional-cache.ts";

export interface Caches {
  /** By the region's name. */
  readonly regions: Readonly<Record<string, RegionalCache>>;
  /** What each costs in a month, by estimate: docs/cost.md. */
  readonly cost: StackCost["regions"];
}

/**
 * The caches of all regions of a stack: planned, looked up at the provider, and only then made. What is wrong in any region is said of all of them at once, before there
 * is anything.
 *
 * @param options of each region's component
 * @throws pulumi.RunError with all problems, which Pulumi shows without a stack trace.
 */
export async function createCaches(
  { stack, secrets }: LoadedConfig,
  options: pulumi.ComponentResourceOptions = {},
): Promise<Caches> {
  const { regions, provider, upstreams, images, monitoring, workload } = stack;
  const shared = { provider, upstreams, images, monitoring, workload, stack: pulumi.getStack() };
  const planned = await Promise.all(regions.map((region) => planRegion(region, shared)));
  const capacities = planned.map(({ plan: { capacity } }) => capacity && { plan: capacity, problems: [] });
  const cost = stackCost(stack, priceBook, new Date().toISOString().slice(0, 10), capacities);
  warn([...configWarnings(stack), ...cost.warnings]);

  const preflights = await Promise.all(planned.map((region) => region.preflight()));
  const problems = planned.map((region, index) => [
    ...region.problems,
    ...(preflights[index]?.problems ?? []),
  ]);
  for (const [index, { plan, warnings }] of planned.entries())
    warn([...warnings, ...(preflights[index]?.warnings ?? [])], plan.region.name);
  const isAsked = planned.some(({ hasProvider }) => hasProvider);
  refuse([...withinRegions(problems), ...cost.problems], isAsked ? moreMayFollow.lookUp : undefined);

  const found = await Promise.all(planned.map((region) => region.lookUp()));
  refuse(withinRegions(found.map(({ problems }) => problems)));

  const made = found.map((one) => {
    const own = one.providers.length > 0 ? { ...options, providers: [...one.providers] } : options;
    return [one.plan.region.name, new RegionalCache({ found: one, secrets }, own)] as const;
  });
  return { regions: Object.fromEntries(made), cost: cost.regions };
}
