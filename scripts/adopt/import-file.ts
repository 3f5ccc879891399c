/** The input file of `pulumi import --file`: https://www.pulumi.com/docs/iac/guides/migration/import/#bulk-import-operations */
import { nameOf, type ResourceGoal, type ResourceStep } from "../engine/changes.ts";

export type Values = Readonly<Record<string, unknown>>;

export interface ImportFile {
  readonly resources: readonly Entry[];
  /** URNs of resources that are already in the state, by the names that {@link resources} use for them. */
  readonly nameTable?: Readonly<Record<string, string>>;
}

export interface Entry {
  readonly type: string;
  /** Unique name in the file: here, the URN. */
  readonly name: string;
  /** Pulumi's logical name. @default the name */
  readonly logicalName?: string;
  readonly id?: string;
  /** A name in the file. */
  readonly parent?: string;
  readonly provider?: string;
  readonly component?: true;
  readonly inputs?: Values;
  /** With outputs, the provider doesn't read the resource. */
  readonly outputs?: Values;
}

/** A step that creates a resource. */
export type Planned = ResourceStep & { readonly new: ResourceGoal };

export const isProvider = ({ type }: Pick<ResourceStep, "type">) => type.startsWith("pulumi:providers:");

const stackType = "pulumi:pulumi:Stack";

/** The resources that a preview would create, except for the stack and for default providers. */
export function plannedOf(steps: readonly ResourceStep[]): Planned[] {
  const planned = steps.filter(
    (step): step is Planned =>
      step.op === "create" && step.new !== null && step.type !== stackType && !isDefault(step.urn),
  );
  // A component has a second step, with its outputs.
  return [...new Map(planned.map((it) => [it.urn, it])).values()];
}

function isDefault(urn: string): boolean {
  return /:pulumi:providers:[^:]+::default/.test(urn);
}

/** @param content the id, and what else is known; empty for a component */
export function entryOf(
  { urn, type, new: { custom, parent, provider } }: Planned,
  content: Pick<Entry, "id" | "inputs" | "outputs"> = {},
): Entry {
  const providerUrn = provider.split("::").slice(0, -1).join("::");
  return {
    type,
    name: urn,
    logicalName: nameOf({ urn }),
    ...(parent !== "" && !parent.includes(`::${stackType}::`) && { parent }),
    ...(providerUrn !== "" && !isDefault(providerUrn) && { provider: providerUrn }),
    ...(!custom && { component: true }),
    ...content,
  };
}

/**
 * Two files if a provider is part of the import. In one file, the engine would create the provider before its parent, and refuse that.
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

/** Adds a table of the names that the entries refer to but don't define. */
function withNames(resources: readonly Entry[]): ImportFile {
  const own = new Set(resources.map(({ name }) => name));
  const named = resources.flatMap(({ parent, provider }) => [parent ?? [], provider ?? []].flat());
  const others = named.filter((urn) => !own.has(urn));
  return { resources, nameTable: Object.fromEntries(others.map((urn) => [urn, urn])) };
}
