import type { Problem } from "../../components/config/problems.ts";
import type { RegionEstimate } from "../../components/cost/estimate.ts";
import type { CostLine } from "../../components/cost/line.ts";
import { type Amounts, lineRanges, sumOf } from "../../components/cost/range.ts";
import { sum } from "./amounts.ts";
import type { StackRegion } from "./estimates.ts";
import type { Billed } from "./focus.ts";
import type { Measured } from "./measured.ts";

/** What is reported, in whatever format. */
export interface Review {
  /** Of the report: `2026-11-24`. */
  readonly date: string;
  readonly regions: readonly RegionReview[];
  /** The revision that `past` of the regions is from. */
  readonly base?: string;
  /** Regions that only the base has. */
  readonly removed: readonly StackRegion[];
  /** The stacks that can't be read, now and in the base: they are in no total. */
  readonly unread: { readonly now: readonly string[]; readonly base: readonly string[] };
  /** What is missing in the report, with a path that starts with a file's or a stack's name. */
  readonly problems: readonly Problem[];
  /** What the reader should know, a sentence each. */
  readonly notes: readonly string[];
}

export interface RegionReview extends StackRegion {
  /** The base's estimate of the same region. */
  readonly past?: RegionEstimate;
  /** Why it costs more or less than in the base, beside its lines: a sentence each. */
  readonly why?: readonly string[];
  /** The cost by measured usage. */
  readonly measured?: Measured;
  /** What was billed. */
  readonly billed?: Billed;
  /** Whether most of its bill hasn't the tags of the stack: EKS and AKS give them to the nodes only where `governance.tags` asks for tags. */
  readonly nodesUntagged?: boolean;
}

/** What regions cost us and their customers in a month. USD; the range is of what we pay. */
export interface Bill extends Amounts {
  /** What we pay, as expected: fixed + usage. */
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
