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

/** As in start.js, which Pulumi runs only once its SDK is loaded, and never in the process of the dynamic resources: https://nodejs.org/docs/latest-v24.x/api/cli.html#node_compile_cachedir */
const compileCache = process.env.NODE_COMPILE_CACHE || join(nodeModules, ".cache", "compiled");

/** In quotation marks, as its path may have spaces: https://nodejs.org/docs/latest-v24.x/api/cli.html#node_optionsoptions */
const sdkStart = `--require=${JSON.stringify(join(import.meta.dirname, "sdk-start.cjs"))}`;

/** Where Pulumi keeps what it downloads: https://www.pulumi.com/docs/iac/cli/environment-variables/ */
export const pulumiHome = process.env.PULUMI_HOME || join(homedir(), ".pulumi");

/** Where the npm package `pulumi` looks for the engine of its own version before it downloads one. */
const engineDirectory = join(pulumiHome, "versions", goTools.pulumi.version.slice(1), "bin");

/** The engine itself, once {@link ensureEngine} has seen to it; through the npm package it starts a third slower. */
export const engineProgram = join(engineDirectory, "pulumi");

/** The engine last: its presence tells the npm package, and us, that the directory is complete. */
const programs = ["pulumi-language-nodejs", "pulumi-resource-pulumi-nodejs", "pulumi"] as const;

/**
 * Makes `npx pulumi` work: by its own download where that can be reached, otherwise by an engine and a language host
 * built from their Go modules and put where the download would have put them.
 *
 * @throws StepError when there is no engine after all.
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

/** Lets the npm package fetch the engine. Returns whether it did; a failure is no error, as there is another way. */
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

async function install(): Promise<void> {
  const sources: Record<(typeof programs)[number], string> = {
    "pulumi-language-nodejs": await ensureTool("pulumi-language-nodejs"),
    // A script of the SDK that starts dynamic providers.
    "pulumi-resource-pulumi-nodejs": join(nodeModules, "@pulumi", "pulumi", "pulumi-resource-pulumi-nodejs"),
    pulumi: await ensureTool("pulumi"),
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

/** Where Pulumi keeps the state of stacks, and who said so. */
export interface StateBackend {
  /** As `pulumi login` takes it: `s3://…`, `file://…`. */
  readonly url: string;
  readonly from: "PULUMI_BACKEND_URL" | "Pulumi.yaml" | "pulumi login" | "this machine";
}

/**
 * As Pulumi itself looks for it: PULUMI_BACKEND_URL, `backend.url` in Pulumi.yaml, what the user is logged in to. Without any, a directory of the user's.
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

/** A directory of the user's. */
function machineBackend(): StateBackend {
  const directory = join(stateDirectory(), "pulumi");
  mkdirSync(directory, { recursive: true });
  return { url: pathToFileURL(directory).href, from: "this machine" };
}

/** A YAML or JSON file. What can't be read, Pulumi complains of. */
function read<Content extends object>(file: string): Partial<Content> {
  try {
    return (parseYaml(readFileSync(file, "utf8"), file) as Content | null) ?? {};
  } catch {
    return {};
  }
}

/**
 * What to add to the environment of a Pulumi process:
 * - PATH: this project's own Node and `pulumi` first, then the engine's directory, where the engine finds its language
 *   host and its helper for dynamic providers;
 * - where Node keeps what it has compiled, and what it loads first;
 * - where the state is;
 * - where that is a directory that the user isn't logged in to, a random passphrase in a file that only its owner can read, unless the environment has one: what a team
 *   shares isn't encrypted with what one machine has.
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
    ...(hasPassphrase || !url.startsWith("file:") || from === "pulumi login"
      ? {}
      : { PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile("*") }),
  };
}

/** The same for the stack `local`: it is on this machine, whatever the user's environment, project and login say. */
export function localEnvironment(): NodeJS.ProcessEnv {
  return {
    ...engineEnvironment(machineBackend()),
    PULUMI_CONFIG_PASSPHRASE: undefined,
    PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile("local"),
  };
}

/** @param stack as the passphrase is for it, `*` for any. While this machine has its state, a passphrase that is lost isn't made anew: the engine names the file. */
function passphraseFile(stack: string): string {
  const file = join(stateDirectory(), "pulumi-passphrase");
  const states = join(stateDirectory(), "pulumi", ".pulumi", "stacks");
  if (globSync(`*/${stack}.json`, { cwd: states }).length > 0) return file;
  const draft = `${file}.${process.pid}`;
  mkdirSync(stateDirectory(), { recursive: true });
  writeFileSync(draft, randomBytes(32).toString("base64url"), { mode: 0o600 });
  try {
    // A link, unlike a move, never replaces a passphrase that is there: stacks are encrypted with it.
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(draft);
  }
  return file;
}
