import type { RegionEstimate } from "../../components/cost/estimate.ts";
import type { CostLine } from "../../components/cost/line.ts";
import { type LineRange, lineRanges } from "../../components/cost/range.ts";
import { sumOfEach } from "./amounts.ts";
import {
  type Amounts,
  type Bill,
  billOf,
  nameOf,
  noAmounts,
  type RegionReview,
  type Review,
  sumOf,
} from "./review.ts";

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

export interface LineChange extends Pair<LineRange> {
  readonly more: Amounts;
}

/** What is compared. A stack that can't be read in the base isn't new: nothing is known of its past. */
export type Compared = Pick<Review, "regions" | "removed" | "unread">;

/** The regions that aren't as in the base, those that changed most first. */
export function changesOf({ regions, removed, unread }: Compared): Change[] {
  const all = [
    ...regions
      .filter(({ stack }) => !unread.base.includes(stack))
      .map((region) => ({ ...changeOf(nameOf(region), region.past, region.estimate), region })),
    ...removed.map((region) => changeOf(nameOf(region), region.estimate, undefined)),
  ];
  return all
    .filter(({ was, is, lines }) => lines.length > 0 || !was || !is || was.customer !== is.customer)
    .sort((one, other) => weightOf(other.more) - weightOf(one.more));
}

/** For an order by how much changes. What isn't known may be the most. */
export function weightOf({ low, expected, high }: Amounts): number {
  return Number.isFinite(high) ? Math.max(...[low, expected, high].map(Math.abs)) : Number.MAX_VALUE;
}

/** The bills of everything, before and now. */
export function totalsOf({ regions, removed }: Compared): { was: Bill; is: Bill } {
  const past = [...regions.flatMap(({ past }) => past ?? []), ...removed.map(({ estimate }) => estimate)];
  return { was: sumOf(past.map(billOf)), is: sumOf(regions.map(({ estimate }) => billOf(estimate))) };
}

/** In sum. `high` is infinite where a line without any price comes, minus infinite where one goes, and no number where both are so: then even the direction isn't known. */
export function sumOfMore(changes: readonly { readonly more: Amounts }[]): Amounts {
  return sumOfEach(
    noAmounts,
    changes.map(({ more }) => more),
  );
}

function changeOf(
  name: string,
  past: RegionEstimate | undefined,
  present: RegionEstimate | undefined,
): Change {
  const [before, now] = [past, present].map((estimate) =>
    (estimate ? lineRanges(estimate) : []).map((range) => ({ ...range, name: range.line.name })),
  );
  const lines = pairsOf(before, now)
    .filter(({ was, is }) => !was || !is || differs(was.line, is.line))
    .map((pair) => ({ ...pair, more: moreOf(pair) }))
    .sort((one, other) => weightOf(other.more) - weightOf(one.more));
  return {
    name,
    ...(past && { was: billOf(past) }),
    ...(present && { is: billOf(present) }),
    more: sumOfMore(lines),
    lines,
  };
}

function differs(one: CostLine, other: CostLine): boolean {
  return one.monthlyCost !== other.monthlyCost || one.monthlyQuantity !== other.monthlyQuantity;
}

/** Of a line that no region has a price for, the quantity says whether it costs more or less. */
function moreOf({ was, is }: Pick<Pair<LineRange>, "was" | "is">): Amounts {
  const more = minus(is, was);
  if (!was || !is || !Number.isNaN(more.high)) return more;
  return { ...more, high: (is.line.monthlyQuantity - was.line.monthlyQuantity) * Number.POSITIVE_INFINITY };
}

function minus(is: Amounts = noAmounts, was: Amounts = noAmounts): Amounts {
  return { low: is.low - was.low, expected: is.expected - was.expected, high: is.high - was.high };
}

interface Pair<Thing> {
  readonly name: string;
  readonly was?: Thing;
  readonly is?: Thing;
}

/** Things of the same name side by side, in the order of what is now, then what only was. */
function pairsOf<Thing extends { readonly name: string }>(
  before: readonly Thing[] = [],
  now: readonly Thing[] = [],
): Pair<Thing>[] {
  const names = new Set([...now, ...before].map(({ name }) => name));
  return [...names].map((name) => {
    const [was, is] = [before, now].map((things) => things.find((thing) => thing.name === name));
    return { name, ...(was && { was }), ...(is && { is }) };
  });
}
