import { stringify } from "yaml";
import type { z } from "zod";
import { governanceSchemas } from "../../components/config/governance.ts";
import { regionSchemas, unknownProviderSchema } from "../../components/config/schema.ts";
import { markdownTable } from "../output/markdown-table.ts";
import { inputSchemaOf, type JsonSchema } from "./json-schema.ts";

interface Row {
  path: string;
  type: string;
  fallback: string;
  /** Alternatives of a union that require the key, if not all do. */
  requiredFor: readonly string[];
  meaning: string;
  /** If the row belongs to one alternative of a union: which one. */
  choice?: string | undefined;
}

const required = "**required**";

/** The tables of all configuration keys, in Markdown. */
export function configurationTables(): string {
  const stackRows = rowsOf(inputSchemaOf(unknownProviderSchema), "");
  return [
    "### Keys of a stack",
    "",
    markdownTable(
      ["Key", "Value", "Default", "Meaning"],
      grouped(stackRows, sameButName).map((same) => {
        const [{ type, meaning, ...row }] = same;
        return [same.map(({ path }) => `\`${path}\``).join(", "), type, fallbackText(row), meaning];
      }),
    ),
    "",
    "### Keys of a stack's `governance`",
    "",
    tableOf(governanceSchemas),
    "",
    "### Keys of a region, under `regions[]`",
    "",
    tableOf(regionSchemas),
  ].join("\n");
}

/** Keys of one mapping that differ only in their names share a row. */
function sameButName({ path, ...row }: Row): string {
  return JSON.stringify([path.split(".").slice(0, -1), row]);
}

/** @param schemas by where they apply */
function tableOf(schemas: Readonly<Record<string, z.ZodType>>): string {
  const ofKinds = Object.entries(schemas).flatMap(([kind, schema]) =>
    rowsOf(inputSchemaOf(schema), "").map((row) => ({ ...row, kind })),
  );
  const sameRows = grouped(ofKinds, ({ kind: _, ...row }) => JSON.stringify(row));
  const rows = grouped(sameRows, ([{ path }]) => path.split(".")[0]).flatMap((below) =>
    grouped(below, ([{ path }]) => path).flat(),
  );
  return markdownTable(
    ["Key", "Where", "Value", "Default", "Meaning"],
    rows.map((same, index) => {
      const [{ path, type, meaning, ...row }] = same;
      const kinds = same.map(({ kind }) => kind);
      const above = rows[index - 1]?.[0];
      const isAbove = above?.path === path && above.meaning === meaning;
      const where = whereText(kinds, Object.keys(schemas));
      return [`\`${path}\``, where, type, fallbackText(row), isAbove ? "as above" : meaning];
    }),
  );
}

/** A cloud's name stands for all its kinds, and `clusters` for the kinds that run on Kubernetes. */
function whereText(kinds: readonly string[], all: readonly string[]): string {
  const others = all.filter((kind) => !kinds.includes(kind));
  if (others.length === 0) return "all";
  if (others.length === 1 && kinds.length > 1) return `all but ${others[0]}`;
  const places = kinds.map((kind) => {
    const [cloud = ""] = kind.split(" ");
    return others.some((other) => other.startsWith(cloud)) ? kind : cloud;
  });
  return [...new Set(places)].join(", ").replace("aws cluster, azure cluster, kubernetes", "clusters");
}

/** Groups are in the order of their first items. */
function grouped<Item>(items: readonly Item[], keyOf: (item: Item) => unknown): [Item, ...Item[]][] {
  return [...Map.groupBy(items, keyOf).values()] as [Item, ...Item[]][];
}

function fallbackText({ requiredFor, fallback }: Pick<Row, "requiredFor" | "fallback">): string {
  return requiredFor.length > 0 ? `${required} for ${requiredFor.join(", ")}` : fallback;
}

