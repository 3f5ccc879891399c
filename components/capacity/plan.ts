/** Disk and machine of a region's cache, from the workload: what the hosts create, the README explains and the cost estimate counts. */
import type { Problem } from "../config/problems.ts";
import type { Workload } from "../config/schema.ts";
import { type Delivery, type Demand, demandOf, diskMbps, iopsFor } from "./demand.ts";
import { diskTypeIn, toMbps } from "./disk.ts";
import { type Limit, machineLimits, pageCacheGiB, type Setting, withBinding } from "./limits.ts";
import type { Cloud, MachineType } from "./machine.ts";
import {
  contentGiB,
  type DiskNeed,
  type DiskRequest,
  growthMonths,
  type PlannedDisk,
  planDisk,
} from "./plan-disk.ts";
import { type MachineRequest, memoryReason, planMachine } from "./plan-machine.ts";
import { number, quantity } from "./text.ts";

export interface CapacityRequest {
  readonly cloud: Cloud;
  /** The part of a region with `topology: vm` that matters here. */
  readonly region: {
    readonly name: string;
    readonly machine: MachineRequest;
    readonly storage:
      | (DiskRequest & { readonly kind: "disk" })
      | { readonly kind: "bucket"; readonly delivery: "proxied" | "redirect" };
  };
  readonly workload: Workload;
  /** How many registries the cache serves, at least 1: each takes memory. */
  readonly upstreams: number;
  /** Types of machine that the cloud doesn't sell where this one is to be: `auto` takes none of them. @default none */
  readonly unavailable?: readonly string[] | undefined;
}

/** Plain JSON. */
export interface CapacityPlan {
  readonly machine: PlannedMachine;
  readonly disk: PlannedDisk;
  readonly demand: Demand;
  /** Of machine and disk together, with the one that binds. Of the disk alone, where the machine's aren't known. */
  readonly limits: readonly Limit[];
  /** Why each figure is what it is, a sentence each. */
  readonly reasons: readonly string[];
  /** Where the plan falls short of the workload: the setting, as a path within the region, and a better value. */
  readonly warnings: readonly Problem[];
}

export interface PlannedMachine extends MachineType {
  /** What the plan counts on for cached files: nothing of a machine whose limits aren't known. */
  readonly pageCacheGiB: number;
}

/**
 * Plans a region's capacity.
 * @returns the plan; or what is impossible, each problem with its path within the region.
 */
export function planCapacity({
  cloud,
  region,
  workload,
  upstreams,
  unavailable,
}: CapacityRequest): { plan: CapacityPlan; problems: [] } | { plan?: never; problems: Problem[] } {
  const { storage } = region;
  const delivery: Delivery = storage.kind === "disk" ? "disk" : storage.delivery;
  const diskRequest: DiskRequest = storage.kind === "disk" ? storage : { sizeGiB: "auto" };
  const demand = demandOf(workload, delivery);

  const diskType = diskTypeIn(cloud, region.name);
  const setting: Setting = { cloud, demand, diskType, upstreams, unavailable };
  const { choice: chosen, problems: machineProblems } = planMachine(region.machine, region.name, setting);
  if (!chosen) return { problems: machineProblems };
  const { machine, figures } = chosen;
  const cacheGiB = figures ? pageCacheGiB(figures, upstreams) : 0;
  const need: DiskNeed = {
    contentGiB: contentGiB(workload, delivery),
    contentReason: contentReason(workload, delivery),
    mbps: diskMbps(demand, cacheGiB),
  };
  const diskPath = figures?.diskPath[diskType];
  const carriedMbps = Math.min(need.mbps, diskPath?.sustainedMbps ?? need.mbps);
  const { choice: diskChoice, problems: diskProblems } = planDisk(diskRequest, diskType, need, carriedMbps);
  if (!diskChoice) return { problems: diskProblems };
  const { disk } = diskChoice;

  const limits = withBinding([
    ...(figures ? machineLimits(figures, setting) : []),
    {
      name: "disk throughput",
      required: need.mbps,
      available: toMbps(disk.throughput, disk.throughputUnit),
      unit: "Mbps",
    },
    { name: "disk IOPS", required: iopsFor(need.mbps), available: disk.iops, unit: "IOPS" },
  ]);
  return {
    plan: {
      machine: { type: machine.type, architecture: machine.architecture, pageCacheGiB: cacheGiB },
      disk,
      demand,
      limits,
      reasons: [
        ...chosen.reasons,
        ...(figures ? [memoryReason(figures, upstreams, demand.hotSetGiB, cacheGiB)] : []),
        ...diskChoice.reasons,
        ...limits.filter(({ binding }) => binding).map(bindingReason),
      ],
      warnings: [...chosen.warnings, ...diskChoice.warnings],
    },
    problems: [],
  };
}

function contentReason(
  { workingSetGiB, growthGiBPerMonth, pullsPerNodeGiB }: Workload,
  delivery: Delivery,
): string {
  switch (delivery) {
    case "disk":
      return `${quantity(workingSetGiB, "GiB")} in use and ${growthMonths} months of ${quantity(growthGiBPerMonth, "GiB")}`;
    case "proxied":
      return `the edge's own cache of the hottest, several times the ${quantity(pullsPerNodeGiB, "GiB")} of a node`;
    case "redirect":
      return "manifests, metrics and certificates";
  }
}

function bindingReason({ name, required, available, unit }: Limit): string {
  return `The tightest limit is the ${name}: ${number(required)} of ${quantity(available, unit)}.`;
}
