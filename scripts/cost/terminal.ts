import { columns, wrapped } from "../output/columns.ts";
import type { Block, Table } from "./blocks.ts";
import { reportOf } from "./report.ts";
import type { Review } from "./review.ts";

/** Of a terminal, with a margin of one. */
const width = 119;

/** Of the columns of text: longer cells go on in further lines. */
const [firstWidth, lastWidth] = [34, 44];

/** The report for a terminal of 120 columns. */
export function renderTerminal(review: Review): string {
  const { regions, removed, notes, problems } = review;
  // Problems are said beside the report, so a report of nothing else is none.
  if (problems.length > 0 && [regions, removed, notes].every(({ length }) => length === 0)) return "";
  return `${paragraphs(reportOf(review)).join("\n\n")}\n`;
}

function paragraphs(blocks: readonly Block[]): string[] {
  return blocks.flatMap(paragraphsOf);
}

function paragraphsOf(block: Block): string[] {
  switch (block.kind) {
    case "text":
      return [wrapped(block.text, width).join("\n")];
    case "list": {
      const title = block.title ? wrapped(block.title, width) : [];
      return [[...title, ...block.items.flatMap(item)].join("\n")];
    }
    case "table":
      return [table(block)];
    case "section":
      return [`${block.title}:${block.amount ? ` ${block.amount}` : ""}`, ...paragraphs(block.blocks)];
  }
}

function table({ head, rows, foot = [] }: Table): string {
  const rule = foot.length > 0 ? [[]] : [];
  return columns(head, [...rows, ...rule, ...foot], { firstWidth, lastWidth }).join("\n");
}

function item(text: string): string[] {
  return wrapped(text, width - 2).map((line, index) => `${index === 0 ? "- " : "  "}${line}`);
}
