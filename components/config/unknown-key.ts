/** Messages for a key that a mapping doesn't accept. */
import { z } from "zod";
import { fieldOf, valueAt } from "./as-written.ts";
import { hint, suggestion } from "./problems.ts";

export function unknownKey(key: string, known: readonly string[]): string {
  return `unknown key; ${hint(key, known, `known here: ${known.join(", ")}`)}`;
}

/** A whole configuration, and the schema that it doesn't match. */
export interface Parsed {
  readonly schema: z.ZodType;
  readonly value: unknown;
}

/**
 * The message for a key of the mapping at a path. If the mapping's schema is a union, its members are the alternatives. A key of another
 * alternative isn't unknown: the message names the value of the discriminating key that it belongs to.
 */
export function unknownKeyAt(key: string, path: readonly PropertyKey[], { schema, value }: Parsed): string {
  const mapping = valueAt(path, value);
  const alternatives = alternativesAt([schema], value, path);
  const meant = bestFitting(alternatives, mapping);
  const others = alternatives.filter((one) => keysOf(one).includes(key));
  return others.length > 0
    ? misplacedKey(meant, others, mapping)
    : unknownKey(key, [...new Set(meant.flatMap(keysOf))]);
}

/** The keys that the mapping at a path may have, in any of its alternatives. */
export function knownAt(path: readonly PropertyKey[], { schema, value }: Parsed): string[] {
  return alternativesAt([schema], value, path).flatMap(keysOf);
}

/** The unknown keys of the mapping at a path that resemble a given key. Empty if the mapping has that key. */
export function nearKeys(key: string, path: readonly PropertyKey[], { schema, value }: Parsed): string[] {
  const keys = Object.keys(Object(valueAt(path, value)));
  const known = knownAt(path, { schema, value });
  if (keys.includes(key)) return [];
  return keys.filter((one) => !known.includes(one) && suggestion(one, [key]) !== undefined);
}

/** @param others the alternatives that have the key */
function misplacedKey(meant: readonly z.ZodType[], others: readonly z.ZodType[], mapping: unknown): string {
  const differing = others.flatMap((other) =>
    literalsOf(other).filter(({ name, values }) => !values.includes(fieldOf(mapping, name))),
  );
  const name = differing[0]?.name;
  if (name !== undefined) {
    const values = new Set(differing.filter((one) => one.name === name).flatMap((one) => one.values));
    const choices = [...values].map((value) => `\`${name}: ${value}\``).join(" or ");
    return `goes with ${choices} only: leave it out, or change \`${name}\``;
  }
  const [own] = meant.flatMap(literalsOf);
  if (own) {
    const [, meaning] = own.description?.match(/^(.*)\.$/) ?? [];
    const other = `change \`${own.name}\`${meaning === undefined ? "" : ` (${meaning})`}`;
    return `doesn't go with \`${own.name}: ${own.values[0]}\`: leave it out, or ${other}`;
  }
  const excluded = Object.keys(Object(mapping)).filter((one) => !others.flatMap(keysOf).includes(one));
  return `doesn't go with ${excluded.map((one) => `\`${one}\``).join(", ")}: leave out the one or the other`;
}

/** The possible schemas of a place in a configuration: several if it is a union. For a union on the path, it follows the members that fit the value best. */
function alternativesAt(
  schemas: readonly z.ZodType[],
  value: unknown,
  [key, ...rest]: readonly PropertyKey[],
): z.ZodType[] {
  const alternatives = schemas.flatMap(membersOf);
  if (key === undefined) return alternatives;
  const below = bestFitting(alternatives, value).flatMap((schema) => childOf(schema, key));
  return alternativesAt(below, fieldOf(value, key), rest);
}

/** The members of a union, or the schema itself, without the defaults and conversions that wrap them. */
function membersOf(schema: z.core.$ZodType): z.ZodType[] {
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(membersOf);
  if (schema instanceof z.ZodPipe) return membersOf(schema.in);
  const { innerType } = schema._zod.def as { readonly innerType?: z.core.$ZodType };
  return innerType ? membersOf(innerType) : [schema as z.ZodType];
}

function childOf(schema: z.ZodType, key: PropertyKey): z.ZodType[] {
  if (schema instanceof z.ZodArray) return [schema.element as z.ZodType];
  if (schema instanceof z.ZodRecord) return [schema.valueType as z.ZodType];
  const child = schema instanceof z.ZodObject ? schema.shape[key as string] : undefined;
  return child ? [child] : [];
}

/** The alternatives whose literals match the mapping best. */
function bestFitting(alternatives: readonly z.ZodType[], mapping: unknown): z.ZodType[] {
  const scores = alternatives.map((alternative) =>
    literalsOf(alternative)
      .map(({ name, values }) => (values.includes(fieldOf(mapping, name)) ? 1 : -1))
      .reduce((sum: number, score) => sum + score, 0),
  );
  return alternatives.filter((_, index) => scores[index] === Math.max(...scores));
}

/** The names of the keys that a mapping may have. Empty if any name is allowed. */
function keysOf(schema: z.ZodType): string[] {
  if (schema instanceof z.ZodObject) return Object.keys(schema.shape);
  if (schema instanceof z.ZodRecord && schema.keyType instanceof z.ZodEnum)
    return schema.keyType.options.map(String);
  return [];
}

interface Literal {
  readonly name: string;
  readonly values: readonly unknown[];
  readonly description: string | undefined;
}

/** The keys of a mapping whose value is a literal. They tell the alternatives apart. */
function literalsOf(schema: z.ZodType): Literal[] {
  return keysOf(schema).flatMap((name) =>
    childOf(schema, name)
      .flatMap(membersOf)
      .flatMap((child) =>
        child instanceof z.ZodLiteral
          ? [{ name, values: [...child.values], description: child.description }]
          : [],
      ),
  );
}
