import type { Workload } from "../config/schema.ts";

/** Where a region keeps blobs, as far as it matters here. */
export type StorageKind =
  | { readonly kind: "disk" }
  | { readonly kind: "bucket"; readonly delivery: "proxied" | "redirect" };

/** How blobs reach the nodes: from the disk, through the cache from a bucket, or from the bucket itself. */
export type Delivery = "disk" | "proxied" | "redirect";

export function deliveryOf(storage: StorageKind): Delivery {
  return storage.kind === "disk" ? "disk" : storage.delivery;
}

/**
 * How much more than the average hour the busiest one has. Nodes are replaced by upgrades, in working hours, one cluster after the other. An assumption:
 * compare the served bytes of the busiest hour with the mean.
 */
const busyHourFactor = 10;

/** A month, as the clouds' price lists count it. */
export const hoursPerMonth = 730;

/** What stays of a pull where blobs are redirected: manifests and redirects. On the safe side: 60 images have about 2 MB of both, of 3 GiB. */
export const redirectedShare = 0.01;

/** How often new content is written to the cache's disk, and sent over the network beside the pulls. */
const fills: Record<Delivery, { onDisk: number; sent: number }> = {
  // At the origin and at the edge.
  disk: { onDisk: 2, sent: 0 },
  // At the edge; and to the bucket.
  proxied: { onDisk: 1, sent: 1 },
  redirect: { onDisk: 0, sent: 1 },
};

/** Linux reads ahead 128 KiB at a time unless told otherwise: https://docs.kernel.org/block/queue-sysfs.html#read-ahead-kb-rw */
const bytesPerOperation = 128 * 1024;

/** What a workload asks of one machine. Mbps are whole, rounded up. */
export interface Demand {
  /** How soon the nodes of a peak must have pulled. */
  readonly peakMinutes: number;
  /** Out to the nodes of a peak. */
  readonly peakMbps: number;
  /** Out to the nodes, and to the bucket: in a peak or in the busiest hour, whichever is more. */
  readonly networkMbps: number;
  /** What the nodes of a peak pull, each the same: it comes from memory where it fits. */
  readonly hotSetGiB: number;
  /** Reads and writes of the disk in the busiest hour. Its pulls are a mix that no memory holds. */
  readonly busyHourDiskMbps: number;
}

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

/** Reads and writes of the disk: in a peak, once what fits into memory, otherwise all that is pulled. */
export function diskMbps(demand: Demand, pageCacheGiB: number): number {
  const { hotSetGiB, peakMbps, peakMinutes, busyHourDiskMbps } = demand;
  const once = mbps(hotSetGiB, { minutes: peakMinutes });
  return Math.max(busyHourDiskMbps, hotSetGiB <= pageCacheGiB ? Math.min(once, peakMbps) : peakMbps);
}

export function iopsFor(mbps: number): number {
  return Math.ceil((mbps * 1e6) / 8 / bytesPerOperation);
}

function mbps(gib: number, { minutes }: { minutes: number }): number {
  return Math.ceil((gib * 1024 ** 3 * 8) / 1e6 / (minutes * 60));
}
