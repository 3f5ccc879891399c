/** Looks into a configuration that may be wrong anywhere. */

export function fieldOf(value: unknown, key: PropertyKey): unknown {
  return typeof value === "object" && value !== null
    ? (value as Record<PropertyKey, unknown>)[key]
    : undefined;
}

export function valueAt(path: readonly PropertyKey[], value: unknown): unknown {
  return path.reduce(fieldOf, value);
}

/** What isn't a list has no entries. */
export function entriesOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
