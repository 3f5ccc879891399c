/** What a stack has and would have, as a preview tells it. */
import { unknown } from "../pipeline/changes.ts";
import type { Engine } from "../pipeline/engine.ts";

export type Inputs = Readonly<Record<string, unknown>>;

/** One resource of a stack, or one that the stack's program would make. */
export interface Resource {
  /** Pulumi's, like `aws:ec2/instance:Instance`. */
  readonly type: string;
  readonly name: string;
  /** Of what is there. */
  readonly id?: string | undefined;
  /** What isn't known before it is made is left out. */
  readonly inputs: Inputs;
  /** The inputs of its provider. */
  readonly provider: Inputs;
}

export interface RightsRequest {
  /** The name that its tags have: without an organization. */
  readonly stack: string;
  /** AWS's account, or the ID of Azure's subscription. */
  readonly account: string;
  /** For an identity that only previews. @default false */
  readonly isReadOnly?: boolean;
}

/**
 * Previews a stack, and changes nothing. What the stack has and would delete is among its resources, too.
 * @param args of the engine, besides
 * @throws Error when the preview fails, with what the engine says.
 */
export async function resourcesOf(
  engine: Engine,
  stack: string,
  args: readonly string[] = [],
): Promise<Resource[]> {
  const { succeeded, errors, steps } = await engine.run(stack, "preview", args);
  if (!succeeded) throw new Error(errors.join("\n"));
  const states = steps.flatMap(({ urn, type, old, new: wanted }) =>
    [old, wanted].flatMap((state) => (state ? [{ urn, type, state }] : [])),
  );
  const providers = new Map(states.map(({ urn, state }) => [urn, state.inputs]));
  return states.map(({ urn, type, state: { id, provider, inputs } }) => ({
    type,
    name: urn.split("::").at(-1) ?? "",
    id: id === unknown ? undefined : id || undefined,
    inputs: known(inputs) as Inputs,
    provider: providers.get(provider.split("::").slice(0, -1).join("::")) ?? {},
  }));
}

function known(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((it) => it !== unknown).map(known);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, child]) => child !== unknown);
  return Object.fromEntries(entries.map(([key, child]) => [key, known(child)]));
}

/** All texts among inputs. */
export function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
