import type { Capacity } from "../../components/capacity/plan.ts";
import { capacityOf } from "../../components/capacity/plan-region.ts";
import { type Problem, withinRegions } from "../../components/config/problems.ts";
import type { AnyRegion, StackConfig } from "../../components/config/schema.ts";
import { isBilled, type RegionEstimate } from "../../components/cost/estimate.ts";
import { priceBook } from "../../components/cost/prices/price-book.ts";
import { stackCost } from "../../components/cost/stack-cost.ts";
import type { Configuration } from "../fleet/configurations.ts";

/** A region's estimate, with the region's stack. */
export interface StackRegion {
  readonly stack: string;
  readonly estimate: RegionEstimate;
}

/** An estimate with its inputs. */
export interface Estimated extends StackRegion {
  readonly region: AnyRegion;
  readonly config: StackConfig;
  /** Undefined if the region isn't in a cloud. */
  readonly capacity: Capacity | undefined;
}

/** The regions of one or several stacks. */
export interface Estimates {
  readonly regions: readonly Estimated[];
  /** What a preview would refuse. Paths start with a file's path. */
  readonly problems: readonly Problem[];
  /** What a preview would only warn about. */
  readonly notes: readonly string[];
}

/** @param today like `2026-11-24` */
export function estimatesOf({ stack, path, config }: Configuration, today: string): Estimates {
  const capacities = config.regions.map((region) =>
    isBilled(region) ? capacityOf(region, config) : undefined,
  );
  const { regions, problems, warnings } = stackCost(config, priceBook, today, capacities);
  // For an unknown machine or disk, the estimate counts another one instead.
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

/** A region's name among the regions of all stacks. Usually the stack's name already contains it. */
export function nameOf({ stack, estimate: { region } }: StackRegion): string {
  return stack.endsWith(region) ? stack : `${stack}, ${region}`;
}

export function isSameRegion(one: StackRegion, other: StackRegion): boolean {
  return one.stack === other.stack && one.estimate.region === other.estimate.region;
}
