/** What a stack has and would have, as a preview tells it. */
import { createInterface } from "node:readline";
import { execa } from "execa";
import { engineEnvironment, engineProgram, stateBackend } from "../setup/engine.ts";

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

/** https://github.com/pulumi/pulumi/blob/v3.259.0/sdk/go/common/apitype/events.go */
interface State {
  readonly id?: string;
  /** Reference to the provider: its URN, `::` and its ID. */
  readonly provider?: string;
  readonly inputs?: Inputs;
}

interface EngineEvent {
  readonly resourcePreEvent?: {
    readonly metadata: {
      readonly urn: string;
      readonly type: string;
      readonly old?: State | null;
      readonly new?: State | null;
    };
  };
  readonly diagnosticEvent?: { readonly message: string; readonly severity: string };
}

/** What stands for a value that a preview can't know: https://github.com/pulumi/pulumi/blob/v3.259.0/sdk/go/common/resource/plugin/rpc.go */
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

interface PreviewOptions {
  /** For the engine, besides. */
  readonly args?: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
}

/**
 * Previews a stack, and changes nothing. What the stack has and would delete is among its resources, too.
 * @param directory of the project. The engine must be there: ensureEngine().
 * @throws Error when the preview fails, with what the engine says.
 */
export async function resourcesOf(
  directory: string,
  stack: string,
  { args = [], environment = engineEnvironment(stateBackend(directory)) }: PreviewOptions = {},
): Promise<Resource[]> {
  const all = ["preview", "--stack", stack, "--json", "--non-interactive", ...args];
  const child = execa(engineProgram, all, {
    cwd: directory,
    env: { ...environment, PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true" },
    stdin: "ignore",
    buffer: { stdout: false },
    reject: false,
  });
  const steps: NonNullable<EngineEvent["resourcePreEvent"]>["metadata"][] = [];
  const errors: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith("{")) continue;
    const { resourcePreEvent, diagnosticEvent } = JSON.parse(line) as EngineEvent;
    if (resourcePreEvent) steps.push(resourcePreEvent.metadata);
    if (diagnosticEvent?.severity === "error") errors.push(diagnosticEvent.message.trim());
  }
  const { failed, stderr, shortMessage } = await child;
  if (failed) {
    const said = [...new Set([...errors, stderr.trim()])].filter((text) => text !== "");
    throw new Error(said.join("\n") || shortMessage || "the preview failed");
  }
  const states = steps.flatMap(({ urn, type, old, new: wanted }) =>
    [old, wanted].flatMap((state) => (state ? [{ urn, type, state }] : [])),
  );
  const providers = new Map(states.map(({ urn, state }) => [urn, state.inputs ?? {}]));
  return states.map(({ urn, type, state: { id, provider, inputs } }) => ({
    type,
    name: urn.split("::").at(-1) ?? "",
    id: id === unknown ? undefined : id || undefined,
    inputs: known(inputs ?? {}) as Inputs,
    provider: providers.get(provider?.split("::").slice(0, -1).join("::") ?? "") ?? {},
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
