import type { Table } from "../output/columns.ts";

/** What a report consists of, in whatever format; a renderer only writes it down. */
export type Block = Text | List | TableBlock | Section;

export interface Text {
  readonly kind: "text";
  readonly text: string;
  /** Whether it is what the reader should see first. */
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

/** What can be folded away. */
export interface Section {
  readonly kind: "section";
  readonly about: "region" | "all";
  readonly title: string;
  /** What stands beside the title. */
  readonly amount?: string;
  readonly blocks: readonly Block[];
}

export function text(text: string): Text {
  return { kind: "text", text };
}

/** None without items. */
export function list(items: readonly string[], title?: string): List[] {
  return items.length > 0 ? [{ kind: "list", items, ...(title !== undefined && { title }) }] : [];
}

/** How each kind is written; a section from its written blocks. */
export type Format<Out> = {
  readonly [Kind in Block["kind"]]: (block: Extract<Block, { kind: Kind }>, parts: readonly Out[]) => Out;
};

export function written<Out>(blocks: readonly Block[], format: Format<Out>): Out[] {
  return blocks.map((block) => {
    const write = format[block.kind] as (block: Block, parts: readonly Out[]) => Out;
    return write(block, block.kind === "section" ? written(block.blocks, format) : []);
  });
}
