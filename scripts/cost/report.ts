/** What a report says, once for all formats. */
import type { Alternative } from "../../components/cost/alternatives.ts";
import type { RegionEstimate } from "../../components/cost/estimate.ts";
import { type CostLine, notFound, usd } from "../../components/cost/line.ts";
import { rangeText } from "../../components/cost/range.ts";
import { quantity, sum, unitPrice } from "./amounts.ts";
import { type Block, list, type Section, type Table, text } from "./blocks.ts";
import { comparisonOf } from "./comparison.ts";
import { billOf, nameOf, type RegionReview, type Review } from "./review.ts";
import { conclusions, leftOut, notPricedText, remarksOf } from "./sentences.ts";

/** With a base what changes, otherwise all lines. */
export function reportOf(review: Review): Block[] {
  const { base, notes } = review;
  return [
    ...(base === undefined ? everything(review) : comparisonOf(review, base)),
    text("USD a month, estimated from the stack files."),
    ...(notes.length > 0 ? [list(notes)] : []),
  ];
}

const legend =
  "In brackets: the range, as prices are missing, disputed or contested; ≥: no region has a price for a line (docs/cost.md).";

function everything(review: Review): Block[] {
  const { regions } = review;
  if (regions.length === 0) return leftOut(review).map(text);
  const estimates = regions.map(({ estimate }) => estimate);
  return [
    {
      ...text([`${rangeText(billOf(...estimates))} a month.`, ...leftOut(review)].join(" ")),
      isHeadline: true,
    },
    overview(regions),
    text(legend),
    ...regions.map(regionSection),
    ...remarksOf(regions).map(
      ({ title, texts }): Section => ({ kind: "section", about: "all", title, blocks: [list(texts)] }),
    ),
  ];
}

function overview(regions: readonly RegionReview[]): Table {
  const isMeasured = regions.some(({ measured }) => measured);
  const isBilled = regions.some(({ billed }) => billed);
  /** Of a region, or of several together. */
  const cells = (those: readonly RegionReview[]) => {
    const bill = billOf(...those.map(({ estimate }) => estimate));
    const measured = those.flatMap(({ measured }) => measured ?? []);
    const bills = those.flatMap(({ billed }) => billed ?? []);
    return [
      ...[rangeText(bill), usd(bill.fixed), usd(bill.usage), usd(bill.customer)],
      ...(isMeasured
        ? [
            measured.length > 0 ? rangeText(billOf(...measured.map(({ estimate }) => estimate))) : "",
            sumCell(measured.flatMap(({ savedUSD }) => savedUSD ?? [])),
          ]
        : []),
      ...(isBilled
        ? [
            sumCell(bills.map(({ monthlyUSD }) => monthlyUSD)),
            sumCell(bills.map(({ effectiveMonthlyUSD }) => effectiveMonthlyUSD)),
          ]
        : []),
    ];
  };
  return {
    kind: "table",
    title: "All regions",
    head: [
      ...["Region", ">We pay", ">Fixed", ">By usage", ">Customers"],
      ...(isMeasured ? [">Measured", ">Saved"] : []),
      ...(isBilled ? [">Billed", ">Effective"] : []),
    ],
    rows: regions.map((region) => [nameOf(region), ...cells([region])]),
    foot: [["All", ...cells(regions)]],
  };
}

function sumCell(amounts: readonly number[]): string {
  return amounts.length > 0 ? usd(sum(amounts)) : "";
}

function regionSection(region: RegionReview): Section {
  const { estimate } = region;
  const { lines, alternatives, notPriced, provider, priceDate } = estimate;
  const said = conclusions(region);
  return {
    kind: "section",
    about: "region",
    title: nameOf(region),
    amount: rangeText(billOf(estimate)),
    blocks: [
      ...(priceDate === undefined ? [] : [text(`${provider}, oldest price of ${priceDate}.`)]),
      ...(lines.length > 0 ? [lineTable(estimate)] : notPriced.map((entry) => text(notPricedText(entry)))),
      ...(said.length > 0 ? [list(said)] : []),
      ...(alternatives ? [alternativeTable(alternatives.options)] : []),
    ],
  };
}

function lineTable(estimate: RegionEstimate): Table {
  const bill = billOf(estimate);
  return {
    kind: "table",
    title: "Lines",
    head: ["Line", ">Monthly cost", ">Quantity", "Unit", ">Price", "Basis", "Paid by", "Price of"],
    rows: estimate.lines.map(lineCells),
    foot: [
      ["We pay, fixed", usd(bill.fixed)],
      ["We pay, by usage", usd(bill.usage)],
      ["We pay", usd(bill.expected)],
      ...(bill.customer > 0 ? [["The customers pay", usd(bill.customer)]] : []),
    ],
  };
}

function lineCells({ name, source, ...line }: CostLine): string[] {
  return [
    name,
    usd(line.monthlyCost),
    quantity(line.monthlyQuantity),
    line.unit,
    unitPrice(line.price),
    line.basis,
    line.paidBy,
    source ? `${source.date}, ${source.confidence}` : "",
  ];
}

function alternativeTable(options: readonly Alternative[]): Table {
  return {
    kind: "table",
    title: "Alternatives",
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
