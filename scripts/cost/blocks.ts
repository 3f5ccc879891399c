import type { Table } from "../output/columns.ts";

/** The elements of a report, for all formats. A renderer only writes them. */
export type Block = Text | List | TableBlock | Section;

export interface Text {
  readonly kind: "text";
  readonly text: string;
  /** Whether the reader should see it first. */
  readonly isHeadline?: boolean;
}

export interface List {
  readonly kind: "list";
  readonly title?: string;
  readonly items: readonly string[];
}

export interface TableBlock extends Table {
  readonly kind: "table";
}

/** A section that can be folded. */
export interface Section {
  readonly kind: "section";
  readonly about: "region" | "all";
  readonly title: string;
  /** Shown next to the title. */
  readonly amount?: string;
  readonly blocks: readonly Block[];
}

export function text(text: string): Text {
  return { kind: "text", text };
}

/** @returns no list if there are no items */
export function list(items: readonly string[], title?: string): List[] {
  return items.length > 0 ? [{ kind: "list", items, ...(title !== undefined && { title }) }] : [];
}

/** How to write each kind of block. A section gets its written blocks. */
export type Format<Out> = {
  readonly [Kind in Block["kind"]]: (block: Extract<Block, { kind: Kind }>, parts: readonly Out[]) => Out;
};

export function written<Out>(blocks: readonly Block[], format: Format<Out>): Out[] {
  return blocks.map((block) => {
    const write = format[block.kind] as (block: Block, parts: readonly Out[]) => Out;
    return write(block, block.kind === "section" ? written(block.blocks, format) : []);
  });
}
