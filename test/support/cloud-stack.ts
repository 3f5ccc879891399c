/** A stack file of this project under the real engine, with a double in place of the account. */
import { writeFile } from "node:fs/promises";
import { basename, delimiter, join } from "node:path";
import { engineEnvironment } from "../../scripts/engine/environment.ts";
import type { Cloud } from "../doubles/cloud.ts";
import { serve } from "../doubles/serve.ts";
import { serveApi } from "../doubles/serve-api.ts";
import { type EngineRun, newStack, type Operation, type Project, type ProjectOptions } from "./project.ts";
import { tempDir } from "./scope.ts";
import { type Config, keysOf } from "./stack-files.ts";

/** What the engine did or, in a preview, would do. */
export interface CloudRun extends Omit<EngineRun, "changes"> {
  /** Each as `create Instance eu-central-1`, sorted; unchanged resources are left out. */
  readonly changes: readonly string[];
}

export interface CloudStack extends Omit<Project, "configure" | "run">, AsyncDisposable {
  readonly cloud: Cloud;
  /** The regions of its file. */
  readonly regions: readonly Config[];
  /** Writes the stack's file: `keys` over those of the file in stacks/, `region` over each of its regions. This removes its secrets. */
  configure(keys: Config, region?: Config): Promise<void>;
  /** See {@link Project}. */
  run(operation: Operation, args?: readonly string[]): Promise<CloudRun>;
  /** The cloud's operations since the last call, each as `create Instance eu-central-1`. */
  done(): string[];
  /** Groups changes by the stack's regions, in their order, with `…` for a region's name. */
  byRegion(changes: readonly string[]): Record<string, string[]>;
  /** The result of {@link byRegion} if all regions have the same changes. */
  inAllRegions(changes: readonly string[]): Record<string, string[]>;
}

export interface CloudStackOptions extends Pick<ProjectOptions, "environment" | "isWarm"> {
  readonly name?: string;
  readonly others?: readonly Cloud[];
  readonly programs?: readonly string[];
}

/**
 * @param file the path of a stack file, `…/Pulumi.<stack>.yaml`: the first configuration.
 * @param name of the stack. @default as in the file's name
 * @param others doubles of further providers of the cloud
 * @param programs names that the stack's program finds on the PATH, and doesn't run
 */
export async function cloudStack(
  file: string,
  cloud: Cloud,
  { name, others = [], programs = [], environment = {}, ...options }: CloudStackOptions = {},
): Promise<CloudStack> {
  const parts = new AsyncDisposableStack();
  const { path: directory } = parts.use(await tempDir());
  const { path: bin } = parts.use(await tempDir());
  for (const program of programs) await writeFile(join(bin, program), "#!/bin/false\n", { mode: 0o755 });
  const served = await Promise.all([cloud, ...others].map(serve));
  for (const it of served) parts.use(it);
  const api = parts.use(await serveApi(cloud));
  const initial = keysOf(file);
  const regions = initial.regions as Config[];
  const regionNames = regions.map(({ name }) => String(name));
  const project = await newStack({
    stack: name ?? basename(file, ".yaml").slice("Pulumi.".length),
    directory,
    keys: initial,
    ...options,
    environment: {
      ...api.environment,
      ...environment,
      PULUMI_DEBUG_PROVIDERS: served.map(({ address }) => address).join(","),
      PATH: [bin, engineEnvironment().PATH].join(delimiter),
    },
  });
  return {
    ...project,
    cloud,
    regions,
    configure: (keys, region = {}) =>
      project.configure({ ...initial, regions: regions.map((it) => ({ ...it, ...region })), ...keys }),
    async run(operation, args = []) {
      // Enough for all operations that can run at the same time.
      const { changes, ...result } = await project.run(operation, ["--parallel=64", ...args]);
      return { ...result, changes: said(changes) };
    },
    done: () => cloud.operations.splice(0).map(({ kind, type, name }) => `${kind} ${lastPart(type)} ${name}`),
    byRegion: (changes) =>
      Object.fromEntries(
        regionNames.map((region) => [region, changes.flatMap((change) => withoutRegion(change, region))]),
      ),
    inAllRegions: (changes) => Object.fromEntries(regionNames.map((region) => [region, [...changes]])),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

/** Converts the engine's changes to {@link CloudRun.changes}. */
export function said(changes: EngineRun["changes"]): string[] {
  const all = changes.map(({ op, type, urn }) => [op, lastPart(type), lastPart(urn)].join(" "));
  return [...new Set(all)].sort();
}

/** `update Disk westeurope-data` as `update Disk …-data`; nothing if the resource belongs to another region. */
export function withoutRegion(change: string, region: string): string[] {
  const start = change.lastIndexOf(" ") + 1;
  const name = change.slice(start);
  if (name !== region && !name.startsWith(`${region}-`)) return [];
  return [`${change.slice(0, start)}…${name.slice(region.length)}`];
}

/** A type without its package, or the name from a URN. */
export function lastPart(text: string): string {
  return text.split(":").at(-1) ?? "";
}
