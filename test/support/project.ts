/** This project under the real engine, with its own state and configuration file, so that neither the checkout nor the user's files change. */
import assert from "node:assert/strict";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { execa } from "execa";
import { parse, stringify } from "yaml";
import { namespace } from "../../components/config/schema.ts";
import { engineEnvironment, engineProgram, pulumiHome } from "../../scripts/engine/environment.ts";
import { ensureEngine } from "../../scripts/setup/engine.ts";
import { forbidLogs, lazyCollector } from "../setup/pulumi-home.ts";
import { resourcesIn, type StateResource, stateFile, storeStack, unprotect } from "./file-backend.ts";
import { encryptedKey, seal, startKms, type TestKms } from "./kms.ts";
import { withWarmProgram } from "./warm-program.ts";

export const projectDirectory = join(import.meta.dirname, "..", "..");

export type Operation = "preview" | "up" | "refresh" | "destroy" | "import";

/** What the engine did or, in a preview, would do. */
export interface EngineRun {
  readonly failed: boolean;
  /** Operations on resources in the order of the engine's events. Some appear twice; unchanged resources are left out. */
  readonly changes: readonly ResourceChange[];
  /** Names of the stack's outputs whose values changed. */
  readonly changedOutputs: readonly string[];
  /** All messages to the user. */
  readonly messages: string;
  /** Violations that policy packs found, each as `mandatory open-ports eu-central-1: …`, unordered. */
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
  /** The environment of each process of the engine. */
  readonly environment: NodeJS.ProcessEnv;
  /** Writes the stack's file with these keys under the project's name. This removes its secrets. */
  configure(keys: Readonly<Record<string, unknown>>): Promise<void>;
  /** Runs an operation. Doesn't throw when it fails. `up` has no preview, except with {@link withPreview}. */
  run(operation: Operation, args?: readonly string[], environment?: NodeJS.ProcessEnv): Promise<EngineRun>;
  /** Runs another command of the CLI on the stack. @returns its output */
  pulumi(...args: string[]): Promise<string>;
  /** Runs a script of this project on the stack's file and state. */
  script(file: string, ...args: string[]): Promise<ScriptRun>;
  /** Does what `pulumi config set --secret --path` does. @param path a key, with the project's name, and one part of its value */
  setSecret(path: `${string}.${string}`, value: string): Promise<void>;
  /** Sets several secrets by their paths. */
  setSecrets(values: Readonly<Record<string, string>>): Promise<void>;
  /** The stack's state as it is stored. */
  state(): Promise<string>;
  /** Writes an earlier {@link state} to the backend, as docs/state.md does. */
  restore(state: string): Promise<void>;
  /** The resources in the state. */
  resources(): Promise<readonly StateResource[]>;
  /** The stack's outputs in the state. */
  outputs(): Promise<ReturnType<typeof JSON.parse>>;
  /** Does what `pulumi state unprotect` does. @param type of the resources. @default all */
  unprotect(type?: string): Promise<void>;
}

export interface ScriptRun {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs an operation. @throws AssertionError with all messages if it fails */
export async function succeeds<
  Args extends readonly unknown[],
  Run extends Pick<EngineRun, "failed" | "messages">,
>(stack: { run(...args: Args): Promise<Run> }, ...args: Args): Promise<Run> {
  const result = await stack.run(...args);
  assert.ok(!result.failed, result.messages);
  return result;
}

/** An argument that gives `up` its preview, as by default for users. */
export const withPreview = "--skip-preview=false";

/** Arguments with which the engine applies the project's policy pack. */
export const withPolicies = ["--policy-pack", join(projectDirectory, "policy", "pack.js")];

/** The violations in a preview, without the advice that a policy's inputs are still unknown. `up` judges these policies. */
export function knownViolations({ violations }: Pick<EngineRun, "violations">): string[] {
  const unknown =
    /^advisory [\w-]+ [\w-]+: can't run policy .* during preview: .* can't be known during preview$/;
  return violations.filter((it) => !unknown.test(it));
}

export interface ProjectOptions {
  readonly stack: string;
  /** An empty directory for all of the stack's own files. */
  readonly directory: string;
  readonly keys: Readonly<Record<string, unknown>>;
  /** Additional environment for the engine. */
  readonly environment?: NodeJS.ProcessEnv;
  /** A program other than this project's: the directory of its project file, and its project's name. */
  readonly program?: string;
  readonly name?: string;
  /** Whether the processes of warm-program.ts run this project's program and the provider of its dynamic resources in previews and updates, which saves most of the processor time of a run. A user's runs each have a new process. @default for this project's program */
  readonly isWarm?: boolean;
}

/** The environment of an engine whose state and other files are in a test's directory. */
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
    // Doubles replace the clouds' plugins. Otherwise each command would try for seconds to download the plugins that the state names.
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
  };
}

