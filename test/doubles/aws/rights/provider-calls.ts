export interface Calls {
  /** Called after each creation and update, too. */
  readonly read: readonly string[];
  readonly create: readonly string[];
  readonly update: readonly string[];
  readonly delete: readonly string[];
}

export function calls(service: string, parts: Partial<Calls>): Calls {
  const named = (operations: readonly string[] = []) =>
    operations.map((it) => (it.includes(".") ? it : `${service}.${it}`));
  return {
    read: named(parts.read),
    create: named(parts.create),
    update: named(parts.update),
    delete: named(parts.delete),
  };
}
