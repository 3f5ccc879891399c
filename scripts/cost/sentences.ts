import { capitalized, texts } from "../../components/capacity/text.ts";
import type { RegionEstimate } from "../../components/cost/estimate.ts";
import { type CostLine, type NotPriced, usd } from "../../components/cost/line.ts";
import { type Amounts, rangeText } from "../../components/cost/range.ts";
import { counted, listed } from "../output/counted.ts";
import { quantity } from "./amounts.ts";
import { list, type Section } from "./blocks.ts";
import { nameOf, type StackRegion } from "./estimates.ts";
import type { Billed } from "./focus.ts";
import type { Measured } from "./measured.ts";
import { billOf, type RegionReview, type Review } from "./review.ts";

/** Maximum number of stacks or regions to name. */
const mostNames = 3;

/** What isn't in the totals. */
export function leftOut({ unread: { now, base: past }, base, leftBehind }: Review): string[] {
  const amount = rangeText(billOf(...leftBehind.map(({ estimate }) => estimate)));
  const stacks = [...new Set(leftBehind.map(({ stack }) => stack))];
  const without = (names: readonly string[], where: string) =>
    `without ${counted(names.length, "stack")} that can't be read${where}: ${listed(names, mostNames)}.`;
  return texts(
    now.length > 0 && capitalized(without(now, "")),
    base !== undefined && past.length > 0 && `The change is ${without(past, ` in \`${base}\``)}`,
    stacks.length > 0 &&
      `Without ${counted(stacks.length, "removed stack")} billed until \`pulumi destroy\`, ${amount} a month: ${listed(stacks, mostNames)}.`,
  );
}

/** Conclusions about a region, one or two sentences each. They are the same in all reports. */
export function outlook(estimate: RegionEstimate, hasSteps: boolean): string[] {
  const { alternatives, breakEven, contested, range, steps, usage } = estimate;
  return texts(
    ...(range?.reasons ?? []),
    ...((hasSteps && steps?.sentences) || []),
    breakEven && `${breakEven.reason} It pulls ${quantity(usage.pulledGiB)} GiB.`,
    contested && `If the contested charge is billed: ${contested.breakEven.reason}`,
    alternatives?.reason,
  );
}

/** The sentences below a region's lines. */
export function conclusions(region: Omit<RegionReview, "stack" | "tags" | "labels">): string[] {
  const { estimate, measured, billed, nodesUntagged = false } = region;
  return texts(
    ...outlook(estimate, true),
    estimate.commitment,
    estimate.contested?.question,
    measured && measuredSentence(estimate, measured),
    billed && billedSentence(estimate, billed, nodesUntagged),
  );
}

/** Transfer out of the registries is mentioned separately, because the accounts of registries and nodes have their own bills. */
function billedSentence(estimate: RegionEstimate, bill: Billed, nodesUntagged: boolean): string {
  const fills = estimate.lines.filter(({ kind }) => kind === "fill");
  const { expected } = billOf({ ...estimate, lines: fills });
  const elsewhere = expected > 0 ? `, with ${usd(expected)} for transfer out of the registries` : "";
  const untagged = nodesUntagged
    ? " The nodes and their disks, and on EKS Auto Mode's share and the load balancer, aren't in the bill: they have the tags of the stack only with `governance.tags`."
    : "";
  const rest =
    usd(bill.otherTimesUSD) === usd(0)
      ? ""
      : ` The export also has ${usd(bill.otherTimesUSD)} for other times, by corrections, purchases or credits.`;
  return (
    `Billed over ${span(bill.hours)}, by the tags of the stack: ${usd(bill.usd)}, ${usd(bill.monthlyUSD)} as a month; ` +
    `with the share of commitments: ${usd(bill.effectiveUSD)}, ${usd(bill.effectiveMonthlyUSD)} as a month ` +
    `(estimated: ${rangeText(billOf(estimate))}${elsewhere}).${rest}${untagged}`
  );
}

