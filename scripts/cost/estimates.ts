import { deliveryOf } from "../../components/capacity/demand.ts";
import { capacityOf } from "../../components/capacity/plan-region.ts";
import { type Problem, withinRegions } from "../../components/config/problems.ts";
import { estimateRegion, isBilled, type RegionEstimate } from "../../components/cost/estimate.ts";
import { priceBook } from "../../components/cost/prices/price-book.ts";
import { requestsOf, stackCost } from "../../components/cost/stack-cost.ts";
import type { MonthlyUsage } from "../../components/cost/usage.ts";
import { isTagged } from "../../components/hosts/naming.ts";
import type { Configuration } from "../fleet/configurations.ts";
import type { Inputs } from "./causes.ts";
import type { StackRegion } from "./review.ts";

/** A region's estimate with what it takes to make another one. */
export interface Estimated extends StackRegion {
  readonly inputs: Inputs;
  /** By another usage, with the same machine and disk. */
  readonly by: (usage: Partial<MonthlyUsage>) => RegionEstimate;
  /** Whether the bucket sends the blobs to the nodes, so that the cache doesn't see them. */
  readonly redirected: boolean;
  /** Whether the cloud makes a cluster's nodes without the tags of the stack. */
  readonly nodesUntagged: boolean;
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
  const { workload, upstreams } = config;
  const governance = "governance" in config ? config.governance : undefined;
  const capacities = config.regions.map((region) =>
    isBilled(region) ? capacityOf(region, config) : undefined,
  );
  const { regions, problems, warnings } = stackCost(config, priceBook, today, capacities);
  // A machine or a disk that isn't known: the estimate counts another one in its place.
  const capacityProblems = withinRegions(capacities.map((capacity) => capacity?.problems ?? []));
  return {
    regions: requestsOf(config, priceBook, today, capacities).flatMap((request): Estimated[] => {
      const { region, capacity } = request;
      const estimate = regions[region.name];
      if (!estimate) return [];
      const planned = capacity && isBilled(region) && { region, machine: capacity.plan.machine };
      return [
        {
          stack,
          estimate,
          inputs: { workload, upstreams, ...(planned && { planned }) },
          by: (usage) => estimateRegion({ ...request, usage }),
          redirected: deliveryOf(region.storage) === "redirect",
          nodesUntagged: isBilled(region) && region.topology === "cluster" && !isTagged({ governance }),
        },
      ];
    }),
    problems: [...capacityProblems, ...problems].map((one) => ({ ...one, path: `${path}: ${one.path}` })),
    notes: warnings.map(({ message }) => `${stack}: ${message}.`),
  };
}
