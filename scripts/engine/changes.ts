/** A change of a resource, from the engine's steps. A replacement consists of three steps. */
export interface Change {
  readonly kind: ChangeKind;
  /** Pulumi's type without package and module: `Instance`. */
  readonly type: string;
  readonly name: string;
  /** Paths of the properties that differ. For a replacement, those that force it. Empty if the provider doesn't name them. */
  readonly because: readonly string[];
  /** Whether the cloud keeps the present resource when the stack replaces it: `retainOnDelete`. */
  readonly isRetained: boolean;
}

/** In the order in which reports list them. */
export const changeKinds = ["replace", "delete", "create", "update", "import"] as const;
export type ChangeKind = (typeof changeKinds)[number];

/** https://github.com/pulumi/pulumi/blob/v3.259.0/sdk/go/common/apitype/events.go */
export interface ResourceStep {
  readonly op: string;
  readonly urn: string;
  readonly type: string;
  /** For a replacement: the properties that force it. */
  readonly keys?: readonly string[];
  readonly diffs?: readonly string[];
  readonly detailedDiff?: Readonly<Record<string, { readonly diffKind: string }>> | null;
  /** The present resource. */
  readonly old?: ResourceGoal | null;
  /** The resource that the program wants. */
  readonly new?: ResourceGoal | null;
}

export interface ResourceGoal {
  /** @default the resource doesn't exist yet, or is a component */
  readonly id?: string;
  /** @default it is a component */
  readonly custom?: boolean;
  /** URN of the parent. */
  readonly parent: string;
  /** URN and id of the provider. */
  readonly provider: string;
  /** Secrets are `[secret]`. Values that aren't known yet are {@link unknown}. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** @default false */
  readonly retainOnDelete?: boolean;
}

/** Placeholder for a value that a preview can't know: https://github.com/pulumi/pulumi/blob/v3.259.0/sdk/go/common/resource/plugin/rpc.go */
export const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Part of a replacement, but also the deletion of what an earlier replacement left behind. */
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

/** Types that aren't in a cloud: the stack itself, and values that Pulumi stores for a program. */
const pulumisOwn = /^pulumi:(?:pulumi|index):/;

/** One change per resource, sorted by kind. Resources that stay the same or are only read are left out. */
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
      type: type.split(":").at(-1) ?? "",
      name: nameOf({ urn }),
      because: step ? becauseOf(step) : [],
      isRetained: step?.old?.retainOnDelete === true,
    };
  });
  return changeKinds.flatMap((kind) => changes.filter((change) => change.kind === kind));
}

/** The paths of the properties that differ. For a replacement, those that force it. */
export function becauseOf({ op, keys, diffs, detailedDiff }: ResourceStep): readonly string[] {
  const forcing = Object.entries(detailedDiff ?? {})
    .filter(([, { diffKind }]) => kindOf[op] !== "replace" || diffKind.endsWith("replace"))
    .map(([path]) => path);
  return [forcing, keys, diffs].find((paths) => paths && paths.length > 0) ?? [];
}

/** For example `1 replace, 3 update`. Empty if nothing changes. */
export function counts(changes: readonly Change[]): string {
  const count = (kind: ChangeKind) => changes.filter((change) => change.kind === kind).length;
  return changeKinds.flatMap((kind) => (count(kind) > 0 ? [`${count(kind)} ${kind}`] : [])).join(", ");
}

/** A resource's logical name. */
export function nameOf({ urn }: { readonly urn: string }): string {
  return urn.slice(urn.lastIndexOf("::") + 2);
}
