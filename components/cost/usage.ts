import { deliveryOf, hoursPerMonth, redirectedShare } from "../capacity/demand.ts";
import type { Variant } from "../capacity/plan-region.ts";
import type { Workload } from "../config/schema.ts";

/** The traffic of a cache in a month. */
export interface MonthlyUsage {
  /** Sent to the nodes, by the cache or by its bucket. */
  readonly pulledGiB: number;
  /** Fetched from the upstreams. */
  readonly filledGiB: number;
}

/** The length of a month in the clouds' price lists, in days. */
export const daysPerMonth = hoursPerMonth / 24;

/** The usage from the workload. Only new content is fetched. The first fill of an empty cache isn't included. */
export function usageOf(workload: Workload): MonthlyUsage {
  const { nodes, pullsPerNodeGiB, nodeChurnPerMonth, growthGiBPerMonth } = workload;
  return { pulledGiB: nodes * nodeChurnPerMonth * pullsPerNodeGiB, filledGiB: growthGiBPerMonth };
}

/** What the cache itself sends. With redirects, the bucket sends the rest. */
export function servedByCache(pulledGiB: number, { storage }: Variant): number {
  return pulledGiB * (deliveryOf(storage) === "redirect" ? redirectedShare : 1);
}

/**
 * Converts GiB to Azure's GB. AWS's GB is 2^30 bytes: in its own example, 10 TB are 10,995,116,277,760 bytes, https://aws.amazon.com/s3/faqs/. Azure's price API has both
 * `1 GiB/Hour` and `1 GB`. A GB counts as 10^9 bytes here, which gives the larger number.
 */
export function toGB(gib: number): number {
  return (gib * 1024 ** 3) / 1e9;
}

/**
 * Requests to a bucket per GiB. 60 images with 3 GiB have about 360 blobs of 8.5 MiB. Each pull of a blob needs a check and a read. To store a blob, distribution writes
 * parts of 5 MiB, moves the blob by copying its parts, and checks before and after.
 */
export const readsPerGiB = 240;
export const writesPerGiB = 350;

/** DNS queries per month, in millions. A node pulls for half an hour after its start, and asks for the name's A and AAAA records every five minutes. */
export function millionDnsQueries({ nodes, nodeChurnPerMonth }: Workload): number {
  return (nodes * nodeChurnPerMonth * 12) / 1e6;
}
