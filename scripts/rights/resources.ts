/** The resources that a stack has and would have, as a preview reports them. */
import { nameOf, unknown } from "../engine/changes.ts";
import type { Engine } from "../engine/engine.ts";

export type Inputs = Readonly<Record<string, unknown>>;

/** One resource that a stack has, or that its program would create. */
export interface Resource {
  /** Pulumi's type, like `aws:ec2/instance:Instance`. */
  readonly type: string;
  readonly name: string;
  /** Undefined until the resource exists. */
  readonly id?: string | undefined;
  /** Without the values that are unknown until the resource exists. */
  readonly inputs: Inputs;
  /** The inputs of its provider. */
  readonly provider: Inputs;
}

export interface RightsRequest {
  /** The stack's name as in its tags, without the organization. */
  readonly stack: string;
  /** The ID of the AWS account, or of the Azure subscription. */
  readonly account: string;
  /** Whether the rights are for an identity that only previews. @default false */
  readonly isReadOnly?: boolean;
}

/**
 * Previews a stack and changes nothing. The result includes resources that the stack has and would delete.
 * @param args further arguments for the engine
 * @throws Error with the engine's messages when the preview fails
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
    name: nameOf({ urn }),
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
