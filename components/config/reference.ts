import { inputSchemaOf, type JsonSchema } from "./json-schema.ts";
import { awsRegion, azureRegion, kubernetesRegion, localRegion } from "./region.ts";
import { unknownProviderSchema } from "./schema.ts";

/** The kinds of region, as a reader of the reference knows them. */
const regionKinds = {
  local: localRegion,
  "aws vm": awsRegion.options[0],
  "aws cluster": awsRegion.options[1],
  "azure vm": azureRegion.options[0],
  "azure cluster": azureRegion.options[1],
  kubernetes: kubernetesRegion,
};

interface Row {
  path: string;
  type: string;
  fallback: string;
  meaning: string;
}

/** The tables of all configuration keys, in Markdown. */
export function configurationTables(): string {
  const stackRows = rowsOf(inputSchemaOf(unknownProviderSchema), "");
  const kindsOfRow = new Map<string, { row: Row; kinds: string[] }>();
  for (const [kind, schema] of Object.entries(regionKinds)) {
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
  const others = Object.keys(regionKinds).filter((kind) => !kinds.includes(kind));
  if (others.length === 0) return "all";
  return others.length === 1 ? `all but ${others[0]}` : kinds.join(", ");
}

function topKeyOf({ path }: Row): string | undefined {
  return path.split(".")[0];
}

function rowsOf(schema: JsonSchema, path: string): Row[] {
  const { properties = {}, required = [] } = schema;
  const rows = Object.entries(properties).flatMap(([name, property]) => {
    if (typeof property !== "object") return [];
    const below = path ? `${path}.${name}` : name;
    const [meaning = "", fallback] = (property.description ?? "").split(/ Default: (.*)\.$/);
    const row = {
      path: below,
      type: typeOf(property),
      fallback: required.includes(name) ? "**required**" : (fallback ?? fallbackOf(property)),
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
    ...alternativesOf(schema).flatMap((alternative) => rowsOfAlternative(alternative, path)),
  ];
}

/** What is required in one alternative only says in which. */
function rowsOfAlternative(schema: JsonSchema, path: string): Row[] {
  const choice = Object.values(schema.properties ?? {}).map((property) => (property as JsonSchema).const)[0];
  return rowsBelow(schema, path).map((row) =>
    choice === undefined || row.type === `\`${choice}\`` || row.fallback !== "**required**"
      ? row
      : { ...row, fallback: `**required** for \`${choice}\`` },
  );
}

/** The alternatives of a union have keys in common, above all the one that tells them apart: one row with all values. */
function merged(rows: readonly Row[]): Row[] {
  const byPath = new Map<string, Row>();
  for (const row of rows) {
    const known = byPath.get(row.path);
    if (!known) byPath.set(row.path, row);
    else if (!known.type.split(", ").includes(row.type))
      byPath.set(row.path, { ...known, type: `${known.type}, ${row.type}` });
  }
  return [...byPath.values()];
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

/** A mapping's default isn't repeated: it follows from those of its keys. */
function fallbackOf(schema: JsonSchema): string {
  if (schema.default === undefined || typeOf(schema).includes("mapping")) return "";
  return `\`${JSON.stringify(schema.default).replaceAll('"', "")}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}
