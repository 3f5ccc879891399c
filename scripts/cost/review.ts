import type { Problem } from "../../components/config/problems.ts";
import type { RegionEstimate } from "../../components/cost/estimate.ts";
import type { CostLine } from "../../components/cost/line.ts";
import { type Amounts, lineRanges, sumOf } from "../../components/cost/range.ts";
import { sum } from "./amounts.ts";
import type { StackRegion } from "./estimates.ts";
import type { Billed } from "./focus.ts";
import type { Measured } from "./measured.ts";

/** The content of a report, for all formats. */
export interface Review {
  /** Date of the report: `2026-11-24`. */
  readonly date: string;
  readonly regions: readonly RegionReview[];
  /** The revision of the regions' `past`. */
  readonly base?: string;
  /** Regions that exist only in the base. */
  readonly removed: readonly StackRegion[];
  /** Regions of the base whose stack has no file any more. They stay, and are billed until `pulumi destroy`. */
  readonly leftBehind: readonly StackRegion[];
  /** Stacks that can't be read now or in the base. They are in no total. */
  readonly unread: { readonly now: readonly string[]; readonly base: readonly string[] };
  /** What is missing in the report. Paths start with a file's or a stack's name. */
  readonly problems: readonly Problem[];
  /** What the reader should know, one sentence each. */
  readonly notes: readonly string[];
}

export interface RegionReview extends StackRegion {
  /** The stack's `governance.tags`. */
  readonly tags: Readonly<Record<string, string>>;
  /** The stack's `monitoring.labels`. */
  readonly labels: Readonly<Record<string, string>>;
  /** The base's estimate of the same region. */
  readonly past?: RegionEstimate;
  /** Whether the configuration differs from the base. */
  readonly isChanged?: boolean;
  /** Why the cost differs from the base, in addition to the lines: one sentence each. */
  readonly why?: readonly string[];
  /** The cost with measured usage. */
  readonly measured?: Measured;
  /** The billed cost. */
  readonly billed?: Billed;
  /** Whether most of the bill lacks the stack's tags: EKS and AKS tag nodes only if `governance.tags` has tags. */
  readonly nodesUntagged?: boolean;
}

/** What regions cost us and their customers per month, in USD. The range is that of our cost. */
export interface Bill extends Amounts {
  /** Our expected cost: fixed + usage. */
  readonly fixed: number;
  readonly usage: number;
  /** What the customers pay. */
  readonly customer: Amounts;
}

export function billOf(...estimates: readonly RegionEstimate[]): Bill {
  const ranges = estimates.flatMap((estimate) => lineRanges(estimate));
  const expected = (basis: CostLine["basis"]) =>
    sum(ranges.filter(({ line }) => line.basis === basis).map((range) => range.expected));
  return {
    ...sumOf(ranges),
    fixed: expected("fixed"),
    usage: expected("usage"),
    customer: sumOf(estimates.flatMap((estimate) => lineRanges(estimate, "customer"))),
  };
}
