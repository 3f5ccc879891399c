import type { Problem } from "../../components/config/problems.ts";
import type { RegionEstimate } from "../../components/cost/estimate.ts";
import { totalsOf } from "../../components/cost/line.ts";
import type { Curve } from "./curve.ts";
import type { Measured } from "./measured.ts";

/** What is reported, in whatever format. */
export interface Review {
  /** Of the report: `2026-11-24`. */
  readonly date: string;
  /** Where the estimates are from, as a phrase. */
  readonly origin: string;
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

/** A region's estimate and whose it is. */
export interface StackRegion {
  readonly stack: string;
  readonly estimate: RegionEstimate;
}

/** What a region is called among those of all stacks: mostly its stack has its name already. */
export function nameOf({ stack, estimate: { region } }: StackRegion): string {
  return stack.endsWith(region) ? stack : `${stack}, ${region}`;
}

export function isSameRegion(one: StackRegion, other: StackRegion): boolean {
  return one.stack === other.stack && one.estimate.region === other.estimate.region;
}

export interface RegionReview extends StackRegion {
  /** The base's estimate of the same region. */
  readonly past?: RegionEstimate;
  /** The cost by measured usage. */
  readonly measured?: Measured;
  /** The cost against the volume. */
  readonly curve?: Curve;
}

/** What a region costs us and its customers in a month. USD. */
export interface Bill {
  readonly fixed: number;
  readonly usage: number;
  /** What we pay: fixed + usage. */
  readonly us: number;
  /** What we pay if a contested charge is billed; as `us` where nothing is contested. */
  readonly usContested: number;
  readonly customer: number;
  /** Whether all prices were found, that of what is contested too. */
  readonly complete: boolean;
}

/** The totals of a region as a bill: of the fixed and the usage lines what we pay. */
export function billOf({
  lines,
  totals,
  contested,
}: Pick<RegionEstimate, "lines" | "totals" | "contested">): Bill {
  const { fixed, usage } = totalsOf(lines.filter(({ paidBy }) => paidBy === "us"));
  const { us, customer } = totals.byPayer;
  return {
    fixed,
    usage,
    us,
    usContested: contested?.totals.byPayer.us ?? us,
    customer,
    complete: totals.complete && contested?.totals.complete !== false,
  };
}

const nothing: Bill = { fixed: 0, usage: 0, us: 0, usContested: 0, customer: 0, complete: true };

export function sumOf(bills: readonly Bill[]): Bill {
  return bills.reduce(
    (sum, bill) => ({
      fixed: sum.fixed + bill.fixed,
      usage: sum.usage + bill.usage,
      us: sum.us + bill.us,
      usContested: sum.usContested + bill.usContested,
      customer: sum.customer + bill.customer,
      complete: sum.complete && bill.complete,
    }),
    nothing,
  );
}
