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
import type { Resource } from "../oncall/state.ts";
import { engineProgram, localEnvironment } from "../setup/engine.ts";
import { Failure, type Run, step } from "../setup/steps.ts";

const project = join(import.meta.dirname, "..", "..");
const stackFile = join(project, "stacks", "Pulumi.local.yaml");
/** The stack file as it is used: what is in the checkout, and what this machine needs besides. */
const effectiveFile = () => join(stateDirectory(), "local", "Pulumi.local.yaml");

/** What the program hands over: see docs/outputs.md. */
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
 * The stack `local` with other images and upstreams than its file has, written where it doesn't dirty the checkout.
 * @throws Failure with all problems of the stack file.
 */
export async function effectiveStack(
  over: { images?: Images; upstreams?: readonly Upstream[] } = {},
): Promise<Stack> {
  return step("Reading the stack's configuration", `correct ${stackFile}`, async () => {
    const [projectText, stackText, earlier] = await Promise.all([
      readFile(join(project, "Pulumi.yaml"), "utf8"),
      readFile(stackFile, "utf8"),
      readFile(effectiveFile(), "utf8").then(parse, () => undefined),
    ]);
    try {
      const document: StackDocument = { ...(parseYaml(stackText, stackFile) as StackDocument | null) };
      for (const [key, value] of Object.entries(over)) {
        document.config = { ...document.config, [`${namespace}:${key}`]: value };
      }
      // The salt of an earlier run: what is in the state is encrypted with it.
      document.encryptionsalt ??= earlier?.encryptionsalt;
      const text = stringify(document);
      const config = parseConfig(readStackFile(projectText, text)) as Stack["config"];
      await mkdir(dirname(effectiveFile()), { recursive: true });
      await writeFile(effectiveFile(), text);
      return { file: effectiveFile(), config };
    } catch (error) {
      throw error instanceof ConfigError
        ? new Failure(error.message, `correct ${stackFile}: docs/configuration.md`)
        : error;
    }
  });
}

/** For a run that was ended before its end. */
const unlock =
  "if no other run is under way, `npm run --silent pulumi -- cancel --yes --stack local`, and then the same command again";

/** A real `pulumi up`. It refreshes first, so that a Pod that has gone since, for example by a reboot, comes back. */
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

/** Removes the Pod and the stack; with `purge`, all data too: where the stack has it, whatever the configuration says by now. */
export async function takeDown({ purge }: { purge: boolean }): Promise<void> {
  const { config, file } = await effectiveStack();
  const places = config.regions.map((region: LocalRegion) => ({
    region: region.name,
    directory: layout(region, config.upstreams).directory,
  }));
  const inState = await step("Taking down the stack local", "see what `podman pod ps` shows", async (run) => {
    const pulumi = pulumiIn(run);
    const exists = await stackExists(pulumi);
    const directories = exists ? directoriesIn(await pulumi("stack", "export")) : [];
    if (exists) {
      await pulumi("destroy", "--yes", "--skip-preview", "--suppress-outputs", "--config-file", file);
      await pulumi("stack", "rm", "--yes", "--preserve-config");
    }
    // Of a run that was killed: what it has begun, the state doesn't have.
    const begun = places.filter(({ directory }) => existsSync(join(directory, "pods")));
    for (const place of begun) await removePod(place);
    return directories;
  });
  const configured = places.map(({ directory }) => directory);
  const directories = (inState.length > 0 ? inState : configured).filter((directory) =>
    existsSync(directory),
  );
  const data = directories.join(", ");
  if (!purge) {
    const isConfigured = directories.every((directory) => configured.includes(directory));
    const removal = isConfigured ? "; `npm run local -- down --purge` removes it" : "";
    console.log(`The cache is down.${data && ` Its data is kept in ${data}${removal}.`}`);
    return;
  }
  for (const directory of directories) await removeOwned(directory);
  await rm(effectiveFile(), { force: true });
  console.log(`The cache is down${data && `, and its data in ${data} is gone`}.`);
}

/** Where the regions of a stack have their data. @param exported by `pulumi stack export` */
export function directoriesIn(exported: string): string[] {
  const { deployment }: { deployment: { resources?: readonly Resource[] } } = JSON.parse(exported);
  const directories = deployment.resources?.map(({ inputs }) => inputs?.directory);
  return [...new Set(directories?.filter((directory) => typeof directory === "string"))];
}

type Pulumi = (...args: string[]) => Promise<string>;

/** Whose calls throw a Failure that names the command for the lock of a run that was killed. */
function pulumiIn(run: Run): Pulumi {
  return async (...args) => {
    const stack = args[1] === "ls" ? [] : ["--stack", "local"];
    try {
      return await run(engineProgram, [...args, ...stack, "--non-interactive"], {
        cwd: project,
        env: localEnvironment(),
        endsByItself: true,
      });
    } catch (error) {
      const { message } = error as Error;
      throw message.includes("the stack is currently locked") ? new Failure(message, unlock) : error;
    }
  };
}

async function stackExists(pulumi: Pulumi): Promise<boolean> {
  const stacks: { name: string }[] = JSON.parse(await pulumi("stack", "ls", "--json"));
  return stacks.some(({ name }) => name === "local");
}

/** The engine writes the new stack's salt beside the Pulumi.yaml that it runs from: here into the effective file, not into the checkout. */
async function initialise(pulumi: Pulumi, directory: string): Promise<void> {
  await writeFile(join(directory, "Pulumi.yaml"), stringify({ name: namespace, runtime: "nodejs" }));
  await pulumi("stack", "init", "--no-select", "--cwd", directory);
}
