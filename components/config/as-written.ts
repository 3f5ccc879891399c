/** Looks into a configuration that may be wrong anywhere. */

export function fieldOf(value: unknown, key: PropertyKey): unknown {
  return typeof value === "object" && value !== null
    ? (value as Record<PropertyKey, unknown>)[key]
    : undefined;
}

export function valueAt(path: readonly PropertyKey[], value: unknown): unknown {
  return path.reduce(fieldOf, value);
}

/** Without the keys of mappings that have no value: a program writes `undefined` for what it leaves out. */
export function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  const present = Object.entries(value).filter(([, it]) => it !== undefined);
  return Object.fromEntries(present.map(([key, it]) => [key, withoutUndefined(it)]));
}

/** What isn't a list has no entries. */
export function entriesOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
