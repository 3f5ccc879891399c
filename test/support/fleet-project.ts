/** A project of its own with several stacks whose resources do as a test says, for `npm run pipeline` under the real engine. */
import { readdir, readFile, readlink, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { stringify } from "yaml";
import { namespace } from "../../components/config/schema.ts";
import { engineProgram, ensureEngine } from "../../scripts/setup/engine.ts";
import { type CostRun, costProject } from "./cost-project.ts";
import { engineUnderTest, projectDirectory, secretsKeysOf, testKey, withKey } from "./project.ts";

/** What a stack's only resource does, and what its outputs say. */
export interface StackKeys {
  /** Another one replaces the resource. */
  readonly size?: string;
  /** Another one changes it in place. */
  readonly label?: string;
  /** Creating and changing it fails with this. */
  readonly failure?: string;
  /** A file that it waits for when it is created or changed. It makes the file `<waitFor>.waiting` first. */
  readonly waitFor?: string;
  /** Of the region's cache. */
  readonly endpoint?: string;
  readonly ca?: string;
}

export interface FleetProject extends AsyncDisposable {
  readonly directory: string;
  /** Writes the stack's file; what its initialization wrote there stays. */
  configure(stack: string, keys: StackKeys): Promise<void>;
  /** `npm run pipeline -- …`, not waited for. Doesn't throw when it fails. */
  start(...args: string[]): Running;
  /** The same for `npm run pulumi -- …`. */
  startPulumi(...args: string[]): Running;
  /** Runs a command line on a terminal of its own, and doesn't wait for it. */
  startOnTerminal(command: string): Running;
  pipeline(...args: string[]): Promise<CostRun>;
  /** The Pulumi CLI. @returns what it prints @throws where it fails */
  pulumi(...args: string[]): Promise<string>;
  /** Commits everything to a git repository. */
  commit(): Promise<void>;
  /** Ends the engines that run, with their providers, as the end of their machine would. */
  killEngines(): Promise<void>;
}

/** Its end, how to send npm a signal, and how to type on its terminal. */
export type Running = Promise<CostRun> & {
  kill(signal: NodeJS.Signals): boolean;
  type(text: string): void;
};

/** The resource has no provider but this program: https://www.pulumi.com/docs/iac/concepts/providers/dynamic-providers/ */
const program = `
import * as pulumi from "@pulumi/pulumi";

async function doIt({ waitFor, failure }) {
  const { existsSync, writeFileSync } = await import("node:fs");
  if (waitFor) writeFileSync(waitFor + ".waiting", "");
  while (waitFor && !existsSync(waitFor)) await new Promise((resolve) => setTimeout(resolve, 50));
  if (failure) throw new Error(failure);
}
const provider = {
  async create(inputs) { await doIt(inputs); return { id: "thing", outs: inputs }; },
  async update(id, olds, inputs) { await doIt(inputs); return { outs: inputs }; },
  async diff(id, olds, news) {
    const same = ["size", "label"].every((key) => olds[key] === news[key]);
    return { changes: !same, replaces: olds.size === news.size ? [] : ["size"] };
  },
  async read(id, props) {
    const { existsSync } = await import("node:fs");
    return { id, props: existsSync(props.driftFile) ? { ...props, label: "changed by hand" } : props };
  },
};
class Thing extends pulumi.dynamic.Resource {
  constructor(name, props) { super(provider, name, props); }
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

/** As this project's package.json has them. */
const { pipeline, pulumi } = JSON.parse(
  await readFile(join(projectDirectory, "package.json"), "utf8"),
).scripts;

/** With stacks that nothing was done with yet. */
export async function fleetProject(stacks: readonly string[]): Promise<FleetProject> {
  await ensureEngine();
  const own = await costProject();
  const { directory } = own;
  const environment = { ...(await engineUnderTest(directory)), ...(await testKey()) };
  const files = {
    "Pulumi.yaml": stringify({
      name: namespace,
      runtime: { name: "nodejs", options: { typescript: false } },
      // A file: in a folder, the language host looks through all of node_modules for plugins.
      main: "index.js",
      stackConfigDir: "stacks",
    }),
    "package.json": JSON.stringify({ type: "module", scripts: { pipeline, pulumi } }),
    "index.js": program,
    ".gitignore": "node_modules\nscripts\nstate\nhome\n*.waiting\n",
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  for (const name of ["node_modules", "scripts"])
    await symlink(join(projectDirectory, name), join(directory, name));
  const options = { cwd: directory, env: environment, stdin: "ignore", reject: false } as const;

  const start = (file: string, args: readonly string[]): Running => {
    const process = execa(file, args, { ...options, stdin: "pipe" });
    const end = process.then(({ exitCode = -1, stdout, stderr }) => ({ exitCode, stdout, stderr }));
    return Object.assign(end, {
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
      const { failed, stdout, stderr } = await execa(engineProgram, [...args, "--non-interactive"], options);
      if (failed) throw new Error(stderr);
      return stdout;
    },
    commit: own.commit,
    async killEngines() {
      // One may end by itself when its engine has.
      await execa("kill", ["-KILL", ...(await enginesIn(directory)).map(String)], { reject: false });
    },
    [Symbol.asyncDispose]: own[Symbol.asyncDispose],
  };
  for (const stack of stacks) {
    await fleet.configure(stack, {});
    await fleet.pulumi("stack", "init", stack, ...withKey);
  }
  return fleet;
}

/** The processes that run in the directory, without the pipeline's own. */
async function enginesIn(directory: string): Promise<number[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found = pids.map(async (pid) => {
    const isThere = (await readlink(`/proc/${pid}/cwd`).catch(() => "")) === directory;
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    return isThere && !/^npm|pipeline\.ts/.test(command) ? Number(pid) : [];
  });
  return (await Promise.all(found)).flat();
}
