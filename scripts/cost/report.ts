/** The content of a report, for all formats. */
import type { Alternative } from "../../components/cost/alternatives.ts";
import type { RegionEstimate } from "../../components/cost/estimate.ts";
import { notFound, unitPrice, usd } from "../../components/cost/line.ts";
import { type Amounts, exactly, rangeText, sumOf } from "../../components/cost/range.ts";
import { quantity } from "./amounts.ts";
import { type Block, list, type Section, type TableBlock, text } from "./blocks.ts";
import { comparisonOf } from "./comparison.ts";
import { nameOf } from "./estimates.ts";
import { type Bill, billOf, type RegionReview, type Review } from "./review.ts";
import { conclusions, leftOut, notPricedText, remarksOf } from "./sentences.ts";

/** With a base, only the changes; otherwise, all lines. */
export function reportOf(review: Review): Block[] {
  const { base, notes } = review;
  return [
    ...(base === undefined ? everything(review) : comparisonOf(review, base)),
    text("USD a month, estimated from the stack files."),
    ...list(notes),
  ];
}

function everything(review: Review): Block[] {
  const { regions } = review;
  if (regions.length === 0) return leftOut(review).map(text);
  const amount = wePay(regions);
  const headline = [
    amount === nothingPriced ? "Nothing is priced." : `${amount} a month.`,
    ...leftOut(review),
  ];
  return [
    { ...text(headline.join(" ")), isHeadline: true },
    overview(regions),
    text(
      "In brackets: the range, as prices are missing, disputed or contested; ≥: no region has a price for a line; 1 of 2: what other regions have isn't known (docs/cost.md).",
    ),
    ...regions.map(regionSection),
    ...remarksOf(regions),
  ];
}

type Cell = (regions: readonly RegionReview[]) => string;

function isPriced({ estimate }: { readonly estimate: RegionEstimate }): boolean {
  return estimate.lines.length > 0;
}

/** If no region has lines, the cost is unknown. */
function ifPriced(cell: (bill: Bill) => string, otherwise = ""): Cell {
  return (regions) =>
    regions.some(isPriced) ? cell(billOf(...regions.map(({ estimate }) => estimate))) : otherwise;
}

const nothingPriced = "not priced";
const wePay = ifPriced(rangeText, nothingPriced);

/** Cells for one region, or for several together. */
const columns: Readonly<Record<string, Cell>> = {
  ">We pay": wePay,
  ">Fixed": ifPriced(({ fixed }) => usd(fixed)),
  ">By usage": ifPriced(({ usage }) => usd(usage)),
  ">Customers": ifPriced(({ customer }) => rangeText(customer)),
  ">Measured": ofSome(({ measured }) => measured && isPriced(measured) && billOf(measured.estimate)),
  ">Saved": ofSome(({ measured }) => measured?.savedUSD),
  ">Billed": ofSome(({ billed }) => billed && exactly(billed.monthlyUSD)),
  ">Effective": ofSome(({ billed }) => billed && exactly(billed.effectiveMonthlyUSD)),
};

/** The sum of amounts that not all regions have, with the number of regions that have one: `$14.60 (1 of 2)`. */
function ofSome(amountsOf: (region: RegionReview) => Amounts | false | undefined): Cell {
  return (regions) => {
    const known = regions.flatMap((region) => amountsOf(region) || []);
    const priced = regions.filter(isPriced).length;
    const part = known.length < priced ? ` (${known.length} of ${priced})` : "";
    return known.length > 0 ? `${rangeText(sumOf(known))}${part}` : "";
  };
}

/** Leaves out empty columns. */
function overview(regions: readonly RegionReview[]): TableBlock {
  const used = Object.entries(columns).filter(([, cell]) => cell(regions) !== "");
  const row = (name: string, those: readonly RegionReview[]) => [
    name,
    ...used.map(([, cell]) => cell(those)),
  ];
  return {
    kind: "table",
    title: "All regions",
    head: ["Region", ...used.map(([title]) => title)],
    rows: regions.map((region) => row(nameOf(region), [region])),
    foot: [row("All", regions)],
  };
}

function regionSection(region: RegionReview): Section {
  const { estimate } = region;
  const { lines, alternatives, notPriced, provider, priceDate } = estimate;
  return {
    kind: "section",
    about: "region",
    title: nameOf(region),
    amount: wePay([region]),
    blocks: [
      ...(priceDate === undefined ? [] : [text(`${provider}, oldest price of ${priceDate}.`)]),
      ...(lines.length > 0 ? [lineTable(region)] : notPriced.map((entry) => text(notPricedText(entry)))),
      ...list(conclusions(region)),
      ...(alternatives ? [alternativeTable(region, alternatives.options)] : []),
    ],
  };
}

function lineTable(region: RegionReview): TableBlock {
  const { estimate } = region;
  const bill = billOf(estimate);
  return {
    kind: "table",
    title: `Lines of ${nameOf(region)}`,
    head: ["Line", ">Monthly cost", ">Quantity", "Unit", ">Price", "Basis", "Paid by", "Price of"],
    rows: estimate.lines.map(({ name, source, ...line }) => [
      name,
      usd(line.monthlyCost),
      quantity(line.monthlyQuantity),
      line.unit,
      unitPrice(line.price),
      line.basis,
      line.paidBy,
      source ? `${source.date}, ${source.confidence}` : "",
    ]),
    foot: [
      ["We pay, fixed", usd(bill.fixed)],
      ["We pay, by usage", usd(bill.usage)],
      ["We pay", usd(bill.expected)],
      ...(bill.customer.high > 0 ? [["The customers pay", rangeText(bill.customer)]] : []),
    ],
  };
}

function alternativeTable(region: RegionReview, options: readonly Alternative[]): TableBlock {
  return {
    kind: "table",
    title: `Alternatives of ${nameOf(region)}`,
    head: ["Way to serve the same", ">We pay", ">1 year", ">3 years", ">All pay", "Why"],
    rows: options.map((option) => [
      `${option.name} (${option.chosen ? "this one" : option.what})`,
      usd(option.comparableUSD ?? notFound),
      option.committed ? usd(option.committed.oneYearUSD) : "",
      option.committed ? usd(option.committed.threeYearsUSD) : "",
      usd(option.comparableAllUSD ?? notFound),
      option.reason,
    ]),
  };
}
