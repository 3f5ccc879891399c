import type { RegionEstimate } from "../../components/cost/estimate.ts";
import { type Amounts, type LineRange, lineRanges, sumOf } from "../../components/cost/range.ts";
import { type Bill, billOf, billOfAll, type RegionReview, type Review } from "./review.ts";
import { nameOf } from "./stack-region.ts";

/** How a region's bill differs from the base's. */
export interface Change {
  /** Of the region. */
  readonly name: string;
  readonly was?: Bill;
  readonly is?: Bill;
  /** What we pay more. */
  readonly more: Amounts;
  /** The lines that we pay and that differ, those that change most first. */
  readonly lines: readonly LineChange[];
  /** Absent where it is gone. */
  readonly region?: RegionReview;
}

export interface LineChange {
  /** Of the line. */
  readonly name: string;
  readonly was?: LineRange;
  readonly is?: LineRange;
  readonly more: Amounts;
}

/** What is compared. A stack that can't be read in the base isn't new: nothing is known of its past. */
type Compared = Pick<Review, "regions" | "removed" | "unread">;

/** The regions that aren't as in the base, those that changed most first. */
export function changesOf({ regions, removed, unread }: Compared): Change[] {
  const known = regions.filter(({ stack }) => !unread.base.includes(stack));
  const all = [
    ...known.map((region) => ({ ...changeOf(nameOf(region), region.past, region.estimate), region })),
    ...removed.map((region) => changeOf(nameOf(region), region.estimate, undefined)),
  ];
  return all
    .filter(({ was, is, lines }) => lines.length > 0 || was?.customer !== is?.customer)
    .sort(byWeight);
}

/** The bills of everything, before and now. */
export function totalsOf({ regions, removed }: Compared): { was: Bill; is: Bill } {
  const past = [...regions.flatMap(({ past }) => past ?? []), ...removed.map(({ estimate }) => estimate)];
  return { was: billOfAll(past), is: billOfAll(regions.map(({ estimate }) => estimate)) };
}

/** In sum. `high` is finite where it is known. */
export function sumOfMore(changes: readonly { readonly more: Amounts }[]): Amounts {
  return sumOf(changes.map(({ more }) => more));
}

/** Puts first what changes most. What isn't known may be the most. */
export function byWeight(one: { readonly more: Amounts }, other: { readonly more: Amounts }): number {
  const weight = ({ low, expected, high }: Amounts) =>
    Number.isFinite(high) ? Math.max(...[low, expected, high].map(Math.abs)) : Number.MAX_VALUE;
  return weight(other.more) - weight(one.more);
}

function changeOf(
  name: string,
  past: RegionEstimate | undefined,
  present: RegionEstimate | undefined,
): Change {
  const [before, now] = [past, present].map(
    (estimate) => new Map((estimate ? lineRanges(estimate) : []).map((range) => [range.line.name, range])),
  ) as [Map<string, LineRange>, Map<string, LineRange>];
  const names = new Set([...now.keys(), ...before.keys()]);
  const lines = [...names].map((name) => lineChange(name, before.get(name), now.get(name)));
  const changed = lines.filter(({ was, is }) => !was || !is || differs(was, is)).sort(byWeight);
  return {
    name,
    ...(past && { was: billOf(past) }),
    ...(present && { is: billOf(present) }),
    more: sumOfMore(changed),
    lines: changed,
  };
}

function differs({ line: one }: LineRange, { line: other }: LineRange): boolean {
  return one.monthlyCost !== other.monthlyCost || one.monthlyQuantity !== other.monthlyQuantity;
}

function lineChange(name: string, was: LineRange | undefined, is: LineRange | undefined): LineChange {
  const nothing = { low: 0, expected: 0, high: 0 };
  const [{ low, expected, high }, now] = [was ?? nothing, is ?? nothing];
  const more = { low: now.low - low, expected: now.expected - expected, high: now.high - high };
  return { name, ...(was && { was }), ...(is && { is }), more };
}
