import { closest, distance } from "fastest-levenshtein";
import { z } from "zod";

/** One thing that is wrong in a stack's configuration. */
export interface Problem {
  /** Where, as one would write it for YAML: `regions[0].endpoint.hostname`. */
  readonly path: string;
  /** What is wrong and the way out. Never holds a secret's value. */
  readonly message: string;
}

/** Everything that is wrong with one stack's configuration, in the order of the file where possible. */
export class ConfigError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const count = problems.length === 1 ? "a problem" : `${problems.length} problems`;
    const lines = problems.map(({ path, message }) => `  ${path}: ${message}`);
    super([`The stack configuration has ${count}:`, ...lines].join("\n"));
    this.name = "ConfigError";
    this.problems = problems;
  }
}

/** Problems of a part as problems of the whole. */
export function within(path: string, problems: readonly Problem[]): Problem[] {
  return problems.map((problem) => ({ ...problem, path: `${path}.${problem.path}` }));
}

/** Problems of each region, in the order of the stack's regions, as problems of the stack. */
export function withinRegions(ofRegions: readonly (readonly Problem[])[]): Problem[] {
  return ofRegions.flatMap((problems, index) => within(`regions[${index}]`, problems));
}

/** Parses with this project's wording of errors. */
export function parseWith<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
): { data: z.output<Schema>; problems: [] } | { data?: never; problems: Problem[] } {
  const result = schema.safeParse(value, { error: explain });
  if (result.success) return { data: result.data, problems: [] };
  return { problems: result.error.issues.flatMap((issue) => problemsOf(issue, [])) };
}

/** "did you mean" for a misspelt word, or undefined if nothing known is near. */
export function suggestion(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const nearest = closest(word, [...known]);
  return distance(word, nearest) <= Math.max(2, word.length / 3) ? nearest : undefined;
}

/** The way out where a name is none of those known. @param otherwise what to say where nothing known is near */
export function hint(word: string, known: readonly string[], otherwise = itHas(known)): string {
  const nearest = suggestion(word, known);
  return nearest === undefined ? otherwise : `did you mean "${nearest}"?`;
}

/** What there is to choose from. */
export function itHas(known: readonly string[]): string {
  return `it has ${known.join(", ") || "none"}`;
}

export function unknownKey(key: string, known: readonly string[]): string {
  return `unknown key; ${hint(key, known, `known here: ${known.join(", ")}`)}`;
}

function problemsOf(issue: z.core.$ZodIssue, base: readonly PropertyKey[]): Problem[] {
  const path = [...base, ...issue.path];
  if (issue.code === "unrecognized_keys") {
    const messages = issue.message.split("\n");
    return issue.keys.map((key, index) => problem([...path, key], messages[index] ?? issue.message));
  }
  if (issue.code === "invalid_key") return issue.issues.flatMap((inner) => problemsOf(inner, path));
  if (issue.code === "invalid_union") {
    // The alternative that fits best is the one that was meant: report its problems rather than "none of them fits".
    const [meant] = issue.errors
      .filter((issues) => issues.some((inner) => inner.path.length > 0))
      .sort((one, other) => one.length - other.length);
    if (meant) return meant.flatMap((inner) => problemsOf(inner, path));
  }
  return [problem(path, issue.message)];
}

function problem(path: readonly PropertyKey[], message: string): Problem {
  return { path: z.core.toDotPath([...path]), message };
}

/** The wording of what zod finds by itself; what a schema finds by its own checks is worded there. Values are not repeated. */
function explain(issue: z.core.$ZodRawIssue): string | undefined {
  const meaning = issue.inst && z.globalRegistry.get(issue.inst as z.core.$ZodType)?.description;
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined
        ? `is missing${meaning ? `: ${meaning}` : ""}`
        : `must be ${nameOfType(issue.expected)}, not ${typeOf(issue.input)}`;
    case "invalid_value":
      return issue.input === undefined
        ? `is missing: must be ${oneOf(issue.values)}`
        : `must be ${oneOf(issue.values)}`;
    case "invalid_union":
      return Array.isArray(issue.options) ? `must be ${oneOf(issue.options)}` : undefined;
    case "unrecognized_keys": {
      return issue.keys.map((key) => unknownKey(key, keysOf(issue.inst))).join("\n");
    }
    case "too_small":
      return issue.origin === "array"
        ? `must have at least ${issue.minimum} ${issue.minimum === 1 ? "entry" : "entries"}`
        : `must be ${issue.inclusive ? "at least" : "more than"} ${issue.minimum}`;
    case "too_big":
      return `must be ${issue.inclusive ? "at most" : "less than"} ${issue.maximum}`;
    default:
      return undefined;
  }
}

/** The keys that a mapping may have, as far as they are known by name. */
function keysOf(schema: unknown): string[] {
  if (schema instanceof z.ZodObject) return Object.keys(schema.shape);
  if (schema instanceof z.ZodRecord && schema.keyType instanceof z.ZodEnum)
    return schema.keyType.options.map(String);
  return [];
}

function oneOf(values: readonly unknown[]): string {
  const quoted = values.map((value) => `"${value}"`);
  return quoted.length === 1 ? `${quoted[0]} here` : `one of ${quoted.join(", ")}`;
}

const typeNames: Record<string, string> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a mapping",
  record: "a mapping",
  null: "empty",
};

function nameOfType(type: string): string {
  return typeNames[type] ?? type;
}

function typeOf(value: unknown): string {
  return nameOfType(value === null ? "null" : Array.isArray(value) ? "array" : typeof value);
}
