import type { RegionEstimate } from "../../components/cost/estimate.ts";
import { type CostLine, notFound } from "../../components/cost/line.ts";
import { type Bill, billOf, nameOf, type Review, sumOf } from "./review.ts";

/** How a region's bill differs from the base's. */
export interface Change {
  /** Of the region. */
  readonly name: string;
  readonly was?: Bill;
  readonly is?: Bill;
  readonly lines: readonly LineChange[];
}

export interface LineChange {
  readonly name: string;
  readonly was?: CostLine;
  readonly is?: CostLine;
}

/** The regions that aren't as in the base, those that changed most first. */
export function changesOf({ regions, removed }: Pick<Review, "regions" | "removed">): Change[] {
  const all = [
    ...regions.map((region) => changeOf(nameOf(region), region.past, region.estimate)),
    ...removed.map((region) => changeOf(nameOf(region), region.estimate, undefined)),
  ];
  return all
    .filter(({ was, is, lines }) => lines.length > 0 || !was || !is)
    .sort((one, other) => weightOf(other) - weightOf(one));
}

function weightOf({ was, is }: Change): number {
  return Math.max(...differencesOf(was, is).map(Math.abs));
}

/** What we pay more than before: without and with what is contested. */
export function differencesOf(was: Bill | undefined, is: Bill | undefined): [number, number] {
  return [(is?.us ?? 0) - (was?.us ?? 0), (is?.usContested ?? 0) - (was?.usContested ?? 0)];
}

/** The bills of everything, before and now. */
export function totalsOf({ regions, removed }: Pick<Review, "regions" | "removed">): { was: Bill; is: Bill } {
  const past = [...regions.flatMap(({ past }) => past ?? []), ...removed.map(({ estimate }) => estimate)];
  return { was: sumOf(past.map(billOf)), is: sumOf(regions.map(({ estimate }) => billOf(estimate))) };
}

function changeOf(
  name: string,
  past: RegionEstimate | undefined,
  present: RegionEstimate | undefined,
): Change {
  const before = allLines(past);
  const now = allLines(present);
  const names = new Set([...now, ...before].map(({ name }) => name));
  const pairs = [...names].map((name): LineChange => {
    const [was, is] = [before, now].map((lines) => lines.find((line) => line.name === name));
    return { name, ...(was && { was }), ...(is && { is }) };
  });
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

/** Those that are contested say so in their names. */
function allLines(estimate: RegionEstimate | undefined): CostLine[] {
  if (!estimate) return [];
  const { lines, contested } = estimate;
  return [
    ...lines,
    ...(contested?.lines ?? []).map((line) => ({ ...line, name: `${line.name} (contested)` })),
  ];
}

/** `not found` where a price isn't. */
export function differenceOf(was: CostLine | undefined, is: CostLine | undefined): number | typeof notFound {
  const [before, now] = [was, is].map((line) => line?.monthlyCost ?? 0);
  return typeof before === "number" && typeof now === "number" ? now - before : notFound;
}
