import type { CostLine } from "../../components/cost/line.ts";
import { quantity, unitPrice, usd } from "./amounts.ts";
import { columns, wrapped } from "./columns.ts";
import { comparisonOf } from "./comparison.ts";
import { billOf, nameOf, type RegionReview, type Review } from "./review.ts";
import {
  billCells,
  billed,
  billTitles,
  conclusions,
  leftOut,
  legendOf,
  notPricedText,
  remarksOf,
} from "./sentences.ts";

/** Of the first column of each table, in characters. */
const [lineWidth, regionWidth] = [54, 40];

/** The report for a terminal of 120 columns. */
export function renderTable(review: Review): string {
  const { regions, removed, notes, problems } = review;
  // Problems are said beside the report, so a report of nothing else is none.
  if (problems.length > 0 && [regions, removed, notes].every(({ length }) => length === 0)) return "";
  const bills = regions.map(({ estimate }) => billOf(estimate));
  const parts = [
    ...(review.base === undefined
      ? [
          ...regions.map(regionTable),
          overview(regions),
          ["* by usage: follows from the workload.", ...legendOf(bills), ...leftOut(review)],
          ...remarksOf(regions).map(({ title, texts }) => [`${title}:`, ...texts.flatMap(item)]),
        ]
      : comparison(review, review.base)),
    [`USD a month, estimated from ${review.origin}.`, ...notes.flatMap(item)],
  ];
  return `${parts.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function regionTable(region: RegionReview): string[] {
  const { stack, estimate } = region;
  const { lines, provider, priceDate } = estimate;
  const bill = billOf(estimate);
  const head = `${nameOf({ stack, estimate })} (${provider}${priceDate === undefined ? "" : `, oldest price of ${priceDate}`})`;
  const total = (what: string, amount: string) => [what, "", "", "", amount, ""];
  const rows = [
    ...lines.map(row),
    [],
    total("We pay, fixed", usd(bill.fixed)),
    total("We pay, by usage", usd(bill.usage)),
    total("We pay", billed(bill)),
    ...(bill.customer > 0 ? [total("The customers pay", usd(bill.customer))] : []),
  ];
  const titles = ["Name", ">Monthly qty", "Unit", ">Price", ">Monthly cost", "Paid by"];
  const table = lines.length === 0 ? estimate.notPriced.map(notPricedText) : columns(titles, rows, lineWidth);
  return [head, "", ...table, ...conclusions(region).flatMap(item)];
}

function row({ name, monthlyQuantity, unit, price, monthlyCost, basis, paidBy }: CostLine): string[] {
  const marked = basis === "usage" ? `${name} *` : name;
  return [marked, quantity(monthlyQuantity), unit, unitPrice(price), usd(monthlyCost), paidBy];
}

function overview(regions: readonly RegionReview[]): string[] {
  const rows = regions.map((region) => [nameOf(region), ...billCells([region], regions)]);
  return columns(
    ["Region", ...billTitles(regions)],
    [...rows, [], ["All", ...billCells(regions)]],
    regionWidth,
  );
}

function comparison(review: Review, base: string): string[][] {
  const { headline, regions, rest } = comparisonOf(review, base);
  return [
    wrapped(headline, 119),
    ...regions.map(({ title, sentences }) => [...wrapped(title, 119), ...sentences.flatMap(item)]),
    ...(rest.length > 0 ? [rest.flatMap((text) => wrapped(text, 119))] : []),
  ];
}

/** A sentence as an item of a list. */
function item(text: string): string[] {
  return wrapped(text, 117).map((line, index) => `${index === 0 ? "- " : "  "}${line}`);
}
