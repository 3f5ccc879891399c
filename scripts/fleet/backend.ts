/** What Pulumi's backend knows of the project's stacks. */
import { execa } from "execa";
import pMap from "p-map";
import { engineEnvironment, engineProgram } from "../setup/engine.ts";

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
  /** With the organization in front where it isn't the user's default: `acme/aws-eu-central-1`. */
  readonly name: string;
  /** A backend of files has the time of `stack init` here, others nothing before the first update. */
  readonly lastUpdate?: string;
  readonly resourceCount?: number;
}

/**
 * The backend that the user is logged in to, or that PULUMI_BACKEND_URL names. The engine must be there: ensureEngine().
 * @param directory of the project
 */
export function backendOf(directory: string): Backend {
  const ask = async (...args: string[]): Promise<unknown> => {
    const result = await execa(engineProgram, [...args, "--json", "--non-interactive"], {
      cwd: directory,
      // A process this short needs no memory back: a fifth less processor time.
      env: { ...engineEnvironment(), GOGC: "400" },
      stdin: "ignore",
      reject: false,
      timeout: timeoutSeconds * 1000,
    });
    if (result.timedOut) throw new Error(`no answer within ${timeoutSeconds} s`);
    if (result.failed) throw new Error(result.stderr.trim() || result.shortMessage);
    return JSON.parse(result.stdout);
  };
  const fullNames = new Map<string, string>();
  return {
    async stacks() {
      const listed = (await ask("stack", "ls")) as Listed[];
      return listed.map(({ name: fullName, lastUpdate, resourceCount }) => {
        const name = fullName.slice(fullName.lastIndexOf("/") + 1);
        fullNames.set(name, fullName);
        return { name, updated: resourceCount === 0 ? undefined : lastUpdate };
      });
    },
    outputs: async ({ name }) =>
      (await ask("stack", "output", "--stack", fullNames.get(name) ?? name)) as StackOutputs,
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
