/** What a change costs, as sentences: the same on a terminal and in a comment on a pull request. */
import type { LineKind } from "../../components/cost/line.ts";
import { ageWarnings } from "../../components/cost/price-age.ts";
import type { Amounts, LineRange } from "../../components/cost/range.ts";
import { change, percentChange, quantity, usd } from "./amounts.ts";
import { type Block, list, text } from "./blocks.ts";
import { byWeight, type Change, changesOf, type LineChange, sumOfMore, totalsOf } from "./changes.ts";
import type { RegionReview, Review } from "./review.ts";
import { billed, leftOut, outlook } from "./sentences.ts";

/** So many regions have their causes, and so many causes each: the whole is shorter than a screen. */
const [mostRegions, mostCauses] = [3, 2];
/** The others have a line each. */
const mostLines = 15;

/** @param base the revision */
export function comparisonOf(review: Review, base: string): Block[] {
  const changes = changesOf(review);
  const { was, is } = totalsOf(review);
  const without = leftOut(review);
  const more = sumOfMore(changes);
  const percent = percentChange(was.expected, was.expected + more.expected);
  const difference = `${moreText(more)}${isKnown(more) && percent ? ` (${percent})` : ""}`;
  const headline =
    changes.length === 0 && without.length === 0
      ? `${billed(is)} a month, as in \`${base}\`.`
      : [`${billed(is)} a month.`, ...without, `Change against \`${base}\`: ${difference}.`].join(" ");
  const told = changes.slice(0, mostRegions);
  const others = changes.slice(mostRegions, mostRegions + mostLines);
  const unnamed = changes.length - told.length - others.length;
  const same = review.regions.filter(({ stack }) => !review.unread.base.includes(stack)).length;
  const unchanged = same + review.removed.length - changes.length;
  const rest = [
    ...others.map((one) => `${titleOf(one)}.`),
    ...(unnamed > 0 ? [`${unnamed} more regions change.`] : []),
    ...(changes.length > 0 && unchanged > 0
      ? [`${unchanged} region${unchanged === 1 ? " costs" : "s cost"} the same.`]
      : []),
    ...agesOf(
      told.flatMap(({ region }) => region ?? []),
      review.date,
    ),
  ];
  return [
    { ...text(headline), isHeadline: true },
    // The largest first.
    ...told.map((one) => list(sentencesOf(one), titleOf(one))),
    ...(rest.length > 0 ? [list(rest)] : []),
  ];
}

/** Of all lines of some regions together. */
function agesOf(regions: readonly RegionReview[], today: string): string[] {
  const lines = regions.flatMap(({ estimate }) => [...estimate.lines, ...(estimate.contested?.lines ?? [])]);
  return ageWarnings(lines, today);
}

function titleOf({ name, was, is, more }: Change): string {
  const [before, now] = [was ? billed(was) : "new", is ? billed(is) : "removed"];
  const text = moreText(more);
  return `${name}: ${before} → ${now}, ${text === notKnown ? `change ${text}` : `${text} a month`}`;
}

const notKnown = "not known";

function isKnown({ high }: Amounts): boolean {
  return Number.isFinite(high);
}

/** `+$57.90`; `+$0.00 to +$336.30`, as the low or the high end changes; `at least +$57.90`, where a line without any price comes; `not known`. */
export function moreText({ low, expected, high }: Amounts): string {
  const ends = Number.isFinite(high) ? [low, expected, high] : [low, expected];
  const [least, most] = [Math.min(...ends), Math.max(...ends)].map(change);
  if (Number.isFinite(high)) return least === most ? `${least}` : `${least} to ${most}`;
  if (least === "$0.00" && most === "$0.00") return notKnown;
  if (Number.isNaN(high)) return `${change(expected)} and what isn't known`;
  return high > 0 ? `at least ${least}` : `at most ${most}`;
}

function sentencesOf({ lines, was, is, region }: Change): string[] {
  const causes = causesOf(lines);
  const rest = causes.slice(mostCauses);
  const customer = (is?.customer ?? 0) - (was?.customer ?? 0);
  return [
    ...causes.slice(0, mostCauses).map(({ text, more }) => `${text}: ${moreText(more)}.`),
    ...(rest.length > 0
      ? [`${rest.length} smaller change${rest.length === 1 ? "" : "s"}: ${moreText(sumOfMore(rest))}.`]
      : []),
    ...(region?.why ?? []),
    ...(customer === 0 ? [] : [`The customers pay ${usd(is?.customer ?? 0)}: ${change(customer)}.`]),
    ...(region ? outlook(region.estimate, lines.some(isOtherMachine)) : []),
    ...newWarnings(region),
  ];
}

/** Without how old the prices are, which is said once. */
function newWarnings(region: RegionReview | undefined): string[] {
  const known = region?.past?.warnings ?? [];
  const warnings = region?.estimate.warnings ?? [];
  return warnings.filter((text) => !text.includes("npm run prices") && !known.includes(text));
}

function isOtherMachine(line: LineChange): boolean {
  return kindOf(line) === "machine" && (!line.was || !line.is);
}

/** Lines as causes, the largest first: one that goes and one of its kind that comes are one. */
function causesOf(lines: readonly LineChange[]): { readonly text: string; readonly more: Amounts }[] {
  const causes = [...Map.groupBy(lines, kindOf)].flatMap(([, own]) => {
    const [gone, ...alsoGone] = own.filter(({ is }) => !is);
    const [come, ...alsoCome] = own.filter(({ was }) => !was);
    if (!gone || !come || alsoGone.length > 0 || alsoCome.length > 0) return own.map(causeOf);
    const replaced = {
      text: `${come.name} in place of ${gone.name}`,
      more: sumOfMore([come, gone]),
    };
    return [replaced, ...own.filter((line) => line !== gone && line !== come).map(causeOf)];
  });
  return causes.sort(byWeight);
}

function kindOf({ was, is }: LineChange): LineKind | undefined {
  return (is ?? was)?.line.kind;
}

function causeOf({ name, was, is, more }: LineChange) {
  const amount = ({ line: { monthlyQuantity, unit } }: LineRange) => `${quantity(monthlyQuantity)} ${unit}`;
  const what = !was ? "new" : !is ? "gone" : `${quantity(was.line.monthlyQuantity)} → ${amount(is)}`;
  return { text: `${name}, ${what}`, more };
}
