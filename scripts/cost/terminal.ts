import { columns, wrapped } from "../output/columns.ts";
import { type Format, written } from "./blocks.ts";
import { reportOf } from "./report.ts";
import type { Review } from "./review.ts";

/** For a terminal of 120 columns, with a margin of one. */
const width = 119;

/** Widths of the text columns. Longer cells continue on the next line. */
const widths = { firstWidth: 34, lastWidth: 44 };

export function renderTerminal(review: Review): string {
  const { regions, removed, leftBehind, notes, problems } = review;
  // Problems are printed separately, so a report with nothing else is empty.
  if (problems.length > 0 && [regions, removed, leftBehind, notes].every(({ length }) => length === 0))
    return "";
  return `${written(reportOf(review), terminal).join("\n\n")}\n`;
}

const terminal: Format<string> = {
  text: ({ text }) => wrapped(text, width).join("\n"),
  list: ({ title, items }) => [...(title ? wrapped(title, width) : []), ...items.flatMap(bullet)].join("\n"),
  table({ head, rows, foot = [] }) {
    const rule = foot.length > 0 ? [[]] : [];
    return columns(head, [...rows, ...rule, ...foot], widths).join("\n");
  },
  section: ({ title, amount }, parts) => [`${title}:${amount ? ` ${amount}` : ""}`, ...parts].join("\n\n"),
};

function bullet(text: string): string[] {
  return wrapped(text, width - 2).map((line, index) => `${index === 0 ? "- " : "  "}${line}`);
}
