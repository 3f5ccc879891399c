import { columnOf } from "./columns.ts";

/**
 * @param titles see {@link columnOf}
 * @param rows missing cells are empty
 * @returns the table without a line break at its end
 */
export function markdownTable(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = titles.map(columnOf);
  const line = (cells: readonly string[]) =>
    `| ${head.map((_, index) => (cells[index] ?? "").replaceAll("|", "\\|")).join(" | ")} |`;
  return [
    line(head.map(({ header }) => header)),
    line(head.map(({ isRight }) => (isRight ? "---:" : "---"))),
    ...rows.map(line),
  ].join("\n");
}
