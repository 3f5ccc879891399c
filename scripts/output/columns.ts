/** A table, for all formats. */
export interface Table<Cell = string> {
  /** The table's name for screen readers. */
  readonly title: string;
  /** Titles of the columns: see {@link columnOf}. */
  readonly head: readonly string[];
  /** The first cell is the row's name. */
  readonly rows: readonly (readonly Cell[])[];
  /** Rows with totals. */
  readonly foot?: readonly (readonly Cell[])[];
}

/** Parses a column's title. A `>` in front aligns the column to the right. */
export function columnOf(title: string): { readonly header: string; readonly isRight: boolean } {
  return { header: title.replace(/^>/, ""), isRight: title.startsWith(">") };
}

/**
 * Renders rows as lines with aligned cells, two spaces apart. A row without cells becomes a rule.
 * @param titles see {@link columnOf}
 * @param widths of the first and the last column. Longer cells continue on the next line. @default all in one line
 */
export function columns(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
  { firstWidth, lastWidth }: { readonly firstWidth?: number; readonly lastWidth?: number } = {},
): string[] {
  const head = titles.map(columnOf);
  const widthAt = (index: number) =>
    index === 0 ? firstWidth : index === titles.length - 1 ? lastWidth : undefined;
  const high = rows.map((row) => row.map((cell, index) => wrapped(cell, widthAt(index))));
  const widths = head.map(({ header }, index) =>
    Math.max(header.length, ...high.flatMap((row) => (row[index] ?? []).map((line) => line.length))),
  );
  const line = (cells: readonly string[]) =>
    head
      .map(({ isRight }, index) => {
        const [cell = "", width = 0] = [cells[index], widths[index]];
        return isRight ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd();
  const rule = "─".repeat(widths.reduce((sum, width) => sum + width + 2, -2));
  const lines = (row: readonly string[][]) =>
    Array.from({ length: Math.max(...row.map((cell) => cell.length)) }, (_, index) =>
      line(row.map((cell) => cell[index] ?? "")),
    );
  return [
    line(head.map(({ header }) => header)),
    rule,
    ...high.flatMap((row) => (row.length ? lines(row) : rule)),
  ];
}

/** Breaks a text at spaces into lines of at most `width` characters. A longer word stays whole. */
export function wrapped(text: string, width = Number.POSITIVE_INFINITY): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
