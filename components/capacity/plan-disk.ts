import type { Problem } from "../config/problems.ts";
import type { Workload } from "../config/schema.ts";
import { diskBudget } from "../pod/edge/budget.ts";
import { type Delivery, iopsFor } from "./demand.ts";
import {
  type Disk,
  disks,
  fromMbps,
  mostOf,
  type Performance,
  type ProvisionedDisk,
  type ThroughputUnit,
  type TieredDisk,
  toMbps,
} from "./disk.ts";
import type { DiskType } from "./machine.ts";
import { number, quantity } from "./text.ts";

/** What the configuration says of the disk of a region. */
export interface DiskRequest {
  readonly sizeGiB: number | "auto";
}

export interface PlannedDisk extends Performance {
  readonly type: DiskType;
  readonly sizeGiB: number;
  /** MiB/s on AWS, MB/s on Azure: what their interfaces take. */
  readonly throughputUnit: ThroughputUnit;
}

export interface DiskChoice {
  readonly disk: PlannedDisk;
  readonly reasons: string[];
  readonly warnings: Problem[];
}

const path = "storage.size";

/** How long the disk is to suffice without being grown. Then the least recently used goes, and the disk can be grown in place. */
export const growthMonths = 6;

/** Of a bucket's content, the edge keeps as many hot sets: of the last releases. */
const hotSetsAtTheEdge = 4;

/** Sizes are multiples, so that a small change of the workload doesn't change the disk; and there is always this for metrics and certificates. */
const stepGiB = 10;
const leastGiB = 20;

/** What the cache is to hold, in GiB. */
export function contentGiB(workload: Workload, delivery: Delivery): number {
  switch (delivery) {
    case "disk":
      return workload.workingSetGiB + growthMonths * workload.growthGiBPerMonth;
    case "proxied":
      return hotSetsAtTheEdge * workload.pullsPerNodeGiB;
    case "redirect":
      return 0;
  }
}

/** The smallest disk whose share for blobs holds the content: {@link diskBudget} takes the rest. */
export function sizeFor(contentGiB: number): number {
  let sizeGiB = leastGiB;
  for (;;) {
    const missingGiB = contentGiB - diskBudget(sizeGiB).blobsMiB / 1024;
    if (missingGiB <= 0) return sizeGiB;
    sizeGiB += Math.ceil(missingGiB / stepGiB) * stepGiB;
  }
}

export interface DiskNeed {
  readonly contentGiB: number;
  /** Why so much. */
  readonly contentReason: string;
  readonly mbps: number;
}

/**
 * A disk of a given type: its size from the workload or as given, IOPS and throughput from the workload.
 * @param carriedMbps what the machine carries of the need: more isn't worth paying for.
 */
export function planDisk(
  { sizeGiB }: DiskRequest,
  type: DiskType,
  need: DiskNeed,
  carriedMbps: number,
): { choice: DiskChoice; problems: [] } | { choice?: never; problems: Problem[] } {
  const disk = disks[type];
  const { label, leastGiB, mostGiB, unit } = disk;
  if (sizeGiB !== "auto" && (sizeGiB < leastGiB || sizeGiB > mostGiB)) {
    const message = `is ${number(sizeGiB)}: ${label} has ${number(leastGiB)} to ${quantity(mostGiB, "GiB")}`;
    return { problems: [{ path, message }] };
  }
  const wantedGiB = sizeFor(need.contentGiB);
  const automaticGiB = automaticSize(disk, wantedGiB, carriedMbps);
  const plannedGiB = sizeGiB === "auto" ? automaticGiB : sizeGiB;
  const { iops, throughput } = performanceOf(disk, plannedGiB, carriedMbps);
  const planned: PlannedDisk = { type, sizeGiB: plannedGiB, iops, throughput, throughputUnit: unit };
  return {
    choice: {
      disk: planned,
      reasons: [sizeReason(sizeGiB, planned, wantedGiB, need), performanceReason(planned, disk, need)],
      warnings: [
        ...sizeWarnings(planned, automaticGiB, need),
        ...speedWarnings(planned, automaticGiB, carriedMbps),
      ],
    },
    problems: [],
  };
}

/** The smallest size that holds the content and is fast enough; where none is, one that holds the content. */
function automaticSize(disk: Disk, wantedGiB: number, mbps: number): number {
  if (disk.performance === "provisioned") {
    const fastGiB = Math.ceil(iopsToSet(disk, mbps) / disk.iopsPerGiB);
    return Math.min(Math.max(wantedGiB, Math.ceil(fastGiB / stepGiB) * stepGiB), disk.mostGiB);
  }
  const large = disk.tiers.filter((tier) => tier.sizeGiB >= wantedGiB);
  return (large.find((tier) => isFastEnough(tier, disk.unit, mbps)) ?? large[0])?.sizeGiB ?? disk.mostGiB;
}

