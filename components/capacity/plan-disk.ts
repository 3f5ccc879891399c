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
  tierOf,
  toMbps,
} from "./disk.ts";
import type { DiskType } from "./machine.ts";
import { number, quantity } from "./text.ts";

export interface PlannedDisk extends Performance {
  readonly type: DiskType;
  readonly sizeGiB: number;
}

const path = "storage.size";

/** How long the disk holds the growing content. After that, the cache evicts the least recently used content, and the disk can be grown in place. */
const growthMonths = 6;

/** The number of hot sets of a bucket that the edge keeps: those of the latest releases. */
const hotSetsAtTheEdge = 4;

/** Sizes are multiples of a step, so that a small change of the workload doesn't change the disk. The minimum has space for metrics and certificates. */
const stepGiB = 10;
const leastGiB = 20;

/** The disk space that the blobs need, in GiB. With zot, this is twice the content, because zot stores a second copy. */
function blobsGiB(workload: Workload, delivery: Delivery, hasZot: boolean): number {
  return (hasZot ? 2 : 1) * contentGiB(workload, delivery);
}

/** The content that the cache should hold, in GiB. */
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

function contentText(
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

/** The smallest disk whose share for blobs holds the content. {@link diskBudget} uses the rest for other purposes. */
export function sizeFor(contentGiB: number): number {
  let sizeGiB = leastGiB;
  for (;;) {
    const missingGiB = contentGiB - diskBudget(sizeGiB).blobsMiB / 1024;
    if (missingGiB <= 0) return sizeGiB;
    sizeGiB += Math.ceil(missingGiB / stepGiB) * stepGiB;
  }
}

/**
 * Plans a disk of a given type. The workload determines IOPS and throughput, and the size if it is `auto`.
 * @param asked the configured size in GiB
 * @param mbps the rate that the workload needs, limited to what the machine sustains, because more isn't worth its price
 * @param hasZot whether an upstream has `engine: zot`
 * @returns for an impossible size, problems and the disk of `auto`
 */
export function planDisk(
  asked: number | "auto",
  type: DiskType,
  workload: Workload,
  delivery: Delivery,
  mbps: number,
  hasZot = false,
) {
  const disk = disks[type];
  const { label, leastGiB, mostGiB } = disk;
  const automaticGiB = automaticSize(disk, sizeFor(blobsGiB(workload, delivery, hasZot)), mbps);
  const askedGiB = asked === "auto" ? automaticGiB : asked;
  const isSold = askedGiB >= leastGiB && askedGiB <= mostGiB;
  const sizeGiB = isSold ? askedGiB : automaticGiB;
  const { iops, throughput } =
    disk.performance === "tiered" ? tierOf(disk, sizeGiB) : provisioned(disk, sizeGiB, mbps);
  const planned: PlannedDisk = { type, sizeGiB, iops, throughput };
  const warnings = [
    ...sizeWarnings(planned, automaticGiB, workload, delivery, hasZot),
    ...speedWarnings(planned, automaticGiB, mbps),
  ];
  if (isSold) return { disk: planned, problems: [], warnings };
  const message = `is ${number(askedGiB)}: ${label} has ${number(leastGiB)} to ${quantity(mostGiB, "GiB")}`;
  return { disk: planned, problems: [{ path, message }], warnings };
}

/** The smallest size that holds the content and is fast enough. If no size is fast enough, the smallest that holds the content. */
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

/** Sets at least the free performance, and more only if the workload needs it. */
function provisioned(disk: ProvisionedDisk, sizeGiB: number, mbps: number): Performance {
  const most = mostOf(disk, sizeGiB);
  return {
    iops: Math.min(iopsToSet(disk, mbps), most.iops),
    throughput: Math.min(Math.max(disk.free.throughput, fromMbps(mbps, disk.unit)), most.throughput),
  };
}

/** The IOPS to set. They exceed what the throughput needs, because they assume smaller operations than the clouds count. */
function iopsToSet(disk: ProvisionedDisk, mbps: number): number {
  return Math.max(disk.free.iops, iopsFor(mbps));
}

function sizeWarnings(
  planned: PlannedDisk,
  automaticGiB: number,
  workload: Workload,
  delivery: Delivery,
  hasZot: boolean,
): Problem[] {
  const { sizeGiB } = planned;
  const holdsGiB = diskBudget(sizeGiB).blobsMiB / 1024;
  if (holdsGiB >= blobsGiB(workload, delivery, hasZot)) return [];
  const twice = hasZot ? ", twice, as zot keeps all of it beside the edge" : "";
  const message = `${quantity(sizeGiB, "GiB")} hold ${number(holdsGiB)} of ${contentText(workload, delivery)}${twice}: the rest is fetched again; ${wayOut(planned, automaticGiB)}`;
  return [{ path, message }];
}

/** Warns of a slow disk. `mbps` is limited to what the machine sustains, because a slow machine has its own warning. */
function speedWarnings(planned: PlannedDisk, automaticGiB: number, mbps: number): Problem[] {
  const { type, sizeGiB, throughput, iops } = planned;
  const { unit } = disks[type];
  if (isFastEnough(planned, unit, mbps)) return [];
  const has = `${quantity(throughput, unit)} and ${quantity(iops, "IOPS")}`;
  const needed = `${number(fromMbps(mbps, unit))} and ${number(iopsFor(mbps))} are needed`;
  const message = `${quantity(sizeGiB, "GiB")} have ${has}, and ${needed}; ${wayOut(planned, automaticGiB)}`;
  return [{ path, message }];
}

function wayOut({ sizeGiB, type }: PlannedDisk, automaticGiB: number): string {
  return automaticGiB > sizeGiB
    ? `better: ${automaticGiB}GiB`
    : `no single ${disks[type].label} disk does better: use a bucket (\`storage: { kind: bucket }\`)`;
}
