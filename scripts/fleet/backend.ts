/** What Pulumi's backend knows of the project's stacks. */
import { execa } from "execa";
import pMap from "p-map";
import { engineEnvironment, engineProgram, stateBackend } from "../setup/engine.ts";
import { isRefused, refusedBackend } from "./refusal.ts";

/** A stack as the backend lists it. */
export interface BackendStack {
  /** As in the name of its file, without an organization: `aws-eu-central-1`. */
  readonly name: string;
  /** When it was brought up or taken down last, ISO 8601; undefined where it has nothing: never brought up, or taken down. */
  readonly updated: string | undefined;
}

/** The outputs of a stack, by name; a secret is `[secret]`. */
export type StackOutputs = Readonly<Record<string, unknown>>;

export interface Backend {
  /** @throws Error when the backend can't be asked, with what the engine says. */
  stacks(): Promise<readonly BackendStack[]>;
  /** @throws Error when they can't be read, with what the engine says. */
  outputs(stack: BackendStack): Promise<StackOutputs>;
}

/** How many stacks are asked for at once: each takes a process, a fifth of a second of processor time, and up to 200 MB. */
const atOnce = 4;
/** The engine itself waits for minutes for a backend that doesn't answer. */
const timeoutSeconds = 60;

/** An entry of `pulumi stack ls --json`. */
interface Listed {
  /** `acme/registry-cache/aws-eu-central-1`; a backend of files knows one organization only. */
  readonly name: string;
  /** A backend of files has the time of `stack init` here, others nothing before the first update. */
  readonly lastUpdate?: string;
  readonly resourceCount?: number;
}

/** A stack as the user names it, without an organization: `acme/aws-eu-central-1` is `aws-eu-central-1`. */
export function shortName(stack: string): string {
  return stack.slice(stack.lastIndexOf("/") + 1);
}

/**
 * The backend by stateBackend(). The engine must be there: ensureEngine().
 * @param directory of the project
 * @param named stacks as the user names them: with an organization, only that one's counts
 */
export function backendOf(directory: string, named: readonly string[] = []): Backend {
  // A process this short needs no memory back: a fifth less processor time.
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

/** What the backend has told once, it isn't asked again; what it couldn't tell, it is. */
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

/** Does the same for each stack, for a few at once. @returns the results in the order of the stacks */
export function forEachStack<Stack, Result>(
  stacks: Iterable<Stack>,
  work: (stack: Stack) => Promise<Result>,
): Promise<Result[]> {
  return pMap(stacks, work, { concurrency: atOnce });
}