function isFastEnough({ throughput, iops }: Performance, unit: ThroughputUnit, mbps: number): boolean {
  return toMbps(throughput, unit) >= mbps && iops >= iopsFor(mbps);
}

function performanceOf(disk: Disk, sizeGiB: number, mbps: number): Performance {
  return disk.performance === "tiered" ? tierOf(disk, sizeGiB) : provisioned(disk, sizeGiB, mbps);
}

function tierOf({ tiers, label }: TieredDisk, sizeGiB: number): Performance {
  const tier = tiers.find((candidate) => candidate.sizeGiB >= sizeGiB);
  if (!tier) throw new RangeError(`no ${label} of ${sizeGiB} GiB`);
  return tier;
}

/** What is free is always set; more only as far as it is needed. */
function provisioned(disk: ProvisionedDisk, sizeGiB: number, mbps: number): Performance {
  const most = mostOf(disk, sizeGiB);
  return {
    iops: Math.min(iopsToSet(disk, mbps), most.iops),
    throughput: Math.min(throughputToSet(disk, mbps), most.throughput),
  };
}

function throughputToSet(disk: ProvisionedDisk, mbps: number): number {
  return Math.max(disk.free.throughput, fromMbps(mbps, disk.unit));
}

function iopsToSet(disk: ProvisionedDisk, mbps: number): number {
  const forThroughput = Math.ceil(throughputToSet(disk, mbps) / disk.throughputPerIops);
  return Math.max(disk.free.iops, iopsFor(mbps), forThroughput);
}

function sizeReason(
  requested: DiskRequest["sizeGiB"],
  planned: PlannedDisk,
  wantedGiB: number,
  need: DiskNeed,
): string {
  const size = `Disk: ${quantity(planned.sizeGiB, "GiB")}`;
  if (requested !== "auto")
    return `${size}, as the configuration says; the workload asks for ${number(wantedGiB)}.`;
  if (planned.sizeGiB < wantedGiB) return `${size}, the most there is, for ${need.contentReason}.`;
  const forSpeed = planned.sizeGiB > wantedGiB ? ", the next size that is sold and fast enough" : "";
  return `${size} for ${need.contentReason}, with the edge's reserve${forSpeed}.`;
}

function performanceReason(planned: PlannedDisk, disk: Disk, need: DiskNeed): string {
  const has = `${quantity(planned.throughput, planned.throughputUnit)} and ${quantity(planned.iops, "IOPS")}`;
  const needed = `${quantity(need.mbps, "Mbps")} (${quantity(fromMbps(need.mbps, disk.unit), disk.unit)}) are needed`;
  if (disk.performance === "tiered") return `Disk: ${has} come with the size; ${needed}.`;
  const isFree = planned.throughput === disk.free.throughput && planned.iops === disk.free.iops;
  return `Disk: ${has}${isFree ? ", which are free" : ""}; ${needed}.`;
}

function sizeWarnings(planned: PlannedDisk, automaticGiB: number, need: DiskNeed): Problem[] {
  const holdsGiB = diskBudget(planned.sizeGiB).blobsMiB / 1024;
  if (holdsGiB >= need.contentGiB) return [];
  const message = `${quantity(planned.sizeGiB, "GiB")} hold ${number(holdsGiB)} of ${need.contentReason}: the rest is fetched again; ${wayOut(planned, automaticGiB)}`;
  return [{ path, message }];
}

/** What the machine can't carry is the machine's shortfall, not the disk's. */
function speedWarnings(planned: PlannedDisk, automaticGiB: number, carriedMbps: number): Problem[] {
  const { sizeGiB, throughput, throughputUnit: unit, iops } = planned;
  if (isFastEnough(planned, unit, carriedMbps)) return [];
  const has = `${quantity(throughput, unit)} and ${quantity(iops, "IOPS")}`;
  const needed = `${number(fromMbps(carriedMbps, unit))} and ${number(iopsFor(carriedMbps))} are needed`;
  const message = `${quantity(sizeGiB, "GiB")} have ${has}, and ${needed}; ${wayOut(planned, automaticGiB)}`;
  return [{ path, message }];
}

function wayOut({ sizeGiB, type }: PlannedDisk, automaticGiB: number): string {
  return automaticGiB > sizeGiB
    ? `better: ${automaticGiB}GiB`
    : `no single ${disks[type].label} disk does better: use a bucket (\`storage: { kind: bucket }\`)`;
}