/** This process's KMS. Deriving a key from a passphrase would take longer than the rest of a command. */
let kms: Promise<TestKms> | undefined;

const keyUrl = "awskms://alias/tests?region=eu-central-1";
/** Arguments for `pulumi stack init`, with the {@link testKey}. */
export const withKey = ["--secrets-provider", keyUrl];
/** What that writes into a stack's state and file. */
export const testKeyIn = {
  state: { type: "cloud", state: { url: keyUrl, encryptedkey: encryptedKey } },
  file: stringify({ secretsprovider: keyUrl, encryptedkey: encryptedKey }),
} as const;

/** The environment of an engine whose stacks are created {@link withKey}. */
export async function testKey(): Promise<NodeJS.ProcessEnv> {
  kms ??= startKms();
  return (await kms).environment;
}

/** The same for stacks whose commands aren't killed: the engine writes the state once at the end of a command, not after each resource. */
export async function quickEngine(): Promise<NodeJS.ProcessEnv> {
  return { ...(await testKey()), PULUMI_SKIP_CHECKPOINTS: "true" };
}

/** The lines of a stack's file in which the engine keeps the key of its secrets. */
export async function secretsKeysOf(file: string): Promise<readonly string[]> {
  const text = await readFile(file, "utf8").catch(() => "");
  return text.match(/^(?:secretsprovider|encryptedkey): .*$/gm) ?? [];
}

/** Creates a stack without resources. */
export async function newStack(options: ProjectOptions): Promise<Project> {
  const { stack, directory, program = projectDirectory, name = namespace } = options;
  const { isWarm = program === projectDirectory } = options;
  await ensureEngine();
  const file = join(directory, `Pulumi.${stack}.yaml`);
  const stored = { directory: join(directory, "state"), stack, project: name };
  const environment: NodeJS.ProcessEnv = {
    ...(await engineUnderTest(directory)),
    ...(await quickEngine()),
    PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true",
    ...options.environment,
  };
  const command = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    execa(engineProgram, [...args, "--stack", stack, "--non-interactive"], {
      cwd: program,
      env: { ...environment, ...env },
      reject: false,
      stdin: "ignore",
    });

  const pulumi = async (...args: string[]) => {
    const { failed, stderr, stdout } = await command(args);
    if (failed) throw new Error(stderr);
    return stdout;
  };

  const configure: Project["configure"] = async (keys) => {
    const config = Object.fromEntries(Object.entries(keys).map(([key, value]) => [`${name}:${key}`, value]));
    // Keeps the key with which the stack's secrets are encrypted.
    const kept = await secretsKeysOf(file);
    await writeFile(file, [stringify({ config }), ...kept, ""].join("\n"));
  };

  const setSecrets: Project["setSecrets"] = async (values) => {
    const { config = {}, ...rest } = parse(await readFile(file, "utf8"));
    for (const [path, value] of Object.entries(values)) {
      const [key = "", part = ""] = path.split(".");
      config[key] = { ...config[key], [part]: { secure: seal(value) } };
    }
    await writeFile(file, stringify({ config, ...rest }));
  };

  await storeStack(stored, { secrets_providers: testKeyIn.state });
  await writeFile(file, testKeyIn.file);
  await configure(options.keys);

  return {
    file,
    environment,
    configure,
    pulumi,
    async run(operation, args = [], env = {}) {
      const confirm =
        operation === "preview" || args.includes("--preview-only")
          ? []
          : ["--yes", ...(operation === "destroy" ? [] : ["--skip-preview"])];
      // The other operations run no program. Dynamic resources then have a provider process, as users' do.
      const isAsked = isWarm && (operation === "preview" || operation === "up");
      const start = (host: readonly string[], env: NodeJS.ProcessEnv) =>
        command([operation, "--config-file", file, "--json", ...confirm, ...host, ...args], env);
      return read(await (isAsked ? withWarmProgram({ ...environment, ...env }, start) : start([], env)));
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
    state: () => readFile(stateFile(stored), "utf8"),
    restore: (state) => writeFile(stateFile(stored), state),
    resources: () => resourcesIn(stored),
    outputs: async () => (await resourcesIn(stored)).find(({ type }) => type === stackType)?.outputs ?? {},
    unprotect: (type) => unprotect(stored, type),
  };
}

/** The parts of the engine's events that are used: https://www.pulumi.com/docs/iac/cli/commands/pulumi_up/ (`--json`). */
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
