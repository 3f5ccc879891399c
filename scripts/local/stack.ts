import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parse, stringify } from "yaml";
import type { ClientConfiguration } from "../../components/clients/clients.ts";
import type { Images } from "../../components/config/images.ts";
import { parseConfig } from "../../components/config/parse.ts";
import { ConfigError } from "../../components/config/problems.ts";
import {
  type LocalRegion,
  namespace,
  type StackConfig,
  type Upstream,
} from "../../components/config/schema.ts";
import { parseYaml, readStackFile } from "../../components/config/stack-file.ts";
import { stateDirectory } from "../../components/hosts/local/directories.ts";
import { removeOwned } from "../../components/hosts/local/owned-files.ts";
import { layout } from "../../components/hosts/local/plan.ts";
import { removePod } from "../../components/hosts/local/podman-pod.ts";
import type { CentralMonitoring } from "../../components/monitoring/central.ts";
import { Failure, type Run, step } from "../command/steps.ts";
import { nameOf } from "../engine/changes.ts";
import { engineProgram, localEnvironment } from "../engine/environment.ts";
import type { Resource } from "../engine/state.ts";
import { textOf } from "../oncall/state.ts";

const project = join(import.meta.dirname, "..", "..");
const stackFile = join(project, "stacks", "Pulumi.local.yaml");
/** The stack file in use: the checkout's file, with what this machine needs in addition. */
const effectiveFile = () => join(stateDirectory(), "local", "Pulumi.local.yaml");

/** The stack's outputs: see docs/outputs.md. */
export interface Outputs {
  readonly caches: Readonly<Record<string, { endpoint: string; ca?: { file: string } }>>;
  readonly clients: Readonly<Record<string, ClientConfiguration>>;
  readonly monitoring: Readonly<Record<string, CentralMonitoring>>;
}

export interface Stack {
  readonly file: string;
  readonly config: Extract<StackConfig, { provider: "local" }>;
}

/** The parts of a stack file that are changed here. */
interface StackDocument {
  config?: Record<string, unknown>;
  encryptionsalt?: string;
}

/**
 * Reads the stack `local`, replaces its images and upstreams if asked to, and writes the result outside the checkout.
 * @throws Failure with all problems of the stack file
 */
export async function effectiveStack(
  over: { images?: Images; upstreams?: readonly Upstream[] } = {},
  from = stackFile,
): Promise<Stack> {
  const wayOut = existsSync(from) ? `correct ${from}` : `bring it back: \`git checkout ${from}\``;
  return step("Reading the stack's configuration", wayOut, async () => {
    const [projectText, stackText, earlier] = await Promise.all([
      readFile(join(project, "Pulumi.yaml"), "utf8"),
      readFile(from, "utf8"),
      readFile(effectiveFile(), "utf8").then(parse, () => undefined),
    ]);
    try {
      const document: StackDocument = { ...(parseYaml(stackText, from) as StackDocument | null) };
      for (const [key, value] of Object.entries(over)) {
        document.config = { ...document.config, [`${namespace}:${key}`]: value };
      }
      // Keeps the salt of an earlier run, because the state is encrypted with it.
      document.encryptionsalt ??= earlier?.encryptionsalt;
      const text = stringify(document);
      const config = parseConfig(readStackFile(projectText, text)) as Stack["config"];
      await mkdir(dirname(effectiveFile()), { recursive: true });
      await writeFile(effectiveFile(), text);
      return { file: effectiveFile(), config };
    } catch (error) {
      throw error instanceof ConfigError
        ? new Failure(error.message, `correct ${from}: docs/configuration.md`)
        : error;
    }
  });
}

/** The way out if an earlier run was killed. */
const unlock =
  "if no other run is under way, `npm run --silent pulumi -- cancel --yes --stack local`, and then the same command again";

/** Runs `pulumi up`. It refreshes first, so that a Pod that no longer exists, for example after a reboot, is created again. */
export async function bringUp({ file }: Stack): Promise<Outputs> {
  return step(
    "Bringing up the stack local",
    "correct what the cause names, and run the same command again",
    async (run) => {
      const pulumi = pulumiIn(run);
      if (!(await stackExists(pulumi))) await initialise(pulumi, dirname(file));
      await pulumi("up", "--yes", "--refresh", "--skip-preview", "--suppress-outputs", "--config-file", file);
      return JSON.parse(await pulumi("stack", "output", "--json"));
    },
  );
}

