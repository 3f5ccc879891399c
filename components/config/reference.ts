import { stringify } from "yaml";
import { inputSchemaOf, type JsonSchema } from "./json-schema.ts";
import { regionSchemas, unknownProviderSchema } from "./schema.ts";

interface Row {
  path: string;
  type: string;
  fallback: string;
  meaning: string;
  /** Of a row that belongs to one alternative of a union: which one. */
  choice?: string | undefined;
}

const required = "**required**";

/** The tables of all configuration keys, in Markdown. */
export function configurationTables(): string {
  const stackRows = rowsOf(inputSchemaOf(unknownProviderSchema), "");
  const kindsOfRow = new Map<string, { row: Row; kinds: string[] }>();
  for (const [kind, schema] of Object.entries(regionSchemas)) {
    for (const row of rowsOf(inputSchemaOf(schema), "")) {
      const key = JSON.stringify(row);
      const known = kindsOfRow.get(key) ?? { row, kinds: [] };
      known.kinds.push(kind);
      kindsOfRow.set(key, known);
    }
  }
  const allRows = [...kindsOfRow.values()];
  const topKeys = [...new Set(allRows.map(({ row }) => topKeyOf(row)))];
  const regionRows = topKeys.flatMap((topKey) => allRows.filter(({ row }) => topKeyOf(row) === topKey));
  return [
    "### Keys of a stack",
    "",
    ...table(
      ["Key", "Value", "Default", "Meaning"],
      stackRows.map((row) => [`\`${row.path}\``, row.type, row.fallback, row.meaning]),
    ),
    "",
    "### Keys of a region, under `regions[]`",
    "",
    ...table(
      ["Key", "Where", "Value", "Default", "Meaning"],
      regionRows.map(({ row, kinds }) => [
        `\`${row.path}\``,
        where(kinds),
        row.type,
        row.fallback,
        row.meaning,
      ]),
    ),
  ].join("\n");
}

function where(kinds: readonly string[]): string {
  const others = Object.keys(regionSchemas).filter((kind) => !kinds.includes(kind));
  if (others.length === 0) return "all";
  return others.length === 1 ? `all but ${others[0]}` : kinds.join(", ");
}

function topKeyOf({ path }: Row): string | undefined {
  return path.split(".")[0];
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
      meaning,
    };
    return [row, ...rowsBelow(property, below)];
  });
  return merged(rows);
}

function rowsBelow(schema: JsonSchema, path: string): Row[] {
  const items = schema.items as JsonSchema | undefined;
  return [
    ...(schema.properties ? rowsOf(schema, path) : []),
    ...(items ? rowsBelow(items, `${path}[]`) : []),
    ...rowsOfAlternatives(alternativesOf(schema), path),
  ];
}

/** A key that only one alternative requires says so. */
function rowsOfAlternatives(alternatives: readonly JsonSchema[], path: string): Row[] {
  const constants = alternatives.map(constantOf);
  const [fixedKey, fixedValue] = constants.find((it) => it !== undefined) ?? [];
  return alternatives.flatMap((alternative, index) => {
    const choice = constants[index]?.[1];
    const condition = choice === undefined ? `unless \`${fixedKey}: ${fixedValue}\`` : `for \`${choice}\``;
    return rowsBelow(alternative, path).map((row) => {
      const key = row.path.slice(path.length + 1);
      const isConditional = fixedKey !== undefined && key !== fixedKey && row.fallback === required;
      return {
        ...row,
        // What is below such a key is required wherever the key is.
        ...(isConditional && !key.includes(".") && { fallback: `${required} ${condition}` }),
        choice: choice && `\`${choice}\``,
      };
    });
  });
}

/** The key that tells an alternative from the others, and its value there. */
function constantOf({ properties = {} }: JsonSchema): [key: string, value: string] | undefined {
  for (const [key, property] of Object.entries(properties)) {
    const { const: value } = property as JsonSchema;
    if (value !== undefined) return [key, String(value)];
  }
  return undefined;
}

/** One row per key: alternatives of a union can have a key in common, with other values or another meaning. */
function merged(rows: readonly Row[]): Row[] {
  const byPath = Map.groupBy(rows, ({ path }) => path);
  return [...byPath].map(([path, same]) => {
    const [first] = same as [Row, ...Row[]];
    const meanings = Map.groupBy(same, ({ meaning }) => meaning);
    return {
      path,
      type: [...new Set(same.flatMap(({ type }) => type.split(", ")))].join(", "),
      fallback: commonFallback(same.map(({ fallback }) => fallback)),
      meaning:
        meanings.size === 1
          ? first.meaning
          : [...meanings]
              .map(([meaning, its]) => `${its.map(({ choice }) => choice).join(", ")}: ${meaning}`)
              .join(" "),
    };
  });
}

/** Required for one alternative, and for another: required for both. */
function commonFallback(fallbacks: readonly string[]): string {
  const [first = "", ...others] = new Set(fallbacks);
  const start = `${required} for `;
  return [first, ...others.filter((it) => it.startsWith(start)).map((it) => it.slice(start.length))].join(
    ", ",
  );
}

function alternativesOf({ oneOf, anyOf }: JsonSchema): JsonSchema[] {
  return (oneOf ?? anyOf ?? []) as JsonSchema[];
}

const typeNames: Record<string, string> = {
  string: "text",
  integer: "whole number",
  array: "list",
  object: "mapping",
};

function typeOf(schema: JsonSchema): string {
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(", ");
  const alternatives = alternativesOf(schema);
  if (alternatives.length > 0) return [...new Set(alternatives.map(typeOf))].join(", ");
  const type = String(schema.type ?? "");
  return typeNames[type] ?? type;
}

/** As it would stand in a stack file. An empty mapping isn't repeated: its default follows from those of its keys. */
function fallbackOf({ default: value }: JsonSchema): string {
  if (value === undefined || JSON.stringify(value) === "{}") return "";
  return `\`${stringify(value, { collectionStyle: "flow", lineWidth: 0 }).trim()}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}
