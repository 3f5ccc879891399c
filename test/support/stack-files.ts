/** All files in stacks/. Tests over this list include new files automatically. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { namespace } from "../../components/config/schema.ts";
import { projectDirectory } from "./project.ts";

export type Config = Record<string, unknown>;

/** Paths in the project, each with the file's provider. */
export const stackFiles = globSync("stacks/Pulumi.*.yaml", { cwd: projectDirectory })
  .sort()
  .map((file) => ({ file, provider: String(keysOf(file).provider) }));

/** The keys of a stack file under {@link namespace}. */
export function keysOf(file: string): Config {
  const { config } = parse(readFileSync(join(projectDirectory, file), "utf8"));
  const prefix = `${namespace}:`;
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      key.startsWith(prefix) ? key.slice(prefix.length) : key,
      value,
    ]),
  );
}

/** Whether a stack creates clusters. */
export function hasCluster(file: string): boolean {
  return (keysOf(file).regions as Config[]).some(({ topology }) => topology === "cluster");
}