/** Removes the Pod and the stack. With `purge`, also deletes all data in the directories of the state, whatever the configuration says now. */
export async function takeDown({ purge }: { purge: boolean }): Promise<void> {
  // If the stack's file is wrong or missing, uses the last effective one.
  const { config, file } = await effectiveStack().catch((error: Error) =>
    effectiveStack({}, effectiveFile()).catch(() => {
      throw error;
    }),
  );
  const configured = config.regions.map((region: LocalRegion) => ({
    region: region.name,
    directory: layout(region, config.upstreams).directory,
  }));
  const places = await step("Taking down the stack local", "see what `podman pod ps` shows", async (run) => {
    const pulumi = pulumiIn(run);
    const exists = await stackExists(pulumi);
    const inState = exists ? placesIn(await pulumi("stack", "export")) : [];
    if (exists) {
      await pulumi("destroy", "--yes", "--skip-preview", "--suppress-outputs", "--config-file", file).catch(
        (error: Error) => {
          if (!purge || !isUndecipherable(error)) throw error;
        },
      );
      await pulumi("stack", "rm", "--yes", "--force", "--preserve-config");
    }
    // Pods that a killed run began but the state doesn't have, or Pods of a stack that can't be decrypted.
    for (const place of [...inState, ...configured]) {
      if (existsSync(join(place.directory, "pods"))) await removePod(place);
    }
    return inState.length > 0 ? inState : configured;
  });
  const directories = places.map(({ directory }) => directory).filter((directory) => existsSync(directory));
  const data = directories.join(", ");
  if (!purge) {
    const isConfigured = directories.every((it) => configured.some(({ directory }) => directory === it));
    const removal = isConfigured ? "; `npm run local -- down --purge` removes it" : "";
    console.log(`The cache is down.${data && ` Its data is kept in ${data}${removal}.`}`);
    return;
  }
  for (const directory of directories) await removeOwned(directory);
  await rm(effectiveFile(), { force: true });
  console.log(`The cache is down${data && `, and its data in ${data} is gone`}.`);
}

/** The regions of a stack with their data directories. @param exported output of `pulumi stack export` */
export function placesIn(exported: string): { region: string; directory: string }[] {
  const { deployment }: { deployment: { resources?: readonly Resource[] } } = JSON.parse(exported);
  const places = (deployment.resources ?? []).flatMap((resource) => {
    const directory = textOf(resource.inputs, "directory");
    return directory === undefined ? [] : [[directory, { region: nameOf(resource), directory }] as const];
  });
  return [...new Map(places).values()];
}

type Pulumi = (...args: string[]) => Promise<string>;

/** Whether the stack's passphrase is missing or wrong. */
function isUndecipherable({ message }: Error): boolean {
  return /PULUMI_CONFIG_PASSPHRASE_FILE|incorrect passphrase/.test(message);
}

/** Runs Pulumi commands. They throw a Failure with the way out if a killed run left its lock, or the passphrase is lost. */
function pulumiIn(run: Run): Pulumi {
  return async (...args) => {
    const stack = args[1] === "ls" ? [] : ["--stack", "local"];
    const env = localEnvironment();
    try {
      return await run(engineProgram, [...args, ...stack, "--non-interactive"], {
        cwd: project,
        env,
        endsByItself: true,
      });
    } catch (error) {
      const { message } = error as Error;
      if (message.includes("the stack is currently locked")) throw new Failure(message, unlock);
      if (!isUndecipherable(error as Error)) throw error;
      const file = env.PULUMI_CONFIG_PASSPHRASE_FILE;
      throw new Failure(
        message,
        `bring back the stack's passphrase, ${file}, or remove the cache with its data: \`npm run local -- down --purge\``,
      );
    }
  };
}

async function stackExists(pulumi: Pulumi): Promise<boolean> {
  const stacks: { name: string }[] = JSON.parse(await pulumi("stack", "ls", "--json"));
  return stacks.some(({ name }) => name === "local");
}

/** The engine writes the new stack's salt next to the Pulumi.yaml that it uses. So this uses a directory outside the checkout, and the salt goes into the effective file. */
async function initialise(pulumi: Pulumi, directory: string): Promise<void> {
  await writeFile(join(directory, "Pulumi.yaml"), stringify({ name: namespace, runtime: "nodejs" }));
  await pulumi("stack", "init", "--no-select", "--cwd", directory);
}
