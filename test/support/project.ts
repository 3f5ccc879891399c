/**
 * This project under the real engine: with a state and a configuration file of its own, so that neither the checkout nor what the user has is touched.
 */
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { execa } from "execa";
import { stringify } from "yaml";
import { namespace } from "../../components/config/schema.ts";
import { engineEnvironment, engineProgram, ensureEngine, pulumiHome } from "../../scripts/setup/engine.ts";
import { forbidLogs, lazyCollector } from "../setup/pulumi-home.ts";
import { startKms, type TestKms } from "./kms.ts";
import { startWarmProgram } from "./warm-program.ts";

export const projectDirectory = join(import.meta.dirname, "..", "..");

export type Operation = "preview" | "up" | "refresh" | "destroy" | "import";

/** What the engine says that it did, or in a preview would do. */
export interface EngineRun {
  readonly failed: boolean;
  /** What happens to resources, in the order of the engine's events, some of it twice; what stays the same isn't in it. */
  readonly changes: readonly ResourceChange[];
  /** Names of the stack's outputs that aren't what they were. */
  readonly changedOutputs: readonly string[];
  /** All that it told the user. */
  readonly messages: string;
  /** What policy packs found, each as `mandatory open-ports eu-central-1: …`, in no order. */
  readonly violations: readonly string[];
}

export interface ResourceChange {
  /** `create`, `update`, `create-replacement` … */
  readonly op: string;
  readonly type: string;
  readonly urn: string;
}

export interface Project {
  /** The stack's file, for `--config-file`. */
  readonly file: string;
  /** What each process of the engine is given. */
  readonly environment: NodeJS.ProcessEnv;
  /** Writes the stack's file, with what stands under the project's name. Its secrets are gone then. */
  configure(keys: Readonly<Record<string, unknown>>): Promise<void>;
  /** Doesn't throw when the engine fails. `up` has no preview first, but {@link withPreview}. */
  run(operation: Operation, args?: readonly string[], environment?: NodeJS.ProcessEnv): Promise<EngineRun>;
  /** Another command of the CLI on the stack. @returns what it prints */
  pulumi(...args: string[]): Promise<string>;
  /** A script of this project on the stack, and its file, by the state that the stack has. */
  script(file: string, ...args: string[]): Promise<ScriptRun>;
  /** `pulumi config set --secret --path`. */
  setSecret(path: string, value: string): Promise<void>;
  /** The same for several, by their paths, which takes as long as for one. */
  setSecrets(values: Readonly<Record<string, string>>): Promise<void>;
  /** The stack's state as it is stored. */
  state(): Promise<string>;
}

