import type { RegionEstimate } from "../../components/cost/estimate.ts";
import { quantity, unitPrice, usd } from "./amounts.ts";
import { columnOf } from "./columns.ts";
import { comparisonOf } from "./comparison.ts";
import { billOf, nameOf, type Review, type StackRegion, sumOf } from "./review.ts";
import { billCells, billed, billTitles, conclusions, leftOut, legendOf, remarksOf } from "./sentences.ts";

/** GitHub takes comments of up to 65,536 characters, and the lines of a region are about 1,500. */
const mostDetails = 20;

/** The report as a comment on a pull request: with a base what changes, otherwise all lines. */
export function renderMarkdown(review: Review): string {
  const { base, regions, problems, notes } = review;
  const parts = [
    "### Cost of the registry caches",
    ...(base === undefined ? everything(review) : comparison(review, base)),
    ...(problems.length > 0
      ? [`**Problems**\n\n${bullets(problems.map(({ path, message }) => `${path}: ${message}`))}`]
      : []),
    ...(base === undefined ? remarks(regions) : []),
    ...notes,
  ];
  return `${parts.join("\n\n")}\n`;
}

function comparison(review: Review, base: string): string[] {
  const { headline, regions, rest } = comparisonOf(review, base);
  return [
    `**${headline}**`,
    ...regions.map(({ title, sentences }) => `**${title}**\n\n${bullets(sentences)}`),
    ...rest,
  ];
}

function everything(review: Review): string[] {
  const { regions } = review;
  const total = sumOf(regions.map(({ estimate }) => billOf(estimate)));
  return [
    `**${[`${billed(total)} a month.`, ...leftOut(review)].join(" ")}**`,
    table(
      ["Region", ...billTitles(regions)],
      [
        ...regions.map((region) => [nameOf(region), ...billCells([region], regions)]),
        ["**all**", ...billCells(regions).map((cell) => cell && `**${cell}**`)],
      ],
    ),
    ...legendOf(regions.map(({ estimate }) => billOf(estimate))),
    ...regions
      .filter(({ estimate }) => estimate.lines.length > 0)
      .slice(0, mostDetails)
      .map((region) =>
        details(nameOf(region), [lines(region.estimate), ...conclusions(region)].join("\n\n")),
      ),
  ];
}

function lines({ lines }: RegionEstimate): string {
  return table(
    ["Line", ">Quantity", "Unit", ">Price", ">Monthly cost", "Basis", "Paid by"],
    lines.map((line) => [
      line.name,
      quantity(line.monthlyQuantity),
      line.unit,
      unitPrice(line.price),
      usd(line.monthlyCost),
      line.basis,
      line.paidBy,
    ]),
  );
}

/** What the figures rest on. */
function remarks(regions: readonly StackRegion[]): string[] {
  return remarksOf(regions).map(({ title, texts }) => details(title, bullets(texts)));
}

function bullets(items: readonly string[]): string {
  return items.map((item) => `- ${item.replaceAll("\n", "\n  ")}`).join("\n");
}

function details(summary: string, body: string): string {
  return `<details><summary>${summary}</summary>\n\n${body}\n\n</details>`;
}

/** @param titles see {@link columnOf} */
function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const head = titles.map(columnOf);
  return [
    row(head.map(({ header }) => header)),
    row(head.map(({ isRight }) => (isRight ? "---:" : "---"))),
    ...rows.map(row),
  ].join("\n");
}
