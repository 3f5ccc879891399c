import type { RegionEstimate } from "../../components/cost/estimate.ts";
import { type CostLine, notFound } from "../../components/cost/line.ts";
import { sum } from "./amounts.ts";
import { type Bill, billOf, nameOf, type Review, sumOf } from "./review.ts";

/** How a region's bill differs from the base's. */
export interface Change {
  /** Of the region. */
  readonly name: string;
  readonly was?: Bill;
  readonly is?: Bill;
  readonly lines: readonly LineChange[];
}

export interface LineChange extends Pair<CostLine> {
  /** Whether it is contested that the line is billed: then its name says so. */
  readonly contested: boolean;
}

/** What lines cost more than before, as far as their prices say. */
export interface Difference {
  /** Of the lines that have a price. */
  readonly usd: number;
  readonly certainty: "exact" | "at least" | "at most" | "not known";
}

/** What is compared. A stack that can't be read in the base isn't new: nothing is known of its past. */
export type Compared = Pick<Review, "regions" | "removed" | "unread">;

/** The regions that aren't as in the base, those that changed most first. */
export function changesOf({ regions, removed, unread }: Compared): Change[] {
  const all = [
    ...regions
      .filter(({ stack }) => !unread.base.includes(stack))
      .map((region) => changeOf(nameOf(region), region.past, region.estimate)),
    ...removed.map((region) => changeOf(nameOf(region), region.estimate, undefined)),
  ];
  return all
    .filter(({ was, is, lines }) => lines.length > 0 || !was || !is)
    .sort((one, other) => weightOf(other) - weightOf(one));
}

/** What isn't known may be the most. */
function weightOf({ lines }: Change): number {
  const weights = differencesOf(lines).map(({ usd, certainty }) =>
    certainty === "not known" ? Number.MAX_VALUE : Math.abs(usd),
  );
  return Math.max(...weights);
}

/** What we pay more than before: without and with what is contested. */
export function differencesOf(
  changes: readonly LineChange[],
  matches: (line: CostLine) => boolean = () => true,
): [Difference, Difference] {
  const ours = (line: CostLine) => line.paidBy === "us" && matches(line);
  const certain = changes.filter(({ contested }) => !contested);
  return [differenceOf(certain, ours), differenceOf(changes, ours)];
}

/**
 * What the lines that match cost more than before. What has no price still bounds it, where all of that comes on top of an increase, or goes beside a
 * decrease. Otherwise even the direction isn't known: a machine without a price in the place of one that has a price isn't a saving.
 */
export function differenceOf(
  changes: readonly LineChange[],
  matches: (line: CostLine) => boolean,
): Difference {
  const own = changes.filter(({ was, is }) => [was, is].some((line) => line && matches(line)));
  const usd = sum(own.map(lineDifference).filter((amount) => amount !== notFound));
  const unpriced = own
    .filter((change) => lineDifference(change) === notFound)
    .map(({ was, is }) => (is?.monthlyQuantity ?? 0) - (was?.monthlyQuantity ?? 0));
  if (unpriced.length === 0) return { usd, certainty: "exact" };
  if (usd > 0 && unpriced.every((more) => more >= 0)) return { usd, certainty: "at least" };
  if (usd < 0 && unpriced.every((more) => more <= 0)) return { usd, certainty: "at most" };
  return { usd, certainty: "not known" };
}

/** The bills of everything, before and now. */
export function totalsOf({ regions, removed }: Compared): { was: Bill; is: Bill } {
  const past = [...regions.flatMap(({ past }) => past ?? []), ...removed.map(({ estimate }) => estimate)];
  return { was: sumOf(past.map(billOf)), is: sumOf(regions.map(({ estimate }) => billOf(estimate))) };
}

function changeOf(
  name: string,
  past: RegionEstimate | undefined,
  present: RegionEstimate | undefined,
): Change {
  const pairs = [
    ...pairsOf(past?.lines, present?.lines).map((pair) => ({ ...pair, contested: false })),
    ...pairsOf(past?.contested?.lines, present?.contested?.lines).map((pair) => ({
      ...pair,
      name: `${pair.name} (contested)`,
      contested: true,
    })),
  ];
  return {
    name,
    ...(past && { was: billOf(past) }),
    ...(present && { is: billOf(present) }),
    lines: pairs.filter(
      ({ was, is }) =>
        !was || !is || was.monthlyCost !== is.monthlyCost || was.monthlyQuantity !== is.monthlyQuantity,
    ),
  };
}

export interface Pair<Thing> {
  readonly name: string;
  readonly was?: Thing;
  readonly is?: Thing;
}

/** Things of the same name side by side, in the order of what is now, then what only was. */
export function pairsOf<Thing extends { readonly name: string }>(
  before: readonly Thing[] = [],
  now: readonly Thing[] = [],
): Pair<Thing>[] {
  const names = new Set([...now, ...before].map(({ name }) => name));
  return [...names].map((name) => {
    const [was, is] = [before, now].map((things) => things.find((thing) => thing.name === name));
    return { name, ...(was && { was }), ...(is && { is }) };
  });
}

/** `not found` where a price isn't. */
export function lineDifference({ was, is }: LineChange): number | typeof notFound {
  const [before, now] = [was, is].map((line) => line?.monthlyCost ?? 0);
  return typeof before === "number" && typeof now === "number" ? now - before : notFound;
}
