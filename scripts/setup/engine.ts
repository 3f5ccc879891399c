import { randomBytes } from "node:crypto";
import { existsSync, globSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { chmod, copyFile, mkdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseYaml } from "../../components/config/stack-file.ts";
import { stateDirectory } from "../../components/hosts/local/directories.ts";
import { ensureTool, goTools } from "./from-source/go-tools.ts";
import { isReachable } from "./reachable.ts";
import { type Run, StepError, step } from "./steps.ts";

const nodeModules = join(import.meta.dirname, "..", "..", "node_modules");

/** The same directory as in start.js. Pulumi runs that only after it has loaded its SDK, and never in the process for dynamic resources: https://nodejs.org/docs/latest-v24.x/api/cli.html#node_compile_cachedir */
const compileCache = process.env.NODE_COMPILE_CACHE || join(nodeModules, ".cache", "compiled");

/** In quotation marks, because the path may contain spaces: https://nodejs.org/docs/latest-v24.x/api/cli.html#node_optionsoptions */
const sdkStart = `--require=${JSON.stringify(join(import.meta.dirname, "sdk-start.cjs"))}`;

/** Directory for Pulumi's downloads: https://www.pulumi.com/docs/iac/cli/environment-variables/ */
export const pulumiHome = process.env.PULUMI_HOME || join(homedir(), ".pulumi");

const engineVersion = goTools.pulumi.version.slice(1);

/** Before the npm package `pulumi` downloads the engine of its version, it looks in this directory. */
const engineDirectory = join(pulumiHome, "versions", engineVersion, "bin");

/** The engine itself, after {@link ensureEngine}. Starting it through the npm package takes a third longer. */
export const engineProgram = join(engineDirectory, "pulumi");

/** The engine is installed last: if it exists, the npm package and this module know that the directory is complete. */
const programs = ["pulumi-language-nodejs", "pulumi-resource-pulumi-nodejs", "pulumi"] as const;

/**
 * Makes `npx pulumi` work. If its download server can be reached, it downloads the engine itself. Otherwise, the engine
 * and the language host are built from their Go modules and installed at the same place.
 *
 * @throws StepError if there is no engine in the end
 */
export async function ensureEngine(): Promise<void> {
  if (isComplete()) return;
  if (!(await download())) await install();
  await step(
    "Checking the Pulumi engine",
    `remove ${engineDirectory} and run the same command again`,
    async (run) => {
      await run(join(nodeModules, ".bin", "pulumi"), ["version"], { timeoutSeconds: 60 });
    },
  );
}

function isComplete(): boolean {
  return programs.every((program) => existsSync(join(engineDirectory, program)));
}

/** Lets the npm package download the engine. @returns whether it did. A failure throws no error, because the engine can also be built. */
async function download(): Promise<boolean> {
  if (!(await isReachable("https://get.pulumi.com/install.sh"))) return false;
  const fetchEngine = async (run: Run) => {
    const options = { timeoutSeconds: 600, env: { NODE_USE_ENV_PROXY: "1" } };
    await run(join(nodeModules, ".bin", "pulumi"), ["version"], options);
  };
  try {
    await step("Downloading the Pulumi engine", "none needed: it is built instead", fetchEngine);
    return isComplete();
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    console.error(`  ${error.message}`);
    await rm(engineDirectory, { recursive: true, force: true });
    return false;
  }
}

/** Builds a program of the engine, because there was no download. @throws StepError that names the ways without a build, too */
async function build(program: "pulumi" | "pulumi-language-nodejs"): Promise<string> {
  try {
    return await ensureTool(program);
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    const others = [
      "make sure that get.pulumi.com, which gave no engine, can be reached (behind a proxy, set HTTPS_PROXY)",
      `put the files of Pulumi's archive pulumi-v${engineVersion}-linux-${process.arch}.tar.gz into ${engineDirectory}`,
    ];
    throw new StepError([error.message, ...others.map((it) => `  or:      ${it}`)].join("\n"), {
      cause: error,
    });
  }
}

async function install(): Promise<void> {
  const sources: Record<(typeof programs)[number], string> = {
    "pulumi-language-nodejs": await build("pulumi-language-nodejs"),
    // The SDK's script that starts dynamic providers.
    "pulumi-resource-pulumi-nodejs": join(nodeModules, "@pulumi", "pulumi", "pulumi-resource-pulumi-nodejs"),
    pulumi: await build("pulumi"),
  };
  await step(
    "Installing the Pulumi engine",
    `make sure that ${engineDirectory} can be written, or set PULUMI_HOME`,
    async () => {
      await mkdir(engineDirectory, { recursive: true });
      for (const program of programs) {
        const draft = join(engineDirectory, `.${program}.${process.pid}`);
        await copyFile(sources[program], draft);
        await chmod(draft, 0o755);
        await rename(draft, join(engineDirectory, program));
      }
    },
  );
}

/** Where Pulumi keeps the state of stacks, and which setting says so. */
export interface StateBackend {
  /** In the form for `pulumi login`: `s3://…`, `file://…`. */
  readonly url: string;
  readonly from: "PULUMI_BACKEND_URL" | "Pulumi.yaml" | "pulumi login" | "this machine";
}

/**
 * Finds the backend as Pulumi does: PULUMI_BACKEND_URL, `backend.url` in Pulumi.yaml, the user's login. Without any of them, uses a directory on this machine.
 * @param project directory of Pulumi.yaml
 */
export function stateBackend(project: string): StateBackend {
  const { PULUMI_BACKEND_URL, PULUMI_CREDENTIALS_PATH } = process.env;
  if (PULUMI_BACKEND_URL) return { url: PULUMI_BACKEND_URL, from: "PULUMI_BACKEND_URL" };
  const { backend } = read<{ backend?: { url?: string } }>(join(project, "Pulumi.yaml"));
  if (backend?.url) return { url: backend.url, from: "Pulumi.yaml" };
  const login = read<{ current?: string }>(join(PULUMI_CREDENTIALS_PATH || pulumiHome, "credentials.json"));
  if (login.current) return { url: login.current, from: "pulumi login" };
  return machineBackend();
}

/** A directory of the user on this machine. */
function machineBackend(): StateBackend {
  const directory = join(stateDirectory(), "pulumi");
  mkdirSync(directory, { recursive: true });
  return { url: pathToFileURL(directory).href, from: "this machine" };
}

/** Reads a YAML or JSON file. Returns an empty object if it can't be read, because Pulumi reports that itself. */
function read<Content extends object>(file: string): Partial<Content> {
  try {
    return (parseYaml(readFileSync(file, "utf8"), file) as Content | null) ?? {};
  } catch {
    return {};
  }
}

/**
 * What to add to the environment of a Pulumi process:
 * - PATH: first this project's own Node and `pulumi`, then the engine's directory, where the engine finds its language
 *   host and its helper for dynamic providers;
 * - Node's compile cache, and the module that Node loads first;
 * - the state's location;
 * - without an empty passphrase for a shared state. CI systems pass an unset secret as "", with which Pulumi would encrypt the state of a stack whose file names no key;
 * - for a directory that the user isn't logged in to, a file with a random passphrase that only its owner can read, unless the environment already has a passphrase. Other backends
 *   get none, because a team's state mustn't be encrypted with a passphrase that only one machine has.
 */
export function engineEnvironment({ url, from } = stateBackend(process.cwd())): NodeJS.ProcessEnv {
  const { PATH, NODE_OPTIONS = "", PULUMI_CONFIG_PASSPHRASE, PULUMI_CONFIG_PASSPHRASE_FILE } = process.env;
  const hasPassphrase = PULUMI_CONFIG_PASSPHRASE !== undefined || PULUMI_CONFIG_PASSPHRASE_FILE !== undefined;
  return {
    PATH: [join(nodeModules, ".bin"), engineDirectory, PATH].join(delimiter),
    NODE_COMPILE_CACHE: compileCache,
    NODE_OPTIONS: `${NODE_OPTIONS} ${sdkStart}`.trimStart(),
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_BACKEND_URL: url,
    ...(PULUMI_CONFIG_PASSPHRASE === "" && !url.startsWith("file:")
      ? { PULUMI_CONFIG_PASSPHRASE: undefined }
      : {}),
    ...(hasPassphrase || !url.startsWith("file:") || from === "pulumi login"
      ? {}
      : { PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile("*") }),
  };
}

/** The environment for the stack `local`. Its state is always on this machine, regardless of the user's environment, project and login. */
export function localEnvironment(): NodeJS.ProcessEnv {
  return {
    ...engineEnvironment(machineBackend()),
    PULUMI_CONFIG_PASSPHRASE: undefined,
    PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile("local"),
  };
}

/** @param stack the stack that needs the passphrase, `*` for any. If this machine has its state, a lost passphrase isn't replaced; the engine's error names the file. */
function passphraseFile(stack: string): string {
  const file = join(stateDirectory(), "pulumi-passphrase");
  const states = join(stateDirectory(), "pulumi", ".pulumi", "stacks");
  if (globSync(`*/${stack}.json`, { cwd: states }).length > 0) return file;
  const draft = `${file}.${process.pid}`;
  mkdirSync(stateDirectory(), { recursive: true });
  writeFileSync(draft, randomBytes(32).toString("base64url"), { mode: 0o600 });
  try {
    // Unlike a rename, a link never replaces an existing passphrase, with which stacks are encrypted.
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(draft);
  }
  return file;
}
