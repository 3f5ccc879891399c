import type { Workload } from "../config/schema.ts";
import { daysPerMonth } from "./usage.ts";

/** What a bucket has in it when as much comes as goes. */
export interface BucketContent {
  /** In use. */
  readonly usedGiB: number;
  /** Not in use any more, and not yet as old as the rule wants. */
  readonly leftGiB: number;
  /** What a month's deletions take of what is in use, so that it is fetched again. */
  readonly refetchedGiB: number;
}

/** The rule of a bucket goes by age, whether something is in use or not. What goes out of use is, on average, half as old as the rule allows. */
export function bucketContent(
  { workingSetGiB, growthGiBPerMonth }: Workload,
  expireDays: number,
): BucketContent {
  const expireMonths = expireDays / daysPerMonth;
  return {
    usedGiB: workingSetGiB,
    leftGiB: (growthGiBPerMonth * expireMonths) / 2,
    refetchedGiB: workingSetGiB / expireMonths,
  };
}
