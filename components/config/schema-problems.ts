import { z } from "zod";
import { changedAt, fieldOf, valueAt } from "./as-written.ts";
import type { Problem } from "./problems.ts";
import { nearKeys, type Parsed, unknownKey, unknownKeyAt } from "./unknown-key.ts";

/** Parses a value. The problems have this project's wording instead of zod's. */
export function parseWith<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
): { data: z.output<Schema>; problems: [] } | { data?: never; problems: Problem[] } {
  const result = schema.safeParse(value, { error: explain });
  if (result.success) return { data: result.data, problems: [] };
  const whole = { schema, value };
  const { issues } = result.error;
  const problems = issues.flatMap((issue) => problemsOf(issue, [], whole));
  const respelt = issues.reduce((fixed, issue) => withMeantKey(issue, fixed, whole), value);
  if (respelt === value) return { problems };
  const { problems: others } = parseWith(schema, respelt);
  const paths = problems.map(({ path }) => path);
  return { problems: [...problems, ...others.filter(({ path }) => !paths.includes(path))] };
}

/** If an issue is a discriminating key that is certainly misspelt, the value with the right key, so that the mapping's other keys can be checked. Otherwise the same value. */
function withMeantKey(issue: z.core.$ZodIssue, value: unknown, whole: Parsed): unknown {
  if (issue.code !== "invalid_union" || issue.discriminator === undefined) return value;
  const { discriminator } = issue;
  const mapping = issue.path.slice(0, -1);
  const [key, another] = nearKeys(discriminator, mapping, whole);
  if (key === undefined || another !== undefined) return value;
  return changedAt(value, mapping, (old) =>
    Object.fromEntries(
      Object.entries(Object(old)).map(([name, it]) => [name === key ? discriminator : name, it]),
    ),
  );
}

function problemsOf(issue: z.core.$ZodIssue, base: readonly PropertyKey[], whole: Parsed): Problem[] {
  const path = [...base, ...issue.path];
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => problem([...path, key], unknownKeyAt(key, path, whole)));
  }
  if (issue.code === "invalid_key") return issue.issues.flatMap((inner) => problemsOf(inner, path, whole));
  if (issue.code === "invalid_union") {
    const meant = meantAlternative(issue.errors, valueAt(path, whole.value));
    if (meant) return meant.flatMap((inner) => problemsOf(inner, path, whole));
    const misspelt = issue.discriminator === undefined ? [] : misspeltKeys(path, whole);
    return [problem(path, issue.message), ...misspelt];
  }
  return [problem(path, issue.message)];
}

/** Reports keys that are probably misspellings of the missing key at a path. */
function misspeltKeys(path: readonly PropertyKey[], whole: Parsed): Problem[] {
  const mapping = path.slice(0, -1);
  const meant = String(path.at(-1));
  return nearKeys(meant, mapping, whole).map((key) => problem([...mapping, key], unknownKey(key, [meant])));
}

/**
 * The issues of the member of a union that the value was probably meant for, because "none of them fits" wouldn't help. It prefers, in this order, members
 * that know at least one of the keys, that have fewer issues, that have fewer wrong literals, and that have unknown keys rather than wrong values.
 */
function meantAlternative(
  alternatives: z.core.$ZodIssue[][],
  value: unknown,
): z.core.$ZodIssue[] | undefined {
  const isTooMany = ({ code }: z.core.$ZodIssue) => code === "unrecognized_keys";
  const keys = Object.keys(Object(value)).length;
  const knowsNone = (issues: z.core.$ZodIssue[]) =>
    issues.some(
      (issue) => issue.code === "unrecognized_keys" && issue.path.length === 0 && issue.keys.length === keys,
    );
  const wrongLiterals = (issues: z.core.$ZodIssue[]) =>
    issues.filter(({ code }) => code === "invalid_value").length;
  const wrongValues = (issues: z.core.$ZodIssue[]) => issues.filter((issue) => !isTooMany(issue)).length;
  return alternatives
    .filter((issues) => issues.some((issue) => issue.path.length > 0 || isTooMany(issue)))
    .sort(
      (one, other) =>
        Number(knowsNone(one)) - Number(knowsNone(other)) ||
        one.length - other.length ||
        wrongLiterals(one) - wrongLiterals(other) ||
        wrongValues(one) - wrongValues(other),
    )[0];
}

function problem(path: readonly PropertyKey[], message: string): Problem {
  return { path: z.core.toDotPath([...path]), message };
}

/** The messages for zod's built-in checks. A schema's own checks bring their messages. No message repeats a value. */
function explain(issue: z.core.$ZodRawIssue): string | undefined {
  const meaning = issue.inst && z.globalRegistry.get(issue.inst as z.core.$ZodType)?.description;
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined
        ? `is missing${meaning ? `: ${meaning}` : ""}`
        : wrongType(issue.expected, issue.input);
    case "invalid_value":
      return issue.input === undefined
        ? missing(issue.values)
        : `must be ${oneOf(issue.values)}${isUnquoted(issue.input) && !issue.values.some(isUnquoted) ? ", in quotes" : ""}`;
    case "invalid_union":
      if (!Array.isArray(issue.options)) return undefined;
      return fieldOf(issue.input, String(issue.discriminator)) === undefined
        ? missing(issue.options)
        : `must be ${oneOf(issue.options)}`;
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

function wrongType(expected: string, input: unknown): string {
  if (typeof input === "number" && !Number.isFinite(input)) return "must be a finite number";
  if (expected === "int" && typeof input === "number") return "must be a whole number, without a fraction";
  const message = `must be ${nameOfType(expected)}, not ${typeOf(input)}`;
  if (expected === "string" && isUnquoted(input)) return `${message}: put it in quotes`;
  const isQuoted =
    typeof input === "string" &&
    ((["int", "number"].includes(expected) && /^-?\d+(?:\.\d+)?$/.test(input)) ||
      (expected === "boolean" && /^(?:true|false)$/.test(input)));
  return isQuoted ? `${message}: leave out the quotes` : message;
}

/** Whether YAML may have parsed unquoted text as a number or a boolean. */
export function isUnquoted(input: unknown): input is number | boolean {
  return typeof input === "number" || typeof input === "boolean";
}

function missing(values: readonly unknown[]): string {
  return `is missing: must be ${oneOf(values)}`;
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

/** The type of a value in terms of YAML: "a list". */
export function typeOf(value: unknown): string {
  return nameOfType(value === null ? "null" : Array.isArray(value) ? "array" : typeof value);
}
