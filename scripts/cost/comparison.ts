/** Describes the cost of a change in sentences, for terminals and comments on pull requests. */
import { texts } from "../../components/capacity/text.ts";
import { share, usd } from "../../components/cost/line.ts";
import { ageWarnings } from "../../components/cost/price-age.ts";
import { type Amounts, rangeText } from "../../components/cost/range.ts";
import { counted, listed } from "../output/counted.ts";
import { change, quantity } from "./amounts.ts";
import { type Block, list, text } from "./blocks.ts";
import { byWeight, type Change, changesOf, type LineChange, sumOfMore } from "./changes.ts";
import { nameOf } from "./estimates.ts";
import { billOf, type RegionReview, type Review } from "./review.ts";
import { leftOut, outlook, pricedLines } from "./sentences.ts";

/** The largest changes are described with their causes. These limits keep the whole shorter than a screen. */
const [mostRegions, mostCauses] = [3, 2];
/** Maximum number of further regions, which have one line each. */
const mostLines = 15;

/** @param base the revision */
export function comparisonOf(review: Review, base: string): Block[] {
  const { regions, removed, unread, date } = review;
  const changes = changesOf(review);
  const known = regions.filter(({ stack }) => !unread.base.includes(stack));
  const isPriced = ({ estimate, past }: RegionReview) => [estimate, past].some((one) => one?.lines.length);
  const without = [...leftOut(review), ...unpricedChanges(known.filter((region) => !isPriced(region)))];
  if (changes.length === 0 && regions.every(({ estimate }) => estimate.lines.length === 0))
    return [{ ...text(["Nothing is priced.", ...without].join(" ")), isHeadline: true }];
  const now = `${rangeText(billOf(...regions.map(({ estimate }) => estimate)))} a month`;
  const headline =
    changes.length === 0 && without.length === 0
      ? `${now}, as in \`${base}\`.`
      : [`${now}.`, ...without, `Change against \`${base}\`: ${difference(changes, review)}.`].join(" ");
  const told = changes.slice(0, mostRegions);
  const others = changes.slice(mostRegions, mostRegions + mostLines);
  const unnamed = changes.length - told.length - others.length;
  const unchanged = known.filter(isPriced).length + removed.length - changes.length;
  // Lines of all described regions together, for the age of prices.
  const lines = told.flatMap(({ region }) => (region ? pricedLines(region.estimate) : []));
  const rest = texts(
    ...others.map((one) => texts(`${titleOf(one)}.`, customersPay(one)).join(" ")),
    unnamed > 0 && `${unnamed} more regions change.`,
    changes.length > 0 && unchanged > 0 && `${counted(unchanged, "region costs", "regions cost")} the same.`,
    ...ageWarnings(lines, date),
  );
  return [
    { ...text(headline), isHeadline: true },
    // Sorted by size: the largest change is first.
    ...told.flatMap((one) => list(sentencesOf(one), titleOf(one))),
    ...list(rest),
  ];
}

/** Changes of regions without lines. Their cost isn't known before or after. */
function unpricedChanges(regions: readonly RegionReview[]): string[] {
  const names = regions.filter(({ isChanged = true }) => isChanged).map(nameOf);
  return texts(
    names.length > 0 &&
      `${counted(names.length, "region changes and isn't priced", "regions change and aren't priced")}: ${listed(names, mostRegions)}.`,
  );
}

/** The sum, and its share of the previous cost: `+$57.90 (+29%)`. */
function difference(changes: readonly Change[], { regions, removed }: Review): string {
  const more = sumOfMore(changes);
  const past = [...regions.flatMap(({ past }) => past ?? []), ...removed.map(({ estimate }) => estimate)];
  const was = billOf(...past).expected;
  if (was <= 0 || !Number.isFinite(more.high)) return moreText(more);
  return `${moreText(more)} (${share(more.expected / was)})`;
}

function titleOf({ name, was, is, more }: Change): string {
  const [before, now] = [was ? rangeText(was) : "new", is ? rangeText(is) : "removed"];
  const text = moreText(more);
  return `${name}: ${before} → ${now}, ${text === notKnown ? `change ${text}` : `${text} a month`}`;
}

const notKnown = "not known";

/** `+$57.90`; `$0.00 to +$336.30` if the ends change by different amounts; `at least +$57.90` if a line without any price is added; `not known`. */
export function moreText({ low, expected, high }: Amounts): string {
  const ends = [low, expected, high].filter(Number.isFinite);
  const [least, most] = [Math.min(...ends), Math.max(...ends)].map(change);
  if (Number.isFinite(high)) return least === most ? `${least}` : `${least} to ${most}`;
  if (least === "$0.00" && most === "$0.00") return notKnown;
  if (Number.isNaN(high)) return `${change(expected)} and what isn't known`;
  return high > 0 ? `at least ${least}` : `at most ${most}`;
}

function customersPay({ is, customerLines }: Change): string | false {
  const now = is ? rangeText(is.customer) : usd(0);
  return customerLines.length > 0 && `The customers pay ${now}: ${moreText(sumOfMore(customerLines))}.`;
}

function sentencesOf(one: Change): string[] {
  const { lines, region } = one;
  const causes = causesOf(lines);
  const rest = causes.slice(mostCauses);
  const isOtherMachine = lines.some((line) => kindOf(line) === "machine" && (!line.was || !line.is));
  return texts(
    ...causes.slice(0, mostCauses).map(({ text, more }) => `${text}: ${moreText(more)}.`),
    rest.length > 0 &&
      `${counted(rest.length, "smaller change", "smaller changes")}: ${moreText(sumOfMore(rest))}.`,
    ...(region?.why ?? []),
    customersPay(one),
    ...(region ? outlook(region.estimate, isOtherMachine) : []),
    ...(region ? newWarnings(region) : []),
  );
}

/** New warnings, except for those about the age of prices, which are reported once. */
function newWarnings({ estimate, past }: RegionReview): string[] {
  const known = past?.warnings ?? [];
  return estimate.warnings.filter((text) => !text.includes("npm run prices") && !known.includes(text));
}

/** Lines as causes, largest first. A removed line and a new line of the same kind are one cause. */
function causesOf(lines: readonly LineChange[]): { readonly text: string; readonly more: Amounts }[] {
  const causes = [...Map.groupBy(lines, kindOf).values()].flatMap((own) => {
    const [gone, ...alsoGone] = own.filter(({ is }) => !is);
    const [come, ...alsoCome] = own.filter(({ was }) => !was);
    if (!gone || !come || alsoGone.length > 0 || alsoCome.length > 0) return own.map(causeOf);
    const replaced = { text: `${come.name} in place of ${gone.name}`, more: sumOfMore([come, gone]) };
    return [replaced, ...own.filter((line) => line !== gone && line !== come).map(causeOf)];
  });
  return causes.sort(byWeight);
}

function kindOf({ was, is }: LineChange) {
  return (is ?? was)?.line.kind;
}

function causeOf({ name, was, is, more }: LineChange) {
  const [before = 0, now = 0] = [was?.line.monthlyQuantity, is?.line.monthlyQuantity];
  const what = !was ? "new" : !is ? "gone" : `${quantity(before)} → ${quantity(now)} ${is.line.unit}`;
  return { text: `${name}, ${what}`, more };
}
