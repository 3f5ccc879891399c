/** The files in stacks/, all of them: a new one is tested without another word. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { namespace } from "../../components/config/schema.ts";
import { projectDirectory } from "./project.ts";

export type Config = Record<string, unknown>;

/** Paths in the project, each with the provider that the file is for. */
export const stackFiles = globSync("stacks/Pulumi.*.yaml", { cwd: projectDirectory })
  .sort()
  .map((file) => ({ file, provider: String(keysOf(file).provider) }));

/** What a stack file has under {@link namespace}. */
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

/** Whether a stack makes clusters. */
export function hasCluster(file: string): boolean {
  return (keysOf(file).regions as Config[]).some(({ topology }) => topology === "cluster");
}
