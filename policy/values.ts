/** What is at a path: `securityGroups[*]`, `osProfile.customData`. Nothing where the path leads nowhere. */
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

/** The one value at a path, if there is one. */
export function valueAt(path: string, value: unknown): unknown {
  return valuesAt(path, value)[0];
}

/** What is at several paths, as text. */
export function textsAt(value: unknown, ...paths: readonly string[]): string[] {
  return paths.flatMap((path) => valuesAt(path, value)).map(String);
}