function measuredSentence(assumed: RegionEstimate, measured: Measured): string {
  const { estimate, hours, usage, savedUSD, uncounted, fitting } = measured;
  const values = Object.entries(fitting).map(([key, value]) => `${key} ${quantity(value)}`);
  const pair = (what: string, of: keyof RegionEstimate["usage"]) =>
    `${quantity(estimate.usage[of])} GiB ${what} (${usage[of] === undefined ? "assumed, not measured" : `assumed: ${quantity(assumed.usage[of])}`})`;
  return texts(
    `Measured over ${span(hours)}, as a month: ${pair("pulled", "pulledGiB")}, ${pair("filled", "filledGiB")}.`,
    estimate.lines.length > 0 &&
      `For that, we pay ${rangeText(billOf(estimate))} (assumed: ${rangeText(billOf(assumed))}).`,
    values.length > 0 && `What would have fitted the workload: ${values.join(", ")}.`,
    usage.filledGiB !== undefined &&
      fitting.growthGiBPerMonth === undefined &&
      "What was filled may include the first fill, or what a bucket deleted by age, so no growthGiBPerMonth can be derived from it.",
    usage.pulledGiB === undefined &&
      "What was saved isn't known, because the bucket sends what nodes pull, and the cache doesn't see it.",
    ...(savedUSD ? [savings(savedUSD), ...uncounted] : []),
  ).join(" ");
}

function savings({ low, expected, high }: Amounts): string {
  const [word, amounts] =
    expected < 0
      ? ["Lost", { low: -high, expected: -expected, high: -low }]
      : ["Saved", { low, expected, high }];
  const contested = low < high ? " Only one end has the contested charge." : "";
  return `${word} in a month, against pulls from the upstream: ${rangeText(amounts)}.${contested}`;
}

/** `1 hour`, `9 hours`, `12.5 days`. */
export function span(hours: number): string {
  const [unit, amount] = hours < 48 ? ["hour", hours] : ["day", hours / 24];
  const text = quantity(Math.round(amount * 10) / 10);
  return `${text} ${unit}${text === "1" ? "" : "s"}`;
}

/** What is missing in a total, why, and what it costs in another region. */
export function notPricedText({ name, reason, elsewhere }: NotPriced): string {
  const region =
    elsewhere && `${elsewhere.region}${elsewhere.regions === 1 ? ", the only region with a price," : ""}`;
  const indication = elsewhere ? ` In ${region} it would be ${usd(elsewhere.monthlyCost)}.` : "";
  return `${name}: ${reason}${indication}`;
}

/** By title. */
const remarks: Readonly<Record<string, (estimate: RegionEstimate) => readonly string[]>> = {
  Warnings: ({ warnings }) => warnings,
  Prices: pricesOf,
  "Not priced": ({ notPriced }) => notPriced.map(notPricedText),
  Assumptions: ({ assumptions }) => assumptions,
};

/** Remarks on the estimates of several regions, without repetitions. */
export function remarksOf(regions: readonly StackRegion[]): Section[] {
  const all = Object.entries(remarks).map(([title, textsOf]): Section => {
    return { kind: "section", about: "all", title, blocks: list(grouped(regions, textsOf)) };
  });
  return all.filter(({ blocks }) => blocks.length > 0);
}

/** All lines whose price is known, including contested ones. */
export function pricedLines({ lines, contested }: RegionEstimate): CostLine[] {
  return [...lines, ...(contested?.lines ?? [])];
}

/** The date, confidence and source of each price, with the lines that use it. */
function pricesOf(estimate: RegionEstimate): string[] {
  const origins = Map.groupBy(
    pricedLines(estimate).flatMap(({ name, source }) => (source ? [{ name, source }] : [])),
    ({ source: { date, confidence, name } }) => `${date}, ${confidence} confidence, ${name}`,
  );
  return [...origins].map(([origin, those]) => `${origin}: ${those.map(({ name }) => name).join("; ")}`);
}

/** Groups equal texts. Names the regions of a text unless it applies to all that have a bill. */
function grouped(
  regions: readonly StackRegion[],
  textsOf: (estimate: RegionEstimate) => readonly string[],
): string[] {
  const billed = regions.filter(({ estimate }) => estimate.lines.length > 0);
  const all = billed.flatMap((region) =>
    [...new Set(textsOf(region.estimate))].map((text) => ({ text, name: nameOf(region) })),
  );
  return [...Map.groupBy(all, ({ text }) => text)].map(([text, about]) => {
    const names = about.map(({ name }) => name);
    return names.length === billed.length ? text : `${listed(names, mostNames)}: ${text}`;
  });
}
