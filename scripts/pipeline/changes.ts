/** What happens to a resource, from the engine's steps: a replacement is three of them. */
export interface Change {
  readonly kind: ChangeKind;
  /** Pulumi's, without its package and module: `Instance`. */
  readonly type: string;
  readonly name: string;
  /** Paths of the properties that differ; of a replacement, those that force it. Where the provider doesn't say, none. */
  readonly because: readonly string[];
}

/** In the order in which a reader wants to see them. */
export const changeKinds = ["replace", "delete", "create", "update", "import"] as const;
export type ChangeKind = (typeof changeKinds)[number];

/** https://github.com/pulumi/pulumi/blob/v3.259.0/sdk/go/common/apitype/events.go */
export interface ResourceStep {
  readonly op: string;
  readonly urn: string;
  readonly type: string;
  /** Of a replacement: the properties that force it. */
  readonly keys?: readonly string[];
  readonly diffs?: readonly string[];
  readonly detailedDiff?: Readonly<Record<string, { readonly diffKind: string }>> | null;
  /** As it is. */
  readonly old?: ResourceGoal | null;
  /** As the program wants it. */
  readonly new?: ResourceGoal | null;
}

export interface ResourceGoal {
  /** @default it isn't there yet, or is a component */
  readonly id?: string;
  /** @default it is a component */
  readonly custom?: boolean;
  /** URNs. */
  readonly parent: string;
  /** URN and id. */
  readonly provider: string;
  /** Secrets as `[secret]`, and what isn't known yet as {@link unknown}. */
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** What stands for a value that a preview can't know: https://github.com/pulumi/pulumi/blob/v3.259.0/sdk/go/common/resource/plugin/rpc.go */
export const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Not only in a replacement: what an earlier one left behind is deleted so, too. */
const deletesOld = "delete-replaced";

const kindOf: Readonly<Record<string, ChangeKind>> = {
  "create-replacement": "replace",
  "import-replacement": "replace",
  replace: "replace",
  create: "create",
  update: "update",
  import: "import",
  delete: "delete",
  [deletesOld]: "delete",
};

/** Not in a cloud: the stack itself, and what Pulumi remembers for a program. */
const pulumisOwn = /^pulumi:(?:pulumi|index):/;

/** One per resource, the kinds in their order. What stays the same or is only read isn't in it. */
export function changesOf(steps: readonly ResourceStep[]): Change[] {
  const byUrn = Map.groupBy(
    steps.filter(({ op, type }) => op in kindOf && !pulumisOwn.test(type)),
    ({ urn }) => urn,
  );
  const changes = [...byUrn].map(([urn, all]): Change => {
    const [step] = all.toSorted(
      (one, other) => Number(one.op === deletesOld) - Number(other.op === deletesOld),
    );
    const { op = "", type = "" } = step ?? {};
    return {
      kind: kindOf[op] ?? "update",
      type: lastPart(type),
      name: lastPart(urn),
      because: step ? becauseOf(step) : [],
    };
  });
  return changeKinds.flatMap((kind) => changes.filter((change) => change.kind === kind));
}

/** The paths of what differs; of a replacement, of what forces it. */
export function becauseOf({ op, keys, diffs, detailedDiff }: ResourceStep): readonly string[] {
  const forcing = Object.entries(detailedDiff ?? {})
    .filter(([, { diffKind }]) => kindOf[op] !== "replace" || diffKind.endsWith("replace"))
    .map(([path]) => path);
  return [forcing, keys, diffs].find((paths) => paths && paths.length > 0) ?? [];
}

/** `1 replace, 3 update`; empty where nothing changes. */
export function counts(changes: readonly Change[]): string {
  const count = (kind: ChangeKind) => changes.filter((change) => change.kind === kind).length;
  return changeKinds.flatMap((kind) => (count(kind) > 0 ? [`${count(kind)} ${kind}`] : [])).join(", ");
}

function lastPart(text: string): string {
  return text.split(":").at(-1) ?? "";
}
