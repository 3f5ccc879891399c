/** A project with several stacks whose resources behave as a test says, for `npm run pipeline` under the real engine. */
import { readdir, readFile, readlink, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { stringify } from "yaml";
import { namespace } from "../../components/config/schema.ts";
import { engineProgram } from "../../scripts/engine/environment.ts";
import { ensureEngine } from "../../scripts/setup/engine.ts";
import { type CostRun, costProject } from "./cost-project.ts";
import { isUnfinished, resourcesIn, type StateResource, storeStack } from "./file-backend.ts";
import { engineUnderTest, projectDirectory, secretsKeysOf, testKey, testKeyIn } from "./project.ts";

/** How a stack's only resource behaves, and what its outputs are. */
export interface StackKeys {
  /** A change replaces the resource. */
  readonly size?: string;
  /** A change updates the resource in place. */
  readonly label?: string;
  /** The error with which creation and update fail. */
  readonly failure?: string;
  /** A file that creation and update wait for. They first create the file `<waitFor>.waiting`. */
  readonly waitFor?: string;
  /** The endpoint of the cache in the outputs. @default the outputs have no cache */
  readonly endpoint?: string;
  readonly ca?: string;
}

export interface FleetProject extends AsyncDisposable {
  readonly directory: string;
  /** Writes the stack's file, and keeps what the stack's initialization wrote there. */
  configure(stack: string, keys: StackKeys): Promise<void>;
  /** Starts `npm run pipeline -- …` without waiting for it. Doesn't throw when it fails. */
  start(...args: string[]): Running;
  /** Starts `npm run pulumi -- …` in the same way. */
  startPulumi(...args: string[]): Running;
  /** Runs a command line on a terminal of its own, and doesn't wait for it. */
  startOnTerminal(command: string): Running;
  pipeline(...args: string[]): Promise<CostRun>;
  /** Runs the Pulumi CLI. @throws when it fails */
  pulumi(...args: string[]): Promise<void>;
  /** The resources in a stack's state. */
  resources(stack: string): Promise<readonly StateResource[]>;
  /** Whether an update holds the stack, or has left its lock or unfinished operations behind. */
  isUnfinished(stack: string): Promise<boolean>;
  /** Commits everything to a git repository. */
  commit(): Promise<void>;
  /** Kills the running engines with their providers, as when their machine dies. */
  killEngines(): Promise<void>;
}

/** A running command: its result, what it has written to standard error, a way to send npm a signal, and a way to type on its terminal. */
export type Running = Promise<CostRun> & {
  stderrSoFar(): string;
  kill(signal: NodeJS.Signals): boolean;
  type(text: string): void;
};

/** The provider of the resource: https://www.pulumi.com/docs/iac/concepts/providers/dynamic-providers/ */
const provider = `
import { existsSync, writeFileSync } from "node:fs";

async function doIt({ waitFor, failure }) {
  if (waitFor) writeFileSync(waitFor + ".waiting", "");
  while (waitFor && !existsSync(waitFor)) await new Promise((resolve) => setTimeout(resolve, 50));
  if (failure) throw new Error(failure);
}
export async function create(inputs) { await doIt(inputs); return { id: "thing", outs: inputs }; }
export async function update(id, olds, inputs) { await doIt(inputs); return { outs: inputs }; }
export async function diff(id, olds, news) {
  const same = ["size", "label"].every((key) => olds[key] === news[key]);
  return { changes: !same, replaces: olds.size === news.size ? [] : ["size"] };
}
export async function read(id, props) {
  return { id, props: existsSync(props.driftFile) ? { ...props, label: "changed by hand" } : props };
}
`;

/** The provider has a file of its own, because serializing its functions would take a debugger and a compiler at each start. */
const program = `
import * as pulumi from "@pulumi/pulumi";

const __provider = \`exports.handler = () => {
  const call = (operation) => async (...args) => (await import(process.cwd() + "/provider.js"))[operation](...args);
  return { create: call("create"), update: call("update"), diff: call("diff"), read: call("read") };
};\`;
class Thing extends pulumi.CustomResource {
  constructor(name, props) { super("pulumi-nodejs:dynamic:Resource", name, { ...props, __provider }); }
}

const config = new pulumi.Config("${namespace}");
const stack = pulumi.getStack();
const [size, label, failure, waitFor] = ["size", "label", "failure", "waitFor"].map((key) => config.get(key) ?? "");
new Thing("thing", { size, label, failure, waitFor, driftFile: process.cwd() + "/" + stack + ".drifted" });
const ca = config.get("ca");
const cache = {
  endpoint: config.get("endpoint"),
  topology: "vm",
  storage: { kind: "disk" },
  upstreams: [],
  ...(ca && { ca: { certificate: ca } }),
};
export const caches = cache.endpoint ? { [stack]: cache } : {};
export const cost = { [stack]: { provider: "aws", totals: { byPayer: { us: 1 }, complete: true } } };
`;

/** The scripts from this project's package.json. */
const { pipeline, pulumi } = JSON.parse(
  await readFile(join(projectDirectory, "package.json"), "utf8"),
).scripts;

/** Makes a project whose stacks have only their names. */
export async function fleetProject(stacks: readonly string[]): Promise<FleetProject> {
  await ensureEngine();
  const own = await costProject();
  const { directory } = own;
  const environment = { ...(await engineUnderTest(directory)), ...(await testKey()) };
  const files = {
    "Pulumi.yaml": stringify({
      name: namespace,
      runtime: { name: "nodejs", options: { typescript: false } },
      // A file. If it were a folder, the language host would search all of node_modules for plugins.
      main: "index.js",
      stackConfigDir: "stacks",
    }),
    "package.json": JSON.stringify({ type: "module", scripts: { pipeline, pulumi } }),
    "index.js": program,
    "provider.js": provider,
    ".gitignore": "node_modules\nscripts\nstate\nhome\n*.waiting\n",
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  for (const name of ["node_modules", "scripts"])
    await symlink(join(projectDirectory, name), join(directory, name));
  const state = join(directory, "state");
  const options = { cwd: directory, env: environment, stdin: "ignore", reject: false } as const;

  const start = (file: string, args: readonly string[]): Running => {
    const process = execa(file, args, { ...options, stdin: "pipe" });
    const end = process.then(({ exitCode = -1, stdout, stderr }) => ({ exitCode, stdout, stderr }));
    let told = "";
    process.stderr.on("data", (chunk) => {
      told += chunk;
    });
    return Object.assign(end, {
      stderrSoFar: () => told,
      kill: (signal: NodeJS.Signals) => process.kill(signal),
      type: (text: string) => void process.stdin.write(text),
    });
  };

  const fleet: FleetProject = {
    directory,
    async configure(stack, keys) {
      const file = join(directory, "stacks", `Pulumi.${stack}.yaml`);
      const kept = await secretsKeysOf(file);
      const all = Object.entries({ provider: "aws", ...keys });
      const config = Object.fromEntries(all.map(([key, value]) => [`${namespace}:${key}`, value]));
      await writeFile(file, [stringify({ config }), ...kept, ""].join("\n"));
    },
    start: (...args) => start("npm", ["run", "--silent", "pipeline", "--", ...args]),
    startPulumi: (...args) => start("npm", ["run", "--silent", "pulumi", "--", ...args]),
    // https://man7.org/linux/man-pages/man1/script.1.html
    startOnTerminal: (command) => start("script", ["--quiet", "--return", "--command", command, "/dev/null"]),
    pipeline: (...args) => fleet.start(...args),
    async pulumi(...args) {
      const { failed, stderr } = await execa(engineProgram, [...args, "--non-interactive"], options);
      if (failed) throw new Error(stderr);
    },
    resources: (stack) => resourcesIn({ directory: state, stack }),
    isUnfinished: (stack) => isUnfinished({ directory: state, stack }),
    commit: own.commit,
    async killEngines() {
      // A process may already have ended with its engine.
      await execa("kill", ["-KILL", ...(await enginesIn(directory)).map(String)], { reject: false });
    },
    [Symbol.asyncDispose]: own[Symbol.asyncDispose],
  };
  for (const stack of stacks) {
    await storeStack({ directory: state, stack }, { secrets_providers: testKeyIn.state });
    await writeFile(join(directory, "stacks", `Pulumi.${stack}.yaml`), testKeyIn.file);
    await fleet.configure(stack, {});
  }
  return fleet;
}

/** The processes whose working directory is this one, except the pipeline's own. */
async function enginesIn(directory: string): Promise<number[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found = pids.map(async (pid) => {
    const isThere = (await readlink(`/proc/${pid}/cwd`).catch(() => "")) === directory;
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    return isThere && !/^npm|pipeline\.ts/.test(command) ? Number(pid) : [];
  });
  return (await Promise.all(found)).flat();
}
