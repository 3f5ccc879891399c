import { isDeepStrictEqual } from "node:util";
import type { RegionEstimate } from "../../components/cost/estimate.ts";
import type { Payer } from "../../components/cost/line.ts";
import { type Amounts, type LineRange, lineRanges, sumOf } from "../../components/cost/range.ts";
import { nameOf } from "./estimates.ts";
import { type Bill, billOf, type RegionReview, type Review } from "./review.ts";

/** The difference between a region's bill and the base's. */
export interface Change {
  /** Name of the region. */
  readonly name: string;
  /** Undefined if the region is new. */
  readonly was: Bill | undefined;
  /** Undefined if the region was removed. Then `region` is undefined, too. */
  readonly is: Bill | undefined;
  readonly region?: RegionReview;
  /** The difference of what we pay. */
  readonly more: Amounts;
  /** Changed lines that we pay, largest change first. */
  readonly lines: readonly LineChange[];
  /** Changed lines that customers pay. */
  readonly customerLines: readonly LineChange[];
}

export interface LineChange {
  /** Name of the line. */
  readonly name: string;
  readonly was: LineRange | undefined;
  readonly is: LineRange | undefined;
  readonly more: Amounts;
}

/** The regions that differ from the base, largest change first. A stack whose base can't be read doesn't count as new, because its past is unknown. */
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

/** The sum of the differences. `high` is finite if it is known. */
export function sumOfMore(changes: readonly { readonly more: Amounts }[]): Amounts {
  return sumOf(changes.map(({ more }) => more));
}

/** Sorts the largest change first. An unknown change may be the largest. */
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
