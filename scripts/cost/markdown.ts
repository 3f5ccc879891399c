import type { RegionEstimate } from "../../components/cost/estimate.ts";
import { change, quantity, unitPrice, usd } from "./amounts.ts";
import {
  type Change,
  changesOf,
  differenceOf,
  type LineChange,
  lineDifference,
  totalsOf,
} from "./changes.ts";
import { columnOf } from "./columns.ts";
import { billOf, nameOf, type Review, type StackRegion, sumOf } from "./review.ts";
import {
  billCells,
  billed,
  billTitles,
  changeCells,
  changeTitles,
  conclusions,
  differenceText,
  leftOut,
  legendOf,
  remarksOf,
  totalChange,
  usageChange,
} from "./sentences.ts";

/** GitHub takes comments of up to 65,536 characters, and the lines of a region are about 1,500. */
const mostDetails = 20;

/** The report as a comment on a pull request: with a base what changes, otherwise all lines. */
export function renderMarkdown(review: Review): string {
  const { base, regions, unread } = review;
  const body = base === undefined ? everything(review) : comparison(review, base);
  const told =
    base === undefined
      ? regions
      : regions.filter((region) => changesOf({ regions: [region], removed: [], unread }).length > 0);
  const parts = ["### Cost of the registry caches", ...body, ...remarks(review, told)];
  return `${parts.join("\n\n")}\n`;
}

function comparison(review: Review, base: string): string[] {
  const { was, is } = totalsOf(review);
  const changes = changesOf(review);
  const compared = review.regions.filter(({ stack }) => !review.unread.base.includes(stack));
  const same = compared.length + review.removed.length - changes.length;
  const others = same === 0 ? [] : [`${counted(same, "region")} cost${same === 1 ? "s" : ""} the same.`];
  const without = leftOut(review);
  const headline =
    changes.length === 0 && without.length === 0
      ? `**${billed(is)} a month, as in \`${base}\`.**`
      : `**${[`${billed(is)} a month.`, ...without, `Change against \`${base}\`: ${totalChange(changes, was, is)}.`].join(" ")}**`;
  if (changes.length === 0) return [headline];
  return [
    headline,
    table(
      [...changeTitles, ">Of it by usage", ">Customers pay"],
      changes.map((one) => [...changeCells(one), usageChange(one.lines), customers(one)]),
    ),
    ...legendOf([was, is], changes),
    ...others,
    ...changes
      .slice(0, mostDetails)
      .map((one) => details(`What changes in ${one.name}`, lineChanges(one.lines))),
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
    ...legendOf([total]),
    ...regions
      .filter(({ estimate }) => estimate.lines.length > 0)
      .slice(0, mostDetails)
      .map(({ stack, estimate, measured }) =>
        details(
          nameOf({ stack, estimate }),
          [lines(estimate), ...conclusions(estimate, measured)].join("\n\n"),
        ),
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

function lineChanges(changes: readonly LineChange[]): string {
  return table(
    ["", "Line", ">Was", ">Is", ">Change", "Paid by"],
    changes.map((one) => {
      const { name, was, is } = one;
      return [
        is ? (was ? "~" : "+") : "-",
        name,
        was ? usd(was.monthlyCost) : "",
        is ? usd(is.monthlyCost) : "",
        change(lineDifference(one)),
        (is ?? was)?.paidBy ?? "",
      ];
    }),
  );
}

function customers({ is, lines }: Change): string {
  const more = differenceOf(lines, ({ paidBy }) => paidBy === "customer");
  const now = usd(is?.customer ?? 0);
  return more.usd === 0 && more.certainty === "exact" ? now : `${now} (${differenceText(more)})`;
}

/** What is missing, and what the figures rest on. */
function remarks({ problems, notes }: Review, regions: readonly StackRegion[]): string[] {
  const missing = bullets(problems.map(({ path, message }) => `${path}: ${message}`));
  return [
    ...(problems.length > 0 ? [`**Problems**\n\n${missing}`] : []),
    ...remarksOf(regions).map(({ title, texts }) => details(title, bullets(texts))),
    ...notes,
  ];
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

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
