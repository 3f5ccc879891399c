/** The project's stacks in Pulumi's backend. */
import { execa } from "execa";
import pMap from "p-map";
import { engineEnvironment, engineProgram, stateBackend } from "../setup/engine.ts";
import { isRefused, refusedBackend } from "./refusal.ts";

/** A stack in the backend's list. */
export interface BackendStack {
  /** The name in the stack's file name, without an organization: `aws-eu-central-1`. */
  readonly name: string;
  /** Time of the last update or destroy, ISO 8601. Undefined if the stack has no resources: it was never brought up, or was destroyed. */
  readonly updated: string | undefined;
}

/** The outputs of a stack, by name. A secret output is `[secret]`. */
export type StackOutputs = Readonly<Record<string, unknown>>;

export interface Backend {
  /** @throws Error with the engine's message if the backend can't be read */
  stacks(): Promise<readonly BackendStack[]>;
  /** @throws Error with the engine's message if the outputs can't be read */
  outputs(stack: BackendStack): Promise<StackOutputs>;
}

/** Number of stacks that are read in parallel. Each needs a process, a fifth of a second of CPU time, and up to 200 MB. */
const atOnce = 4;
/** The engine itself would wait for minutes if the backend doesn't answer. */
const timeoutSeconds = 60;

/** An entry of `pulumi stack ls --json`. */
interface Listed {
  /** `acme/registry-cache/aws-eu-central-1`. In a file backend, there is only one organization. */
  readonly name: string;
  /** In a file backend, this is the time of `stack init`; in others, it is missing before the first update. */
  readonly lastUpdate?: string;
  readonly resourceCount?: number;
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
  const env = { ...engineEnvironment(stateBackend(directory)), GOGC: "400" };
  const ask = async (...args: string[]): Promise<unknown> => {
    const result = await execa(engineProgram, [...args, "--json", "--non-interactive"], {
      cwd: directory,
      env,
      stdin: "ignore",
      reject: false,
      timeout: timeoutSeconds * 1000,
    });
    if (result.timedOut) throw new Error(`no answer within ${timeoutSeconds} s`);
    const said = result.stderr.trim();
    if (isRefused(said)) throw new Error(`${refusedBackend.what} ${refusedBackend.wayOut}\n${said}`);
    if (result.failed) throw new Error(said || result.shortMessage);
    return JSON.parse(result.stdout);
  };
  let byName: Partial<Record<string, Listed[]>> = {};
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
      const [stack = name, ...others] = byName[name]?.map((one) => one.name) ?? [];
      if (others.length > 0) {
        const all = [stack, ...others].join(", ");
        throw new Error(
          `${others.length + 1} stacks are called ${name}: ${all}. Name one with its organization: ${organization(stack)}/${name}`,
        );
      }
      return (await ask("stack", "output", "--stack", stack)) as StackOutputs;
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
  };
}

/** Runs the work for each stack, a few in parallel. @returns the results in the order of the stacks */
export function forEachStack<Stack, Result>(
  stacks: Iterable<Stack>,
  work: (stack: Stack) => Promise<Result>,
): Promise<Result[]> {
  return pMap(stacks, work, { concurrency: atOnce });
}
