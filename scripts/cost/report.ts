/** What a report says, once for all formats; a renderer only writes it down. */
import type { Alternative } from "../../components/cost/alternatives.ts";
import type { RegionEstimate } from "../../components/cost/estimate.ts";
import { type CostLine, notFound } from "../../components/cost/line.ts";
import { quantity, sum, unitPrice, usd } from "./amounts.ts";
import { comparisonOf } from "./comparison.ts";
import type { Curve } from "./curve.ts";
import { type Bill, billOf, nameOf, type RegionReview, type Review, sumOf } from "./review.ts";
import { billed, conclusions, leftOut, legendOf, notPricedText, remarksOf } from "./sentences.ts";

export type Block = Text | List | Table | Section;

export interface Text {
  readonly kind: "text";
  readonly text: string;
  /** Whether it is what the reader should see first. */
  readonly isHeadline?: boolean;
}

export interface List {
  readonly kind: "list";
  readonly title?: string;
  readonly items: readonly string[];
}

export interface Table {
  readonly kind: "table";
  /** For those who can't see where it is. */
  readonly title: string;
  /** Of the columns: a `>` in front of it aligns the column to the right. */
  readonly head: readonly string[];
  /** The first cell is the row's name. */
  readonly rows: readonly (readonly string[])[];
  /** Totals. */
  readonly foot?: readonly (readonly string[])[];
}

/** What can be folded away. */
export interface Section {
  readonly kind: "section";
  readonly about: "region" | "all";
  readonly title: string;
  /** What stands beside the title. */
  readonly amount?: string;
  readonly blocks: readonly Block[];
}

/** With a base what changes, otherwise all lines. */
export function reportOf(review: Review): Block[] {
  const { base, notes, origin } = review;
  return [
    ...(base === undefined ? everything(review) : comparison(review, base)),
    text(`USD a month, estimated from ${origin}.`),
    ...(notes.length > 0 ? [list(notes)] : []),
  ];
}

function comparison(review: Review, base: string): Block[] {
  const { headline, regions, rest } = comparisonOf(review, base);
  return [
    { ...text(headline), isHeadline: true },
    ...regions.map(({ title, sentences }) => list(sentences, title)),
    ...(rest.length > 0 ? [list(rest)] : []),
  ];
}

function everything(review: Review): Block[] {
  const { regions } = review;
  if (regions.length === 0) return leftOut(review).map(text);
  const bills = regions.map(({ estimate }) => billOf(estimate));
  return [
    { ...text([`${billed(sumOf(bills))} a month.`, ...leftOut(review)].join(" ")), isHeadline: true },
    overview(regions),
    ...legendOf(bills).map(text),
    ...regions.map(regionSection),
    ...remarksOf(regions).map(
      ({ title, texts }): Section => ({ kind: "section", about: "all", title, blocks: [list(texts)] }),
    ),
  ];
}

interface OverviewColumn {
  readonly title: string;
  /** Of a region, or of several together. */
  readonly cell: (regions: readonly RegionReview[]) => string;
  /** Shown only where a region has it. */
  readonly needs?: "measured" | "billed";
}

const inBill = (of: (bill: Bill) => string) => (regions: readonly RegionReview[]) =>
  of(sumOf(regions.map(({ estimate }) => billOf(estimate))));

const inSum = (of: (region: RegionReview) => number | undefined) => (regions: readonly RegionReview[]) => {
  const amounts = regions.flatMap((region) => of(region) ?? []);
  return amounts.length === 0 ? "" : usd(sum(amounts));
};

const overviewColumns: readonly OverviewColumn[] = [
  { title: ">We pay", cell: inBill(billed) },
  { title: ">Fixed", cell: inBill(({ fixed }) => usd(fixed)) },
  { title: ">By usage", cell: inBill(({ usage }) => usd(usage)) },
  { title: ">Customers", cell: inBill(({ customer }) => usd(customer)) },
  { title: ">Measured", needs: "measured", cell: measuredCell },
  { title: ">Saved", needs: "measured", cell: inSum(({ measured }) => measured?.savedUSD) },
  { title: ">Billed", needs: "billed", cell: inSum(({ billed }) => billed?.monthlyUSD) },
  { title: ">Effective", needs: "billed", cell: inSum(({ billed }) => billed?.effectiveMonthlyUSD) },
];

function measuredCell(regions: readonly RegionReview[]): string {
  const measured = regions.flatMap((region) => region.measured ?? []);
  return measured.length === 0 ? "" : billed(sumOf(measured.map(({ estimate }) => billOf(estimate))));
}

function overview(regions: readonly RegionReview[]): Table {
  const shown = overviewColumns.filter(
    ({ needs }) => needs === undefined || regions.some((region) => region[needs] !== undefined),
  );
  const cells = (those: readonly RegionReview[]) => shown.map(({ cell }) => cell(those));
  return {
    kind: "table",
    title: "All regions",
    head: ["Region", ...shown.map(({ title }) => title)],
    rows: regions.map((region) => [nameOf(region), ...cells([region])]),
    foot: [["All", ...cells(regions)]],
  };
}

function regionSection(region: RegionReview): Section {
  const { estimate, curve } = region;
  const { lines, alternatives, notPriced, provider, priceDate } = estimate;
  const said = conclusions(region);
  return {
    kind: "section",
    about: "region",
    title: nameOf(region),
    amount: billed(billOf(estimate)),
    blocks: [
      ...(priceDate === undefined ? [] : [text(`${provider}, oldest price of ${priceDate}.`)]),
      ...(lines.length > 0 ? [lineTable(estimate)] : notPriced.map((entry) => text(notPricedText(entry)))),
      ...(said.length > 0 ? [list(said)] : []),
      ...(alternatives ? [alternativeTable(alternatives.options)] : []),
      ...(curve ? [volumeTable(curve)] : []),
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

function volumeTable({ volumesGiB, lines }: Curve): Table {
  return {
    kind: "table",
    title: "What we pay, by volume",
    head: ["GiB a month", ...volumesGiB.map((volume) => `>${quantity(volume)}`)],
    rows: lines.map(({ name, monthlyUSD }) => [name, ...monthlyUSD.map(usd)]),
  };
}

function text(text: string): Text {
  return { kind: "text", text };
}

function list(items: readonly string[], title?: string): List {
  return { kind: "list", items, ...(title !== undefined && { title }) };
}
