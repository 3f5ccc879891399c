/**
 * Stacks in a file backend, written and read without the engine, whose commands take a quarter of a second of processor time each.
 * test/engine/state.test.ts uses the commands.
 */
import { globSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { namespace } from "../../components/config/schema.ts";

/** The parts of a state that tests use. */
export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly custom: boolean;
  readonly id?: string;
  readonly parent?: string;
  readonly dependencies?: readonly string[];
  readonly outputs?: Readonly<Record<string, unknown>>;
  readonly protect?: boolean;
}

export interface StoredStack {
  /** The backend's directory. */
  readonly directory: string;
  readonly stack: string;
  /** @default this project's name */
  readonly project?: string;
}

interface Checkpoint {
  readonly version: 3;
  readonly checkpoint: { readonly stack: string; readonly latest: Deployment };
}

interface Deployment {
  readonly manifest: { readonly time: string; readonly magic: string; readonly version: string };
  readonly secrets_providers?: object;
  readonly resources?: readonly StateResource[];
  readonly pending_operations?: readonly object[];
}

export function stateFile({ directory, stack, project = namespace }: StoredStack): string {
  return join(directory, ".pulumi", "stacks", project, `${stack}.json`);
}

/** Creates a stack, as `pulumi stack init` and `pulumi stack import` do. */
export async function storeStack(stored: StoredStack, content: Omit<Deployment, "manifest">): Promise<void> {
  const { directory, stack, project = namespace } = stored;
  const manifest = { time: new Date().toISOString(), magic: "", version: "" };
  const checkpoint = { stack: `organization/${project}/${stack}`, latest: { manifest, ...content } };
  await mkdir(dirname(stateFile(stored)), { recursive: true });
  await writeFile(join(directory, ".pulumi", "meta.yaml"), "version: 1\n");
  await writeState(stored, { version: 3, checkpoint });
}

export async function resourcesIn(stored: StoredStack): Promise<readonly StateResource[]> {
  return (await readState(stored)).checkpoint.latest.resources ?? [];
}

/** Whether an update holds the stack, or has left its lock or unfinished operations behind. */
export async function isUnfinished(stored: StoredStack): Promise<boolean> {
  const { directory, stack, project = namespace } = stored;
  const locks = globSync(join(directory, ".pulumi", "locks", "*", project, stack, "*.json"));
  const { pending_operations: pending = [] } = (await readState(stored)).checkpoint.latest;
  return locks.length > 0 || pending.length > 0;
}

/** Does what `pulumi state unprotect` does. @param type of the resources. @default all */
export async function unprotect(stored: StoredStack, type?: string): Promise<void> {
  const { checkpoint, ...rest } = await readState(stored);
  const { resources = [], ...others } = checkpoint.latest;
  const latest = {
    ...others,
    resources: resources.map((resource) =>
      type === undefined || resource.type === type ? { ...resource, protect: false } : resource,
    ),
  };
  await writeState(stored, { ...rest, checkpoint: { ...checkpoint, latest } });
}

async function readState(stored: StoredStack): Promise<Checkpoint> {
  return JSON.parse(await readFile(stateFile(stored), "utf8"));
}

async function writeState(stored: StoredStack, state: Checkpoint): Promise<void> {
  await writeFile(stateFile(stored), JSON.stringify(state));
}