export interface ScriptRun {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** An argument for `up`, as everyone runs it. */
export const withPreview = "--skip-preview=false";

/** Arguments with which the engine asks the project's policy pack. */
export const withPolicies = ["--policy-pack", join(projectDirectory, "policy", "pack.js")];

/** Of what policy packs found in a preview, all but what it can't know, which is said, and judged by `up`. */
export function knownViolations({ violations }: Pick<EngineRun, "violations">): string[] {
  const unknown =
    /^advisory [\w-]+ [\w-]+: can't run policy .* during preview: .* can't be known during preview$/;
  return violations.filter((it) => !unknown.test(it));
}

export interface ProjectOptions {
  readonly stack: string;
  /** An empty one, for all that is the stack's own. */
  readonly directory: string;
  readonly keys: Readonly<Record<string, unknown>>;
  /** What the engine is given besides. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Another program: the directory of its project file, and the project's name there. @default this project's */
  readonly program?: string;
  readonly name?: string;
  /** Whether one process runs this project's program each time, which saves most of the processor time of a run. A user's runs are each in a new one. @default for this project's program */
  readonly isWarm?: boolean;
}

/** What each process of an engine is given that has its state, and all else that it keeps, in a test's directory. */
export async function engineUnderTest(directory: string): Promise<NodeJS.ProcessEnv> {
  const home = join(directory, "home");
  for (const name of [home, join(directory, "state")]) await mkdir(name);
  for (const name of ["plugins", "versions"]) await symlink(join(pulumiHome, name), join(home, name));
  await forbidLogs(home);
  return {
    ...engineEnvironment(),
    ...lazyCollector(),
    PULUMI_HOME: home,
    PULUMI_BACKEND_URL: `file://${join(directory, "state")}`,
    PULUMI_CONFIG_PASSPHRASE: "of no use to anyone",
    // Doubles stand in for the clouds' plugins. The engine would try for seconds, at each command, to download those that the state names.
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
  };
}

/** The one of this process. The key of a passphrase would take the engine longest of what it does at each command. */
let kms: Promise<TestKms> | undefined;
/** Arguments for `pulumi stack init`, with the {@link testKey}. */
export const withKey = ["--secrets-provider", "awskms://alias/tests?region=eu-central-1"];

/** What an engine under test is given whose stacks begin {@link withKey}. */
export async function testKey(): Promise<NodeJS.ProcessEnv> {
  kms ??= startKms();
  return (await kms).environment;
}

/** The same for one of which no command is killed: the state is written at its end, not after each resource too. */
export async function quickEngine(): Promise<NodeJS.ProcessEnv> {
  return { ...(await testKey()), PULUMI_SKIP_CHECKPOINTS: "true" };
}

/** Of a stack's file, what the engine has written into it for its secrets: each a line. */
export async function secretsKeysOf(file: string): Promise<readonly string[]> {
  const text = await readFile(file, "utf8").catch(() => "");
  return text.match(/^(?:secretsprovider|encryptedkey): .*$/gm) ?? [];
}

/** A stack that nothing has been done with yet. */
export async function newStack(options: ProjectOptions): Promise<Project> {
  const { stack, directory, program = projectDirectory, name = namespace } = options;
  const { isWarm = program === projectDirectory } = options;
  await ensureEngine();
  const file = join(directory, `Pulumi.${stack}.yaml`);
  const environment: NodeJS.ProcessEnv = {
    ...(await engineUnderTest(directory)),
    ...(await quickEngine()),
    PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true",
    ...options.environment,
  };
  const command = (args: readonly string[], env: NodeJS.ProcessEnv = {}, cwd = program) =>
    execa(engineProgram, [...args, "--stack", stack, "--non-interactive"], {
      cwd,
      env: { ...environment, ...env },
      reject: false,
      stdin: "ignore",
    });
  let warmProgram: Promise<readonly string[]> | undefined;
  const askWarmProgram = () => {
    warmProgram ??= startWarmProgram(environment, program);
    return warmProgram;
  };

  const pulumi = async (...args: string[]) => {
    const { failed, stderr, stdout } = await command(args);
    if (failed) throw new Error(stderr);
    return stdout;
  };

  const configure: Project["configure"] = async (keys) => {
    const config = Object.fromEntries(Object.entries(keys).map(([key, value]) => [`${name}:${key}`, value]));
    // As at the stack's beginning: its secrets are encrypted with it.
    const kept = await secretsKeysOf(file);
    await writeFile(file, [stringify({ config }), ...kept, ""].join("\n"));
  };

  const setSecrets: Project["setSecrets"] = async (values) => {
    const all = Object.entries(values).flatMap(([path, value]) => ["--secret", `${path}=${value}`]);
    await pulumi("config", "set-all", "--config-file", file, "--path", ...all);
  };

  await configure(options.keys);
  // A new stack's key is written beside the project file, so this has one of its own; the engine knows stacks by the project's name.
  await writeFile(join(directory, "Pulumi.yaml"), stringify({ name, runtime: "nodejs" }));
  const { stderr, failed } = await command(["stack", "init", ...withKey], {}, directory);
  if (failed) throw new Error(stderr);

  return {
    file,
    environment,
    configure,
    pulumi,
    async run(operation, args = [], env = {}) {
      const confirm =
        operation === "preview" ? [] : ["--yes", ...(operation === "destroy" ? [] : ["--skip-preview"])];
      // An import runs no program, and a running one has its environment.
      const isAsked = isWarm && operation !== "import" && Object.keys(env).length === 0;
      const host = isAsked ? await askWarmProgram() : [];
      const all = [operation, "--config-file", file, "--json", ...confirm, ...host, ...args];
      return read(await command(all, env));
    },
    async script(script, ...args) {
      const { exitCode, stdout, stderr } = await execa(
        "node",
        [script, stack, "--config-file", file, ...args],
        {
          cwd: program,
          env: environment,
          reject: false,
          stdin: "ignore",
        },
      );
      return { exitCode, stdout, stderr };
    },
    setSecret: (path, value) => setSecrets({ [path]: value }),
    setSecrets,
    state: () => readFile(join(directory, "state", ".pulumi", "stacks", name, `${stack}.json`), "utf8"),
  };
}

/** The engine's events, as far as they are looked at: https://www.pulumi.com/docs/iac/cli/commands/pulumi_up/ (`--json`). */
interface EngineEvent {
  readonly resourcePreEvent?: { metadata: ResourceChange };
  readonly resOutputsEvent?: { metadata: ResourceChange & Record<"old" | "new", Outputs | null> };
  readonly diagnosticEvent?: { message: string; severity: string };
  readonly policyEvent?: {
    resourceUrn: string;
    message: string;
    policyName: string;
    enforcementLevel: string;
  };
}

const stackType = "pulumi:pulumi:Stack";

interface Outputs {
  readonly outputs: Readonly<Record<string, unknown>>;
}

interface Result {
  readonly stdout: string;
  readonly stderr: string;
  readonly failed: boolean;
}

function read({ stdout, stderr, failed }: Result): EngineRun {
  const events: EngineEvent[] = stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
  const changes = events
    .flatMap(
      ({ resourcePreEvent, resOutputsEvent }) =>
        resourcePreEvent?.metadata ?? resOutputsEvent?.metadata ?? [],
    )
    .filter(({ op, type }) => !["same", "refresh"].includes(op) && type !== stackType);
  const diagnostics = events.flatMap(({ diagnosticEvent }) =>
    diagnosticEvent && diagnosticEvent.severity !== "debug" ? [diagnosticEvent.message] : [],
  );
  return {
    failed,
    changes,
    changedOutputs: changedOutputs(events),
    messages: [...diagnostics, stderr].join("\n"),
    violations: events.flatMap(({ policyEvent: it }) =>
      it === undefined
        ? []
        : `${it.enforcementLevel} ${it.policyName} ${it.resourceUrn.split("::").at(-1)}: ${it.message.trim()}`,
    ),
  };
}

function changedOutputs(events: readonly EngineEvent[]): string[] {
  const stack = events.findLast(({ resOutputsEvent }) => resOutputsEvent?.metadata.type === stackType);
  const { old, new: now } = stack?.resOutputsEvent?.metadata ?? {};
  const [before = {}, after = {}] = [old?.outputs, now?.outputs];
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => !isDeepStrictEqual(before[name], after[name]));
}
