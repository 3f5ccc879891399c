import type { Workload } from "../config/schema.ts";

/** Where a region stores blobs: the part of `storage` that affects the demand. */
export type StorageKind =
  | { readonly kind: "disk" }
  | { readonly kind: "bucket"; readonly delivery: "proxied" | "redirect" };

/** How blobs reach the nodes: from the disk, from a bucket through the cache, or directly from the bucket. */
export type Delivery = "disk" | "proxied" | "redirect";

export function deliveryOf(storage: StorageKind): Delivery {
  return storage.kind === "disk" ? "disk" : storage.delivery;
}

/**
 * The ratio of the busiest hour to the average hour. Upgrades replace nodes in working hours, one cluster after the other. This is an assumption: to check it,
 * compare the bytes served in the busiest hour with the mean.
 */
const busyHourFactor = 10;

/** The length of a month in the clouds' price lists. */
export const hoursPerMonth = 730;

/** The share of a pull that the cache sends if blobs are redirected: manifests and redirects. A safe value: of 60 images with 3 GiB, both are about 2 MB. */
export const redirectedShare = 0.01;

/** How many times the cache writes new content to its disk, and sends it in addition to the pulls. */
const fills: Record<Delivery, { onDisk: number; sent: number }> = {
  // Written by the origin and by the edge.
  disk: { onDisk: 2, sent: 0 },
  // Written by the edge, and sent to the bucket.
  proxied: { onDisk: 1, sent: 1 },
  redirect: { onDisk: 0, sent: 1 },
};

/** By default, Linux reads ahead 128 KiB at a time: https://docs.kernel.org/block/queue-sysfs.html#read-ahead-kb-rw */
const bytesPerOperation = 128 * 1024;

/** What a workload needs from one machine. Mbps are integers, rounded up. */
export interface Demand {
  /** The time within which all nodes of a peak must have pulled. */
  readonly peakMinutes: number;
  /** The rate to the nodes of a peak. */
  readonly peakMbps: number;
  /** The rate to the nodes and to the bucket: the larger one of a peak and the busiest hour. */
  readonly networkMbps: number;
  /** What each node of a peak pulls. All pull the same content, which comes from memory if it fits. */
  readonly hotSetGiB: number;
  /** Reads and writes of the disk in the busiest hour. Its pulls are a mix that doesn't fit into memory. */
  readonly busyHourDiskMbps: number;
}

/** What a workload needs from one machine that delivers blobs in the given way. */
export function demandOf(workload: Workload, delivery: Delivery): Demand {
  const { nodes, pullsPerNodeGiB, nodeChurnPerMonth, growthGiBPerMonth, peakMinutes } = workload;
  const share = delivery === "redirect" ? redirectedShare : 1;
  const peakNodes = workload.peakNodes ?? Math.ceil(nodes / 10);
  const hotSetGiB = pullsPerNodeGiB * share;
  const pulledGiB = nodes * nodeChurnPerMonth * pullsPerNodeGiB * share;
  const busyHour = (gibPerMonth: number) =>
    mbps((gibPerMonth / hoursPerMonth) * busyHourFactor, { minutes: 60 });
  const busyHourMbps = busyHour(pulledGiB + growthGiBPerMonth * fills[delivery].sent);
  const peakMbps = mbps(peakNodes * hotSetGiB, { minutes: peakMinutes });
  return {
    peakMinutes,
    peakMbps,
    networkMbps: Math.max(busyHourMbps, peakMbps),
    hotSetGiB,
    busyHourDiskMbps: busyHour(pulledGiB + growthGiBPerMonth * fills[delivery].onDisk),
  };
}

/** The rate of reads and writes of the disk. In a peak, the hot set is read once if it fits into memory. Otherwise, every pull is read. */
export function diskMbps(demand: Demand, pageCacheGiB: number): number {
  const { hotSetGiB, peakMbps, peakMinutes, busyHourDiskMbps } = demand;
  const once = mbps(hotSetGiB, { minutes: peakMinutes });
  return Math.max(busyHourDiskMbps, hotSetGiB <= pageCacheGiB ? Math.min(once, peakMbps) : peakMbps);
}

/** The operations per second for a disk's rate in Mbps, at 128 KiB per operation. */
export function iopsFor(mbps: number): number {
  return Math.ceil((mbps * 1e6) / 8 / bytesPerOperation);
}

function mbps(gib: number, { minutes }: { minutes: number }): number {
  return Math.ceil((gib * 1024 ** 3 * 8) / 1e6 / (minutes * 60));
}
