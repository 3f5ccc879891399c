/** A stack file of this project under the real engine, in an account that a double stands in for. */
import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parse } from "yaml";
import { namespace } from "../../components/config/schema.ts";
import type { Cloud } from "../doubles/cloud.ts";
import { serve } from "../doubles/serve.ts";
import { type EngineRun, newStack, type Operation, type Project, projectDirectory } from "./project.ts";
import { tempDir } from "./scope.ts";

type Config = Record<string, unknown>;

/** What the engine says that it did, or in a preview would do. */
export interface CloudRun extends Omit<EngineRun, "changes"> {
  /** Each as `create Instance eu-central-1`, sorted; what stayed the same isn't in it. */
  readonly changes: readonly string[];
}

export interface CloudStack extends Pick<Project, "pulumi" | "setSecret">, AsyncDisposable {
  readonly cloud: Cloud;
  /** As its file has them. */
  readonly regions: readonly Config[];
  /** Writes the stack's file: `keys` over those of the file in stacks/, `region` over each of its regions. Secrets are gone then. */
  configure(keys: Config, region?: Config): Promise<void>;
  /** See {@link Project}. */
  run(operation: Operation, args?: readonly string[]): Promise<CloudRun>;
  /** What the cloud did since the last call, each as `create Instance eu-central-1`. */
  done(): string[];
}

/** The files in stacks/ of a provider. @throws Error when there is none */
export function stackFiles(provider: string): [string, ...string[]] {
  const [first, ...rest] = globSync("stacks/Pulumi.*.yaml", { cwd: projectDirectory }).filter(
    (file) => keysOf(file).provider === provider,
  );
  if (first === undefined) throw new Error(`no file in stacks/ is for ${provider}`);
  return [first, ...rest];
}

/** What a stack file has under {@link namespace}. */
function keysOf(file: string): Config {
  const { config } = parse(readFileSync(join(projectDirectory, file), "utf8"));
  const prefix = `${namespace}:`;
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      key.startsWith(prefix) ? key.slice(prefix.length) : key,
      value,
    ]),
  );
}

/** @param file the path of a stack file, `…/Pulumi.<stack>.yaml`: what the stack begins with. */
export async function cloudStack(file: string, cloud: Cloud): Promise<CloudStack> {
  const parts = new AsyncDisposableStack();
  const { path: directory } = parts.use(await tempDir());
  const { address } = parts.use(await serve(cloud));
  const initial = keysOf(file);
  const regions = initial.regions as Config[];
  const project = await newStack({
    stack: basename(file, ".yaml").slice("Pulumi.".length),
    directory,
    keys: initial,
    environment: { PULUMI_DEBUG_PROVIDERS: address },
  });
  return {
    cloud,
    regions,
    pulumi: project.pulumi,
    setSecret: project.setSecret,
    configure: (keys, region = {}) =>
      project.configure({ ...initial, regions: regions.map((it) => ({ ...it, ...region })), ...keys }),
    async run(operation, args = []) {
      // So that all that can be under way at one time is.
      const { changes, ...result } = await project.run(operation, ["--parallel=64", ...args]);
      const said = changes.map(({ op, type, urn }) => [op, lastPart(type), lastPart(urn)].join(" "));
      return { ...result, changes: [...new Set(said)].sort() };
    },
    done: () => cloud.operations.splice(0).map(({ kind, type, name }) => `${kind} ${lastPart(type)} ${name}`),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

/** A type without its package, a resource's name. */
export function lastPart(text: string): string {
  return text.split(":").at(-1) ?? "";
}
