import { isDeepStrictEqual } from "node:util";
import type { RegionEstimate } from "../../components/cost/estimate.ts";
import type { Payer } from "../../components/cost/line.ts";
import { type Amounts, type LineRange, lineRanges, sumOf } from "../../components/cost/range.ts";
import { nameOf } from "./estimates.ts";
import { type Bill, billOf, type RegionReview, type Review } from "./review.ts";

/** How a region's bill differs from the base's. */
export interface Change {
  /** Of the region. */
  readonly name: string;
  /** Undefined where it is new. */
  readonly was: Bill | undefined;
  /** Undefined where it is gone, and `region` with it. */
  readonly is: Bill | undefined;
  readonly region?: RegionReview;
  /** What we pay more. */
  readonly more: Amounts;
  /** The lines that we pay and that differ, those that change most first. */
  readonly lines: readonly LineChange[];
  /** The lines that the customers pay and that differ. */
  readonly customerLines: readonly LineChange[];
}

export interface LineChange {
  /** Of the line. */
  readonly name: string;
  readonly was: LineRange | undefined;
  readonly is: LineRange | undefined;
  readonly more: Amounts;
}

/** The regions that aren't as in the base, those that changed most first. A stack that can't be read in the base isn't new: nothing is known of its past. */
export function changesOf({ regions, removed, unread }: Review): Change[] {
  const known = regions.filter(({ stack }) => !unread.base.includes(stack));
  const all = [
    ...known.map((region) => ({ ...changeOf(nameOf(region), region.past, region.estimate), region })),
    ...removed.map((region) => changeOf(nameOf(region), region.estimate, undefined)),
  ];
  return all
    .filter(({ lines, customerLines }) => lines.length > 0 || customerLines.length > 0)
    .sort(byWeight);
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

function changeOf(name: string, past?: RegionEstimate, present?: RegionEstimate): Change {
  const lines = lineChanges("us", past, present);
  return {
    name,
    was: past && billOf(past),
    is: present && billOf(present),
    more: sumOfMore(lines),
    lines,
    customerLines: lineChanges("customer", past, present),
  };
}

function lineChanges(payer: Payer, past?: RegionEstimate, present?: RegionEstimate): LineChange[] {
  const [before, now] = [linesOf(payer, past), linesOf(payer, present)];
  return [...new Set([...now.keys(), ...before.keys()])]
    .map((name) => lineChange(name, before.get(name), now.get(name)))
    .filter(({ was, is }) => !isDeepStrictEqual(was?.line, is?.line))
    .sort(byWeight);
}

function linesOf(payer: Payer, estimate: RegionEstimate | undefined): ReadonlyMap<string, LineRange> {
  return new Map((estimate ? lineRanges(estimate, payer) : []).map((range) => [range.line.name, range]));
}

function lineChange(name: string, was: LineRange | undefined, is: LineRange | undefined): LineChange {
  const nothing = { low: 0, expected: 0, high: 0 };
  const [{ low, expected, high }, now] = [was ?? nothing, is ?? nothing];
  return {
    name,
    was,
    is,
    more: { low: now.low - low, expected: now.expected - expected, high: now.high - high },
  };
}
