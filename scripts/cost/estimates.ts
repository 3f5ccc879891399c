import { deliveryOf } from "../../components/capacity/demand.ts";
import { capacityOf } from "../../components/capacity/plan-region.ts";
import { type Problem, withinRegions } from "../../components/config/problems.ts";
import type { Compared } from "../../components/cost/alternatives.ts";
import { budgetFindings } from "../../components/cost/budget.ts";
import { estimateRegion, isBilled, optionsOf, type RegionEstimate } from "../../components/cost/estimate.ts";
import { priceBook } from "../../components/cost/prices/price-book.ts";
import type { MonthlyUsage } from "../../components/cost/usage.ts";
import type { Inputs } from "./causes.ts";
import type { Configuration } from "./configurations.ts";
import type { StackRegion } from "./review.ts";

/** A region's estimate with what it takes to make another one. */
export interface Estimated extends StackRegion {
  readonly inputs: Inputs;
  /** By another usage, with the same machine and disk. */
  readonly by: (usage: Partial<MonthlyUsage>) => RegionEstimate;
  /** The ways to serve it, by what the nodes pull; undefined where there is no cloud bill. */
  readonly optionsBy: ((pulledGiB: number) => readonly Compared[]) | undefined;
  /** Whether the bucket sends the blobs to the nodes, so that the cache doesn't see them. */
  readonly redirected: boolean;
}

/** A stack's regions, by its configuration. */
export interface StackEstimates {
  readonly regions: readonly Estimated[];
  /** What a preview would refuse, with paths that start with the file's. */
  readonly problems: readonly Problem[];
  /** What it would only say. */
  readonly notes: readonly string[];
}

/** @param today `2026-11-24` */
export function estimatesOf({ stack, path, config }: Configuration, today: string): StackEstimates {
  const { provider, workload, upstreams, cost: settings, budget } = config;
  const capacities = config.regions.map((region) =>
    isBilled(region) ? capacityOf(region, config) : undefined,
  );
  const regions = config.regions.map((region, index): Estimated => {
    const shared = { provider, workload, upstreams, settings, prices: priceBook, today };
    const request = { ...shared, region, capacity: capacities[index] };
    const by = (usage: Partial<MonthlyUsage>) => estimateRegion({ ...request, usage });
    const plan = capacities[index]?.plan;
    const planned = plan && isBilled(region) ? { region, machine: plan.machine } : undefined;
    const inputs = { workload, upstreams, ...(planned && { planned }) };
    const redirected = deliveryOf(region.storage) === "redirect";
    return { stack, inputs, estimate: by({}), by, optionsBy: optionsOf(request), redirected };
  });
  // A machine or a disk that isn't known: the estimate counts another one in its place.
  const capacityProblems = withinRegions(capacities.map((capacity) => capacity?.problems ?? []));
  const { problems, warnings } = budgetFindings(
    regions.map(({ estimate }) => estimate),
    budget,
  );
  return {
    regions,
    problems: [...capacityProblems, ...problems].map((one) => ({
      ...one,
      path: `${path}: ${one.path}`,
    })),
    notes: warnings.map(({ message }) => `${stack}: ${message}.`),
  };
}
