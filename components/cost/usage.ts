import { deliveryOf, hoursPerMonth, redirectedShare } from "../capacity/demand.ts";
import type { Variant } from "../capacity/plan-region.ts";
import type { Workload } from "../config/schema.ts";

/** What passes through a cache in a month. */
export interface MonthlyUsage {
  /** Sent to the nodes, whether by the cache or by its bucket. */
  readonly pulledGiB: number;
  /** Fetched from the upstreams. */
  readonly filledGiB: number;
}

/** A month as the clouds count it, in days. */
export const daysPerMonth = hoursPerMonth / 24;

/** What is fetched is what comes new; the first fill of an empty cache comes once on top. */
export function usageOf(workload: Workload): MonthlyUsage {
  const { nodes, pullsPerNodeGiB, nodeChurnPerMonth, growthGiBPerMonth } = workload;
  return { pulledGiB: nodes * nodeChurnPerMonth * pullsPerNodeGiB, filledGiB: growthGiBPerMonth };
}

/** What the cache itself sends: where blobs are redirected, the bucket sends the rest. */
export function servedByCache(pulledGiB: number, { storage }: Variant): number {
  return pulledGiB * (deliveryOf(storage) === "redirect" ? redirectedShare : 1);
}

/**
 * AWS's GB is 2^30 bytes: 10 TB are 10,995,116,277,760 bytes in its own example, https://aws.amazon.com/s3/faqs/. Azure's price API has both `1 GiB/Hour` and
 * `1 GB`; where it says GB, 10^9 bytes are counted, which is the larger number.
 */
export function toGB(gib: number): number {
  return (gib * 1024 ** 3) / 1e9;
}

/**
 * Requests to a bucket for each GiB. 60 images of 3 GiB have about 360 blobs, which is 8.5 MiB each: a look and a read for each. distribution writes parts of 5 MiB,
 * moves the whole by copying the parts, and looks before and after.
 */
export const readsPerGiB = 240;
export const writesPerGiB = 350;

/** In millions, a month: a node pulls for half an hour after its start, and asks for the name, A and AAAA, every five minutes. */
export function millionDnsQueries({ nodes, nodeChurnPerMonth }: Workload): number {
  return (nodes * nodeChurnPerMonth * 12) / 1e6;
}
