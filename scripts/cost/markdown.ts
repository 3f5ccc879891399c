import { markdownTable } from "../output/markdown-table.ts";
import { type Block, type Format, list, written } from "./blocks.ts";
import { reportOf } from "./report.ts";
import type { Review } from "./review.ts";

/** GitHub's limit for comments is 65,536 characters, and a region needs about 2,500. */
const mostRegions = 15;

/** The report as a comment on a pull request. */
export function renderMarkdown(review: Review): string {
  const blocks = reportOf(review);
  const regions = blocks.filter((block) => block.kind === "section" && block.about === "region");
  const left = new Set<Block>(regions.slice(mostRegions));
  const kept = blocks.filter((block) => !left.has(block));
  const problems = review.problems.map(({ path, message }) => `${path}: ${message}`);
  const parts = [
    "### Cost of the registry caches",
    ...written([...list(problems, "Problems"), ...kept], markdown),
    ...(left.size > 0 ? [`The lines of ${left.size} more regions: \`npm run cost\`.`] : []),
  ];
  return `${parts.join("\n\n")}\n`;
}

const markdown: Format<string> = {
  text: ({ text, isHeadline }) => (isHeadline ? `**${text}**` : text),
  list({ title, items }) {
    const bullets = items.map((item) => `- ${item.replaceAll("\n", "\n  ")}`).join("\n");
    return title ? `**${title}**\n\n${bullets}` : bullets;
  },
  table({ head, rows, foot = [] }) {
    const bold = (cell: string) => cell && `**${cell}**`;
    return markdownTable(head, [...rows, ...foot.map((cells) => cells.map(bold))]);
  },
  section({ title, amount }, parts) {
    const summary = `${title}${amount ? `: ${amount}` : ""}`;
    return `<details><summary>${summary}</summary>\n\n${parts.join("\n\n")}\n\n</details>`;
  },
};
