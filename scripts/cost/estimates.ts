import { planCapacity } from "../../components/capacity/plan.ts";
import { type Problem, within } from "../../components/config/problems.ts";
import type { StackConfig } from "../../components/config/schema.ts";
import type { Alternative } from "../../components/cost/alternatives.ts";
import { budgetFindings } from "../../components/cost/budget.ts";
import {
  estimateRegion,
  type MonthlyUsage,
  optionsOf,
  type RegionEstimate,
} from "../../components/cost/estimate.ts";
import { priceBook } from "../../components/cost/prices/price-book.ts";
import type { Configuration } from "./configurations.ts";
import type { StackRegion } from "./review.ts";

/** A region's estimate with what it takes to make another one. */
export interface Estimated extends StackRegion {
  /** By another usage, with the same machine and disk. */
  readonly by: (usage: Partial<MonthlyUsage>) => RegionEstimate;
  /** The ways to serve it by another usage. */
  readonly optionsBy: (usage: Partial<MonthlyUsage>) => readonly Alternative[] | undefined;
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
  const regions = config.regions.map((region): Estimated => {
    const request = { provider, region, workload, upstreams, settings, prices: priceBook, today };
    const by = (usage: Partial<MonthlyUsage>) => estimateRegion({ ...request, usage });
    const optionsBy = (usage: Partial<MonthlyUsage>) => optionsOf({ ...request, usage });
    const { storage } = region;
    const redirected = storage.kind === "bucket" && storage.delivery === "redirect";
    return { stack, estimate: by({}), by, optionsBy, redirected };
  });
  const { problems, warnings } = budgetFindings(
    regions.map(({ estimate }) => estimate),
    budget,
  );
  return {
    regions,
    problems: [...capacityProblems(config), ...problems].map((one) => ({
      ...one,
      path: `${path}: ${one.path}`,
    })),
    notes: warnings.map(({ message }) => `${stack}: ${message}.`),
  };
}

/** A machine or a disk that isn't known: the estimate counts another one in its place. */
function capacityProblems({ provider, regions, workload, upstreams }: StackConfig): Problem[] {
  return regions.flatMap((region, index) => {
    if ((provider !== "aws" && provider !== "azure") || !("machine" in region)) return [];
    const request = { cloud: provider, region, workload, upstreams: upstreams.length };
    return within(`regions[${index}]`, planCapacity(request).problems);
  });
}
