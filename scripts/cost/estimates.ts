import type { Capacity } from "../../components/capacity/plan.ts";
import { capacityOf } from "../../components/capacity/plan-region.ts";
import { type Problem, withinRegions } from "../../components/config/problems.ts";
import type { AnyRegion, StackConfig } from "../../components/config/schema.ts";
import { isBilled, type RegionEstimate } from "../../components/cost/estimate.ts";
import { priceBook } from "../../components/cost/prices/price-book.ts";
import { stackCost } from "../../components/cost/stack-cost.ts";
import type { Configuration } from "../fleet/configurations.ts";

/** A region's estimate and whose it is. */
export interface StackRegion {
  readonly stack: string;
  readonly estimate: RegionEstimate;
}

/** The same with what it follows from. */
export interface Estimated extends StackRegion {
  readonly region: AnyRegion;
  readonly config: StackConfig;
  /** Undefined where it isn't in a cloud. */
  readonly capacity: Capacity | undefined;
}

/** The regions of a stack, or of several. */
export interface Estimates {
  readonly regions: readonly Estimated[];
  /** What a preview would refuse, with paths that start with a file's. */
  readonly problems: readonly Problem[];
  /** What it would only say. */
  readonly notes: readonly string[];
}

/** @param today `2026-11-24` */
export function estimatesOf({ stack, path, config }: Configuration, today: string): Estimates {
  const capacities = config.regions.map((region) =>
    isBilled(region) ? capacityOf(region, config) : undefined,
  );
  const { regions, problems, warnings } = stackCost(config, priceBook, today, capacities);
  // A machine or a disk that isn't known: the estimate counts another one in its place.
  const capacityProblems = withinRegions(capacities.map((capacity) => capacity?.problems ?? []));
  return {
    regions: config.regions.flatMap((region, index) => {
      const estimate = regions[region.name];
      return estimate ? [{ stack, estimate, region, config, capacity: capacities[index] }] : [];
    }),
    problems: [...capacityProblems, ...problems].map((one) => ({ ...one, path: `${path}: ${one.path}` })),
    notes: warnings.map(({ message }) => `${stack}: ${message}.`),
  };
}

/** What a region is called among those of all stacks: mostly its stack has its name already. */
export function nameOf({ stack, estimate: { region } }: StackRegion): string {
  return stack.endsWith(region) ? stack : `${stack}, ${region}`;
}

export function isSameRegion(one: StackRegion, other: StackRegion): boolean {
  return one.stack === other.stack && one.estimate.region === other.estimate.region;
}
