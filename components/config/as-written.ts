/** Reads values from a configuration before its validation, where every part can have any type. */

export function fieldOf(value: unknown, key: PropertyKey): unknown {
  return typeof value === "object" && value !== null
    ? (value as Record<PropertyKey, unknown>)[key]
    : undefined;
}

export function valueAt(path: readonly PropertyKey[], value: unknown): unknown {
  return path.reduce(fieldOf, value);
}

/** A copy of a value with another part at a path. */
export function changedAt(
  value: unknown,
  [key, ...rest]: readonly PropertyKey[],
  change: (part: unknown) => unknown,
): unknown {
  if (key === undefined) return change(value);
  const part = changedAt(fieldOf(value, key), rest, change);
  return Array.isArray(value) ? value.with(Number(key), part) : { ...Object(value), [key]: part };
}

/** Removes keys whose value is `undefined` from all mappings, because programs write `undefined` for what they leave out. */
export function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  const present = Object.entries(value).filter(([, it]) => it !== undefined);
  return Object.fromEntries(present.map(([key, it]) => [key, withoutUndefined(it)]));
}

export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** All strings in a value, at any depth. */
export function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** The entries of a list. Empty for other values. */
export function entriesOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
