import type { Problem } from "../config/problems.ts";
import type { Workload } from "../config/schema.ts";
import { diskBudget } from "../pod/edge/budget.ts";
import { type Delivery, iopsFor } from "./demand.ts";
import {
  type Disk,
  disks,
  diskTypesIn,
  fromMbps,
  mostOf,
  type Performance,
  type ProvisionedDisk,
  type ThroughputUnit,
  type TieredDisk,
  toMbps,
} from "./disk.ts";
import type { Cloud, DiskPath, DiskType } from "./machine.ts";
import { number, quantity } from "./text.ts";

/** What the configuration says of the disk of a region. */
export interface DiskRequest {
  readonly sizeGiB: number | "auto";
  /** @default the best that the region offers */
  readonly type?: DiskType;
  /** @default from the workload */
  readonly iops?: number;
  /** In the disk's own unit. @default from the workload */
  readonly throughput?: number;
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

/**
 * The type of a region's disk.
 * @returns a problem if the region doesn't offer what was asked for.
 */
export function planDiskType(
  { type }: DiskRequest,
  cloud: Cloud,
  region: string,
): { type: DiskType; problems: [] } | { type?: never; problems: Problem[] } {
  const offered = diskTypesIn(cloud, region);
  if (type === undefined) return { type: offered[0], problems: [] };
  if (offered.includes(type)) return { type, problems: [] };
  const message = `${type} isn't offered in ${region}; there: ${offered.join(", ")}`;
  return { problems: [{ path: "storage.type", message }] };
}

export interface DiskNeed {
  readonly contentGiB: number;
  /** Why so much. */
  readonly contentReason: string;
  readonly mbps: number;
}

/**
 * Size, IOPS and throughput of a disk of a given type, from the workload or as given, checked against the same.
 * @param path the machine's way to the disk: what it can't carry isn't worth paying for.
 */
export function planDisk(
  request: DiskRequest,
  type: DiskType,
  need: DiskNeed,
  path: DiskPath,
): { choice: DiskChoice; problems: [] } | { choice?: never; problems: Problem[] } {
  const disk = disks[type];
  const problems = [
    ...outside("storage.size", request.sizeGiB, {
      least: disk.leastGiB,
      most: disk.mostGiB,
      unit: "GiB",
      what: disk.label,
    }),
    ...performanceProblems(request, disk),
  ];
  if (problems.length > 0) return { problems };

  const wantedGiB = sizeFor(need.contentGiB);
  const sizeGiB =
    request.sizeGiB === "auto" ? automaticSize(disk, wantedGiB, need.mbps, path) : request.sizeGiB;
  const performance =
    disk.performance === "tiered"
      ? tierOf(disk, sizeGiB)
      : provisioned(disk, request, sizeGiB, Math.min(need.mbps, path.sustainedMbps));
  const planned: PlannedDisk = {
    type,
    sizeGiB,
    iops: performance.iops,
    throughput: performance.throughput,
    throughputUnit: disk.unit,
  };
  return {
    choice: {
      disk: planned,
      reasons: [sizeReason(request, planned, wantedGiB, need), performanceReason(planned, disk, need)],
      warnings: [
        ...sizeWarnings(planned, disk, wantedGiB, need),
        ...performanceWarnings(planned, disk, need, path),
      ],
    },
    problems: [],
  };
}

function automaticSize(disk: Disk, wantedGiB: number, mbps: number, path: DiskPath): number {
  if (disk.performance === "provisioned") return Math.min(wantedGiB, disk.mostGiB);
  const carried = Math.min(mbps, path.sustainedMbps);
  const large = disk.tiers.filter((tier) => tier.sizeGiB >= wantedGiB);
  const fast = large.find(
    (tier) => tier.throughput >= fromMbps(carried, disk.unit) && tier.iops >= iopsFor(carried),
  );
  return (fast ?? large[0])?.sizeGiB ?? disk.mostGiB;
}

function tierOf({ tiers, label }: TieredDisk, sizeGiB: number): Performance {
  const tier = tiers.find((candidate) => candidate.sizeGiB >= sizeGiB);
  if (!tier) throw new RangeError(`no ${label} of ${sizeGiB} GiB`);
  return tier;
}

/** What is free is always set; more only as far as it is needed. */
function provisioned(
  disk: ProvisionedDisk,
  request: DiskRequest,
  sizeGiB: number,
  mbps: number,
): Performance {
  const most = mostOf(disk, sizeGiB);
  const throughput =
    request.throughput ??
    Math.min(Math.max(disk.free.throughput, fromMbps(mbps, disk.unit)), most.throughput);
  const iops =
    request.iops ??
    Math.min(
      Math.max(disk.free.iops, iopsFor(mbps), Math.ceil(throughput / disk.throughputPerIops)),
      most.iops,
    );
  return { iops, throughput };
}

function performanceProblems(request: DiskRequest, disk: Disk): Problem[] {
  const { iops, throughput, sizeGiB } = request;
  if (disk.performance === "tiered") {
    return (["iops", "throughput"] as const)
      .filter((name) => request[name] !== undefined)
      .map((name) => ({
        path: `storage.${name}`,
        message: `can't be set: on ${disk.label} it follows from the size`,
      }));
  }
  const most = mostOf(disk, sizeGiB === "auto" ? disk.mostGiB : sizeGiB);
  const what = sizeGiB === "auto" ? disk.label : `${disk.label} of ${quantity(sizeGiB, "GiB")}`;
  const byIops = iops === undefined ? most.throughput : Math.floor(iops * disk.throughputPerIops);
  return [
    ...outside("storage.iops", iops, { least: disk.free.iops, most: most.iops, unit: "IOPS", what }),
    ...outside("storage.throughput", throughput, {
      least: disk.free.throughput,
      most: Math.min(most.throughput, byIops),
      unit: disk.unit,
      what: byIops < most.throughput ? `${what} with ${quantity(iops ?? 0, "IOPS")}` : what,
    }),
  ];
}

interface Range {
  readonly least: number;
  readonly most: number;
  readonly unit: string;
  /** What has this range. */
  readonly what: string;
}

function outside(
  path: string,
  value: number | "auto" | undefined,
  { least, most, unit, what }: Range,
): Problem[] {
  if (value === undefined || value === "auto" || (value >= least && value <= most)) return [];
  return [{ path, message: `is ${number(value)}: ${what} has ${number(least)} to ${quantity(most, unit)}` }];
}

function sizeReason(request: DiskRequest, planned: PlannedDisk, wantedGiB: number, need: DiskNeed): string {
  const size = `Disk: ${quantity(planned.sizeGiB, "GiB")}`;
  if (request.sizeGiB !== "auto")
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

function sizeWarnings(planned: PlannedDisk, disk: Disk, wantedGiB: number, need: DiskNeed): Problem[] {
  const { sizeGiB } = planned;
  const holdsGiB = diskBudget(sizeGiB).blobsMiB / 1024;
  if (holdsGiB >= need.contentGiB) return [];
  const way =
    wantedGiB <= disk.mostGiB
      ? `better: ${wantedGiB}GiB`
      : `one disk has at most ${disk.mostGiB}GiB: use a bucket (\`storage: { kind: bucket }\`)`;
  const message = `${quantity(sizeGiB, "GiB")} hold ${number(holdsGiB)} of ${need.contentReason}: the rest is fetched again; ${way}`;
  return [{ path: "storage.size", message }];
}

function performanceWarnings(planned: PlannedDisk, disk: Disk, need: DiskNeed, path: DiskPath): Problem[] {
  const { throughput, iops } = planned;
  const { unit } = disk;
  // What the machine can't carry is the machine's shortfall, not the disk's.
  const carried = Math.min(need.mbps, path.sustainedMbps);
  const free = disk.performance === "provisioned" ? disk.free.throughput : throughput;
  const useful = Math.max(free, fromMbps(path.sustainedMbps, unit));
  const at = disk.performance === "tiered" ? "storage.size" : undefined;
  const warnings: Problem[] = [];
  if (toMbps(throughput, unit) < carried) {
    const message = `${quantity(throughput, unit)} are less than the ${number(fromMbps(carried, unit))} needed; better: ${wayOut(disk, carried)}`;
    warnings.push({ path: at ?? "storage.throughput", message });
  }
  if (throughput > useful) {
    const message = `the machine sustains ${quantity(fromMbps(path.sustainedMbps, unit), unit)} to its disk, so ${number(throughput)} buy nothing in the long run; better: ${useful}`;
    warnings.push({ path: "storage.throughput", message });
  }
  if (iops < iopsFor(carried)) {
    const message = `${quantity(iops, "IOPS")} are less than the ${number(iopsFor(carried))} needed; better: a larger disk`;
    warnings.push({ path: at ?? "storage.iops", message });
  }
  return warnings;
}

function wayOut(disk: Disk, mbps: number): string {
  const needed = fromMbps(mbps, disk.unit);
  if (disk.performance === "provisioned") return String(Math.min(needed, disk.most.throughput));
  const tier = disk.tiers.find(({ throughput }) => throughput >= needed);
  return tier ? `${tier.sizeGiB}GiB` : "another type of disk";
}