function rowsOf(schema: JsonSchema, path: string): Row[] {
  const { properties = {}, required: requiredKeys = [] } = schema;
  const rows = Object.entries(properties).flatMap(([name, property]) => {
    if (typeof property !== "object") return [];
    const below = path ? `${path}.${name}` : name;
    const [meaning = "", fallback] = (property.description ?? "").split(/ Default: (.*)\.$/);
    const row = {
      path: below,
      type: typeOf(property),
      fallback: requiredKeys.includes(name) ? required : (fallback ?? fallbackOf(property)),
      requiredFor: [],
      meaning: linked(meaning),
    };
    const rows = rowsBelow(property, below);
    return isOnlyGroup(row, rows) ? rows : [row, ...rows];
  });
  return merged(rows);
}

/** Whether the keys below a mapping say everything. */
function isOnlyGroup({ type, fallback }: Row, below: readonly Row[]): boolean {
  return type === "mapping" && fallback === "" && below.length > 0;
}

/** Links are relative to docs/, where the tables are. */
function linked(text: string): string {
  return text.replace(/\bdocs\/([\w-]+\.md)/g, "[$1]($1)");
}

function rowsBelow(schema: JsonSchema, path: string): Row[] {
  const items = schema.items as JsonSchema | undefined;
  return [
    ...(schema.properties ? rowsOf(schema, path) : []),
    ...(items ? rowsBelow(items, `${path}[]`) : []),
    ...rowsOfAlternatives(alternativesOf(schema), path),
  ];
}

/** If only one alternative requires a key, the row says so. */
function rowsOfAlternatives(alternatives: readonly JsonSchema[], path: string): Row[] {
  const constants = alternatives.map(constantOf);
  const [fixedKey, fixedValue] = constants.find((it) => it !== undefined) ?? [];
  return alternatives.flatMap((alternative, index) => {
    const value = constants[index]?.[1];
    const choice = value && `\`${value}\``;
    const condition = choice
      ? { requiredFor: [choice], fallback: "" }
      : { fallback: `${required} unless \`${fixedKey}: ${fixedValue}\`` };
    return rowsBelow(alternative, path).map((row) => {
      const key = row.path.slice(path.length + 1);
      const isConditional = fixedKey !== undefined && key !== fixedKey && row.fallback === required;
      return {
        ...row,
        // Keys below such a key are required wherever the key itself is.
        ...(isConditional && !key.includes(".") && condition),
        choice,
      };
    });
  });
}

/** The key that distinguishes an alternative from the others, and its value. */
function constantOf({ properties = {} }: JsonSchema): [key: string, value: string] | undefined {
  for (const [key, property] of Object.entries(properties)) {
    const { const: value } = property as JsonSchema;
    if (value !== undefined) return [key, String(value)];
  }
  return undefined;
}

/** Merges rows into one per key. Alternatives of a union can share a key with other values or another meaning. */
function merged(rows: readonly Row[]): Row[] {
  return grouped(rows, ({ path }) => path).map((same) => {
    const [{ path, fallback, meaning }] = same;
    const meanings = grouped(same, (row) => row.meaning);
    return {
      path,
      type: [...new Set(same.flatMap(({ type }) => type.split(", ")))].join(", "),
      fallback,
      requiredFor: [...new Set(same.flatMap(({ requiredFor }) => requiredFor))],
      meaning:
        meanings.length === 1
          ? meaning
          : meanings
              .map((its) => `${its.map(({ choice }) => choice).join(", ")}: ${its[0].meaning}`)
              .join(" "),
    };
  });
}

function alternativesOf({ oneOf, anyOf }: JsonSchema): JsonSchema[] {
  return (oneOf ?? anyOf ?? []) as JsonSchema[];
}

const typeNames: Record<string, string> = { string: "text", array: "list", object: "mapping" };

function typeOf(schema: JsonSchema): string {
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(", ");
  const alternatives = alternativesOf(schema);
  if (alternatives.length > 0) return [...new Set(alternatives.map(typeOf))].join(", ");
  const type = String(schema.type ?? "");
  return typeNames[type] ?? type;
}

/** The default as in a stack file. An empty mapping isn't shown, because its default follows from its keys. */
function fallbackOf({ default: value }: JsonSchema): string {
  if (value === undefined || JSON.stringify(value) === "{}") return "";
  return `\`${stringify(value, { collectionStyle: "flow", lineWidth: 0 }).trim()}\``;
}
