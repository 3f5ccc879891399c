/** The values at a path such as `securityGroups[*]` or `osProfile.customData`. Empty if the path doesn't exist. */
export function valuesAt(path: string, value: unknown): unknown[] {
  const steps = path.split(/[.[\]]+/).filter((step) => step !== "");
  return steps.reduce<unknown[]>(
    (found, step) =>
      found.flatMap((it) => {
        if (step === "*") return Array.isArray(it) ? it : [];
        const child = (it as Record<string, unknown> | null | undefined)?.[step];
        return child === undefined || child === null ? [] : [child];
      }),
    [value],
  );
}

/** The first value at a path, or undefined. */
export function valueAt(path: string, value: unknown): unknown {
  return valuesAt(path, value)[0];
}

/** The values at several paths, as strings. */
export function textsAt(value: unknown, ...paths: readonly string[]): string[] {
  return paths.flatMap((path) => valuesAt(path, value)).map(String);
}
