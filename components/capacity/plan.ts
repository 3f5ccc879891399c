/** Plans the disk and the machine of a region's cache from the workload, for both the hosts and the cost estimate. */
import type { Problem } from "../config/problems.ts";
import type { Upstream, Workload } from "../config/schema.ts";
import { isZot } from "../config/upstream.ts";
import { deliveryOf, demandOf, iopsFor, type StorageKind } from "./demand.ts";
import { disks, diskTypeIn, toMbps } from "./disk.ts";
import { type Limit, onDiskMbps, type Setting } from "./limits.ts";
import type { MachineType } from "./machine.ts";
import { machineNamed } from "./machines.ts";
import { type PlannedDisk, planDisk } from "./plan-disk.ts";
import { type MachineRequest, planMachine } from "./plan-machine.ts";

export interface CapacityRequest extends Omit<Setting, "demand" | "diskType"> {
  /** The part of a region with `topology: vm` that affects its capacity. */
  readonly region: {
    readonly name: string;
    readonly machine: MachineRequest;
    readonly storage:
      | { readonly kind: "disk"; readonly sizeGiB: number | "auto" }
      | Extract<StorageKind, { kind: "bucket" }>;
  };
  readonly workload: Workload;
}

/** The part of the upstreams that affects the capacity. */
export function upstreamsOf(upstreams: readonly Upstream[]): Pick<CapacityRequest, "upstreams" | "zot"> {
  return { upstreams: upstreams.length, zot: upstreams.filter(isZot).length };
}

/** Plain JSON. */
export interface CapacityPlan {
  readonly machine: MachineType;
  readonly disk: PlannedDisk;
  /** The limits of machine and disk. Only those of the disk if the machine's are unknown. */
  readonly limits: readonly Limit[];
  /** Where the plan is too small for the workload: the setting, as a path within the region, and a better value. */
  readonly warnings: readonly Problem[];
}

export interface Capacity {
  /** The plan. If there are problems, the closest plan to the configuration that is possible. */
  readonly plan: CapacityPlan;
  /** What is impossible, each with its path within the region. */
  readonly problems: readonly Problem[];
}

/** What each machine must serve. */
export function settingOf({ region, workload, ...setting }: CapacityRequest): Setting {
  const demand = demandOf(workload, deliveryOf(region.storage));
  return { ...setting, demand, diskType: setting.disk?.type ?? diskTypeIn(setting.cloud, region.name) };
}

/** Plans a region's capacity. */
export function planCapacity(request: CapacityRequest): Capacity {
  const { cloud, region, workload, zot = 0 } = request;
  const { storage } = region;
  const setting = settingOf(request);
  const { diskType } = setting;
  const machine = planMachine(region.machine, region.name, setting);
  const path = machine.limits.find((limit) => limit.name === "machine's disk throughput");
  const mbps = onDiskMbps(machineNamed(cloud, machine.machine.type), setting);
  const asked = storage.kind === "disk" ? storage.sizeGiB : "auto";
  const carriedMbps = Math.min(mbps, path?.available ?? mbps);
  const { disk, ...found } = request.disk
    ? { disk: request.disk, problems: [], warnings: [] }
    : planDisk(asked, diskType, workload, deliveryOf(storage), carriedMbps, zot > 0);
  const throughputMbps = toMbps(disk.throughput, disks[diskType].unit);
  return {
    plan: {
      machine: { type: machine.machine.type, architecture: machine.machine.architecture },
      disk,
      limits: [
        ...machine.limits,
        { name: "disk throughput", required: mbps, available: throughputMbps, unit: "Mbps" },
        { name: "disk IOPS", required: iopsFor(mbps), available: disk.iops, unit: "IOPS" },
      ],
      warnings: [...machine.warnings, ...found.warnings],
    },
    problems: [...machine.problems, ...found.problems],
  };
}
