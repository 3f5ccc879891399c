/** The project's stacks in Pulumi's backend. */
import pMap from "p-map";
import { engineCommand } from "../engine/command.ts";
import { engineEnvironment, stateBackend } from "../engine/environment.ts";
import { isRefused, refusedBackend } from "../engine/trouble.ts";

/** A stack in the backend's list. */
export interface BackendStack {
  /** The name in the stack's file name, without an organization: `aws-eu-central-1`. */
  readonly name: string;
  /** Time of the last update or destroy, ISO 8601. Undefined if the stack has no resources: it was never brought up, or was destroyed. */
  readonly updated: string | undefined;
}

/** What the project's git repository was at when a stack was last brought up. */
export interface Commit {
  /** The hash. */
  readonly head: string;
  /** Whether there were changes without a commit. */
  readonly isDirty: boolean;
  /** Whether that update has succeeded. Otherwise, parts of the stack may be as an earlier commit made them. */
  readonly isComplete: boolean;
}

/** The outputs of a stack, by name. A secret output is `[secret]`. */
export type StackOutputs = Readonly<Record<string, unknown>>;

export interface Backend {
  /** @throws Error with the engine's message if the backend can't be read */
  stacks(): Promise<readonly BackendStack[]>;
  /** @throws Error with the engine's message if the outputs can't be read */
  outputs(stack: BackendStack): Promise<StackOutputs>;
  /**
   * @returns undefined if none of the last ten operations is an update, or it didn't run in a git repository
   * @throws Error with the engine's message if the history can't be read
   */
  commit(stack: BackendStack): Promise<Commit | undefined>;
}

/** Number of stacks that are read in parallel. Each needs a process at a time, a fifth of a second of CPU time, and up to 200 MB. */
const atOnce = 4;
const timeoutSeconds = 60;

/** An entry of `pulumi stack ls --json`. */
interface Listed {
  /** `acme/registry-cache/aws-eu-central-1`. In a file backend, there is only one organization. */
  readonly name: string;
  /** In a file backend, this is the time of `stack init`; in others, it is missing before the first update. */
  readonly lastUpdate?: string;
  readonly resourceCount?: number;
}

/** An entry of `pulumi stack history --json`, which begins with the latest one. */
interface Recorded {
  readonly kind: string;
  readonly result: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** A stack's name without its organization: `acme/aws-eu-central-1` becomes `aws-eu-central-1`. */
export function shortName(stack: string): string {
  return stack.slice(stack.lastIndexOf("/") + 1);
}

/**
 * Connects to the backend of stateBackend(). The engine must be installed: see ensureEngine().
 * @param directory of the project
 * @param named stacks as the user names them. If one has an organization, stacks with the same name in other organizations are ignored.
 */
export function backendOf(directory: string, named: readonly string[] = []): Backend {
  // Short processes don't need to free memory. With less garbage collection, they use a fifth less CPU time.
  const environment = { ...engineEnvironment(stateBackend(directory)), GOGC: "400" };
  const ask = async (...args: string[]): Promise<unknown> => {
    try {
      return JSON.parse(await engineCommand([...args, "--json"], { directory, environment, timeoutSeconds }));
    } catch (error) {
      const { message } = error as Error;
      if (!isRefused(message)) throw error;
      throw new Error(`${refusedBackend.what} ${refusedBackend.wayOut}\n${message}`);
    }
  };
  let byName: Partial<Record<string, Listed[]>> = {};
  /** @throws Error if stacks of several organizations have this name */
  const qualified = (name: string): string => {
    const [stack = name, ...others] = byName[name]?.map((one) => one.name) ?? [];
    if (others.length === 0) return stack;
    const all = [stack, ...others].join(", ");
    throw new Error(
      `${others.length + 1} stacks are called ${name}: ${all}. Name one with its organization: ${organization(stack)}/${name}`,
    );
  };
  return {
    async stacks() {
      const listed = (await ask("stack", "ls", "--fully-qualify-stack-names")) as Listed[];
      byName = Object.groupBy(listed.filter(isNamed(named)), ({ name }) => shortName(name));
      return Object.entries(byName).map(([name, stacks = []]) => {
        const times = stacks.map(({ lastUpdate, resourceCount }) =>
          resourceCount === 0 ? undefined : lastUpdate,
        );
        return { name, updated: times.find((time) => time !== undefined) };
      });
    },
    async outputs({ name }) {
      return (await ask("stack", "output", "--stack", qualified(name))) as StackOutputs;
    },
    async commit({ name }) {
      const recorded = (await ask("stack", "history", "--stack", qualified(name))) as Recorded[];
      const { environment: { "git.head": head, "git.dirty": dirty } = {}, result } =
        recorded.find(({ kind, result }) => kind === "update" && result !== "in-progress") ?? {};
      return head === undefined
        ? undefined
        : { head, isDirty: dirty === "true", isComplete: result === "succeeded" };
    },
  };
}

function organization(stack: string): string | undefined {
  return stack.split("/").at(-3) ?? stack.split("/").at(-2);
}

function isNamed(named: readonly string[]) {
  return ({ name }: Listed) => {
    const own = named.filter((one) => one.includes("/") && shortName(one) === shortName(name));
    return own.length === 0 || own.some((one) => organization(one) === organization(name));
  };
}

/** Caches the backend's answers. A failed request isn't cached. */
export function remembering(backend: Backend): Backend {
  let stacks: readonly BackendStack[] | undefined;
  const outputs = new Map<string, StackOutputs>();
  return {
    async stacks() {
      stacks ??= await backend.stacks();
      return stacks;
    },
    async outputs(stack) {
      const known = outputs.get(stack.name) ?? (await backend.outputs(stack));
      outputs.set(stack.name, known);
      return known;
    },
    commit: backend.commit,
  };
}

/** Runs the work for each stack, a few in parallel. @returns the results in the order of the stacks */
export function forEachStack<Stack, Result>(
  stacks: Iterable<Stack>,
  work: (stack: Stack) => Promise<Result>,
): Promise<Result[]> {
  return pMap(stacks, work, { concurrency: atOnce });
}
