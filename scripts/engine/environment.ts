/** What processes of Pulumi's engine get from this project: the programs, the state's backend, and the environment. */
import { randomBytes } from "node:crypto";
import { globSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import engine from "pulumi/package.json" with { type: "json" };
import { parseYaml } from "../../components/config/stack-file.ts";
import { stateDirectory } from "../../components/hosts/local/directories.ts";

export const nodeModules = join(import.meta.dirname, "..", "..", "node_modules");

/** The same directory as in start.js. Pulumi runs that only after it has loaded its SDK, and never in the process for dynamic resources: https://nodejs.org/docs/latest-v24.x/api/cli.html#node_compile_cachedir */
const compileCache = process.env.NODE_COMPILE_CACHE || join(nodeModules, ".cache", "compiled");

/** In quotation marks, because the path may contain spaces: https://nodejs.org/docs/latest-v24.x/api/cli.html#node_optionsoptions */
const sdkStart = `--require=${JSON.stringify(join(import.meta.dirname, "..", "setup", "sdk-start.cjs"))}`;

/** Directory for Pulumi's downloads: https://www.pulumi.com/docs/iac/cli/environment-variables/ */
export const pulumiHome = process.env.PULUMI_HOME || join(homedir(), ".pulumi");

/** Before the npm package `pulumi` downloads the engine of its version, it looks in this directory. */
export const engineDirectory = join(pulumiHome, "versions", engine.version, "bin");

/** The engine itself, after ensureEngine(). Starting it through the npm package takes a third longer. */
export const engineProgram = join(engineDirectory, "pulumi");

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
