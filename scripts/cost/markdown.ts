import { columnOf } from "../output/columns.ts";
import type { Block, Table } from "./blocks.ts";
import { reportOf } from "./report.ts";
import type { Review } from "./review.ts";

/** GitHub takes comments of up to 65,536 characters, and a region has about 2,500. */
const mostRegions = 15;

/** The report as a comment on a pull request. */
export function renderMarkdown(review: Review): string {
  const blocks = reportOf(review);
  const regions = blocks.filter((block) => block.kind === "section" && block.about === "region");
  const left = new Set<Block>(regions.slice(mostRegions));
  const problems = review.problems.map(({ path, message }) => `${path}: ${message}`);
  const parts = [
    "### Cost of the registry caches",
    ...(problems.length > 0 ? [`**Problems**\n\n${bullets(problems)}`] : []),
    ...blocks.filter((block) => !left.has(block)).map(part),
    ...(left.size > 0 ? [`The lines of ${left.size} more regions: \`npm run cost\`.`] : []),
  ];
  return `${parts.join("\n\n")}\n`;
}

function part(block: Block): string {
  switch (block.kind) {
    case "text":
      return block.isHeadline ? `**${block.text}**` : block.text;
    case "list":
      return `${block.title ? `**${block.title}**\n\n` : ""}${bullets(block.items)}`;
    case "table":
      return table(block);
    case "section": {
      const title = `${block.title}${block.amount ? `: ${block.amount}` : ""}`;
      return `<details><summary>${title}</summary>\n\n${block.blocks.map(part).join("\n\n")}\n\n</details>`;
    }
  }
}

function bullets(items: readonly string[]): string {
  return items.map((item) => `- ${item.replaceAll("\n", "\n  ")}`).join("\n");
}

function table({ head, rows, foot = [] }: Table): string {
  const row = (cells: readonly string[]) =>
    `| ${head.map((_, index) => (cells[index] ?? "").replaceAll("|", "\\|")).join(" | ")} |`;
  const titles = head.map(columnOf);
  const bold = (cell: string) => cell && `**${cell}**`;
  return [
    row(titles.map(({ header }) => header)),
    row(titles.map(({ isRight }) => (isRight ? "---:" : "---"))),
    ...rows.map(row),
    ...foot.map((cells) => row(cells.map(bold))),
  ].join("\n");
}
