/** The file of `pulumi import --file`: https://www.pulumi.com/docs/iac/guides/migration/import/#bulk-import-operations */
import type { ResourceGoal, ResourceStep } from "../pipeline/changes.ts";

export type Values = Readonly<Record<string, unknown>>;

export interface ImportFile {
  readonly resources: readonly Entry[];
  /** The URNs of what is in the state already, by the names that {@link resources} have for them. */
  readonly nameTable?: Readonly<Record<string, string>>;
}

export interface Entry {
  readonly type: string;
  /** In the file: here the URN, which no two have. */
  readonly name: string;
  /** Pulumi's. @default the name */
  readonly logicalName?: string;
  readonly id?: string;
  /** A name in the file. */
  readonly parent?: string;
  readonly provider?: string;
  readonly component?: true;
  readonly inputs?: Values;
  /** With these, the provider isn't asked. */
  readonly outputs?: Values;
}

/** A step that makes something. */
export type Planned = ResourceStep & { readonly new: ResourceGoal };

export const isProvider = ({ type }: Pick<ResourceStep, "type">) => type.startsWith("pulumi:providers:");

const stackType = "pulumi:pulumi:Stack";

/** What a preview would make, but for the stack and for providers that the engine makes by itself. */
export function plannedOf(steps: readonly ResourceStep[]): Planned[] {
  const planned = steps.filter(
    (step): step is Planned =>
      step.op === "create" && step.new !== null && step.type !== stackType && !isDefault(step.urn),
  );
  // A component comes once more, with its outputs.
  return [...new Map(planned.map((it) => [it.urn, it])).values()];
}

function isDefault(urn: string): boolean {
  return /:pulumi:providers:[^:]+::default/.test(urn);
}

/** @param content `id`, and what else is known; nothing for a component */
export function entryOf(
  { urn, type, new: { custom, parent, provider } }: Planned,
  content: Pick<Entry, "id" | "inputs" | "outputs"> = {},
): Entry {
  const providerUrn = provider.split("::").slice(0, -1).join("::");
  return {
    type,
    name: urn,
    logicalName: nameOf(urn),
    ...(parent !== "" && !parent.includes(`::${stackType}::`) && { parent }),
    ...(providerUrn !== "" && !isDefault(providerUrn) && { provider: providerUrn }),
    ...(!custom && { component: true }),
    ...content,
  };
}

export function nameOf(urn: string): string {
  return urn.split("::").at(-1) ?? "";
}

/**
 * Two, where a provider is part of what is imported: the engine would make it before its parent, and refuse that.
 * https://github.com/pulumi/pulumi/blob/v3.259.0/pkg/resource/deploy/import.go
 */
export function importFiles(entries: readonly Entry[]): ImportFile[] {
  const isLater = ({ type, parent }: Entry) => isProvider({ type }) && parent !== undefined;
  const later = new Set(entries.filter(isLater).map(({ name }) => name));
  const { first = [], second = [] } = Object.groupBy(entries, ({ name, provider = "" }) =>
    later.has(name) || later.has(provider) ? "second" : "first",
  );
  return [first, second].filter((it) => it.length > 0).map(withNames);
}

/** With a table of what the entries name and don't have. */
function withNames(resources: readonly Entry[]): ImportFile {
  const own = new Set(resources.map(({ name }) => name));
  const named = resources.flatMap(({ parent, provider }) => [parent ?? [], provider ?? []].flat());
  const others = named.filter((urn) => !own.has(urn));
  return { resources, nameTable: Object.fromEntries(others.map((urn) => [urn, urn])) };
}
