/** What a change costs, as sentences: the same on a terminal and in a comment on a pull request. */
import { type LineKind, notFound } from "../../components/cost/line.ts";
import type { LineRange } from "../../components/cost/range.ts";
import { change, percentChange, quantity, usd } from "./amounts.ts";
import { type Change, changesOf, type LineChange, sumOfMore, totalsOf } from "./changes.ts";
import type { Amounts, Review } from "./review.ts";
import { billed, leftOut } from "./sentences.ts";

export interface Comparison {
  readonly headline: string;
  /** The regions that changed most, the largest first. */
  readonly regions: readonly { readonly title: string; readonly sentences: readonly string[] }[];
  /** What else is to be said. */
  readonly rest: readonly string[];
}

/** So many regions have their causes, and so many causes each: the whole is shorter than a screen. */
const mostRegions = 3;
const mostCauses = 3;
/** The others have a line each. */
const mostLines = 15;

/** @param base the revision */
export function comparisonOf(review: Review, base: string): Comparison {
  const changes = changesOf(review);
  const { was, is } = totalsOf(review);
  const without = leftOut(review);
  const more = sumOfMore(changes);
  const percent = percentChange(was.expected, was.expected + more.expected);
  const isKnown = Number.isFinite(more.high);
  const difference = `${moreText(more)}${isKnown && percent ? ` (${percent})` : ""}`;
  const headline =
    changes.length === 0 && without.length === 0
      ? `${billed(is)} a month, as in \`${base}\`.`
      : [`${billed(is)} a month.`, ...without, `Change against \`${base}\`: ${difference}.`].join(" ");
  const told = changes.slice(0, mostRegions);
  const others = changes.slice(mostRegions, mostRegions + mostLines);
  const unnamed = changes.length - told.length - others.length;
  const same = review.regions.filter(({ stack }) => !review.unread.base.includes(stack)).length;
  const unchanged = same + review.removed.length - changes.length;
  return {
    headline,
    regions: told.map((one) => ({ title: titleOf(one), sentences: sentencesOf(one) })),
    rest: [
      ...others.map((one) => `${titleOf(one)}.`),
      ...(unnamed > 0 ? [`${unnamed} more regions change.`] : []),
      ...(changes.length > 0 && unchanged > 0
        ? [`${unchanged} region${unchanged === 1 ? " costs" : "s cost"} the same.`]
        : []),
      ...(isKnown ? [] : ["not known: no region has a price for a line that changes."]),
    ],
  };
}

function titleOf({ name, was, is, more }: Change): string {
  const [before, now] = [was ? billed(was) : "new", is ? billed(is) : "removed"];
  return `${name}: ${before} → ${now}, ${moreText(more)} a month`;
}

/** `+$57.90`; `+$0.00 to +$336.30`, as the low or the high end changes; `not known`. */
export function moreText({ low, expected, high }: Amounts): string {
  if (!Number.isFinite(high)) return "not known";
  const [least, most] = [Math.min(low, expected, high), Math.max(low, expected, high)].map(change);
  return least === most ? `${least}` : `${least} to ${most}`;
}

function sentencesOf({ lines, was, is, region }: Change): string[] {
  const causes = causesOf(lines);
  const rest = causes.slice(mostCauses);
  const customer = (is?.customer ?? 0) - (was?.customer ?? 0);
  const { range, steps, breakEven, usage, warnings = [] } = region?.estimate ?? {};
  const old = region?.past?.warnings ?? [];
  return [
    ...causes.slice(0, mostCauses).map(({ text, more }) => `${text}: ${moreText(more)}.`),
    ...(rest.length > 0
      ? [`${rest.length} smaller change${rest.length === 1 ? "" : "s"}: ${moreText(sumOfMore(rest))}.`]
      : []),
    ...(region?.why ?? []),
    ...(customer === 0 ? [] : [`The customers pay ${usd(is?.customer ?? 0)}: ${change(customer)}.`]),
    ...(range?.reasons ?? []),
    // Where neither the workload nor the machine changes, the steps don't either.
    ...(!region?.past || region.why?.length ? (steps?.sentences ?? []) : []),
    ...(breakEven && usage ? [`${breakEven.reason} It pulls ${quantity(usage.pulledGiB)} GiB.`] : []),
    ...(region ? cheapest(region.estimate) : []),
    ...warnings.filter((text) => text.includes("npm run prices") || !old.includes(text)),
  ];
}

function cheapest({ alternatives }: Pick<NonNullable<Change["region"]>["estimate"], "alternatives">) {
  const of = (matches: (option: { readonly name: string; readonly chosen: boolean }) => boolean) =>
    alternatives?.options.find(matches);
  const best = of(({ name }) => name === alternatives?.cheapest);
  const chosen = of((option) => option.chosen);
  if (!best) return [];
  const amount = (option = best) => usd(option.comparableAllUSD ?? notFound);
  return [
    best.chosen
      ? "No adequate alternative costs less, of us and the customers."
      : `The cheapest adequate alternative is ${best.name}: ${amount()} of us and the customers, and this one ${amount(chosen)}.`,
  ];
}

/** Lines as causes: one that goes and one of its kind that comes are one. */
function causesOf(lines: readonly LineChange[]): { readonly text: string; readonly more: Amounts }[] {
  return [...Map.groupBy(lines, kindOf)].flatMap(([, own]) => {
    const [gone, ...alsoGone] = own.filter(({ is }) => !is);
    const [come, ...alsoCome] = own.filter(({ was }) => !was);
    if (!gone || !come || alsoGone.length > 0 || alsoCome.length > 0) return own.map(causeOf);
    const replaced = {
      text: `${come.name} in place of ${gone.name}`,
      more: sumOfMore([come, gone]),
    };
    return [replaced, ...own.filter((line) => line !== gone && line !== come).map(causeOf)];
  });
}

function kindOf({ was, is }: LineChange): LineKind | undefined {
  return (is ?? was)?.line.kind;
}

function causeOf({ name, was, is, more }: LineChange) {
  const amount = ({ line: { monthlyQuantity, unit } }: LineRange) => `${quantity(monthlyQuantity)} ${unit}`;
  const what = !was ? "new" : !is ? "gone" : `${quantity(was.line.monthlyQuantity)} → ${amount(is)}`;
  return { text: `${name}, ${what}`, more };
}
