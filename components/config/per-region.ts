/** A value that can differ between the regions of a stack. */
import { z } from "zod";
import { entriesOf, fieldOf, valueAt } from "./as-written.ts";
import { type Problem, suggestion } from "./problems.ts";

export type PerRegion = string | Readonly<Record<string, string>>;

/** @param one the schema of the value for one region. @param form the value's name in messages */
export function perRegion(one: z.ZodType<string, string>, form: string) {
  return z.union([one, z.record(z.string(), one)], {
    error: ({ input }) =>
      input === undefined ? undefined : `must be ${form}, or a mapping of regions to these`,
  });
}

/** The value for a region, or undefined. */
export function ofRegion(value: PerRegion | undefined, region: string): string | undefined {
  return typeof value === "string" ? value : value?.[region];
}

/**
 * Checks that every region of a stack has a value, and that no value is for another region. The configuration isn't validated yet, so every part can have any type.
 * @param problemOf returns what is wrong with a valid value in a region. @default nothing is
 */
export function perRegionProblems(
  raw: Record<string, unknown>,
  key: string,
  problemOf: (value: string, region: string) => string | undefined = () => undefined,
): Problem[] {
  const value = valueAt(["governance", key], raw);
  if (value === undefined || value === null || Array.isArray(value)) return [];
  const path = `governance.${key}`;
  const within = (name: string) => z.core.toDotPath(["governance", key, name]);
  const names = entriesOf(raw.regions)
    .map((region) => fieldOf(region, "name"))
    .filter((name) => typeof name === "string");
  const isMapping = typeof value === "object";
  const missing = isMapping ? names.filter((name) => !Object.hasOwn(value, name)) : [];
  const unknown = isMapping ? Object.keys(value).filter((name) => !names.includes(name)) : [];
  const wrong = names.flatMap((name) => {
    const one = isMapping ? fieldOf(value, name) : value;
    const message = typeof one === "string" ? problemOf(one, name) : undefined;
    return message === undefined ? [] : [{ path: isMapping ? within(name) : path, message }];
  });
  const mistyped = unknown.map((name) => ({ name, meant: suggestion(name, missing) }));
  const reported = mistyped.map(({ meant }) => meant);
  const wayOut = (meant: string | undefined) =>
    meant === undefined ? "" : `, which has "${meant}": write both in the same way`;
  return [
    ...missing
      .filter((name) => !reported.includes(name))
      .map((name) => ({ path, message: `has none for ${name}, a region of this stack` })),
    ...mistyped.map(({ name, meant }) => ({
      path: within(name),
      message: `isn't a region of this stack${wayOut(meant)}`,
    })),
    ...wrong,
  ];
}
