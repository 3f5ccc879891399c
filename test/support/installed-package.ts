/** A program elsewhere that has this project as a package. */
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { stringify } from "yaml";
import { projectDirectory } from "./project.ts";

/** The name of the program's project. */
export const programName = "elsewhere";

/** By plain values, as a program has them that isn't this one. */
const program = `
import { readFile } from "node:fs/promises";
import { createCaches, readConfig } from "registry-cache";

const { configuration, secrets } = JSON.parse(await readFile(new URL("configuration.json", import.meta.url), "utf8"));
const { regions } = await createCaches(readConfig(configuration, secrets));
export const caches = Object.fromEntries(Object.entries(regions).map(([name, { cache }]) => [name, cache]));
`;

/** What a program in TypeScript says of the package's types: compiled, not run. */
const typedProgram = `
import { createCaches, type RegionalCache, readConfig, type StackInput } from "registry-cache";
import { parseConfig, renderPod } from "registry-cache/render";

const stack: StackInput = {
  provider: "local",
  regions: [{ name: "laptop" }],
  upstreams: [{ name: "team", registry: "registry.example.com", repositories: ["team/**"] }],
};
const { regions } = await createCaches(readConfig(stack));
export const caches: RegionalCache[] = Object.values(regions);
export const upstream: string | undefined = parseConfig(stack).upstreams[0]?.url;
export const containers = (...args: Parameters<typeof renderPod>) => renderPod(...args).pod.spec?.containers;
// @ts-expect-error: no such topology
export const wrong: StackInput = { ...stack, regions: [{ name: "laptop", topology: "moon" }] };
`;

/** Packs the project, and unpacks it into a directory's program, with just the packages that it names as its dependencies. */
export async function installPackage(directory: string): Promise<void> {
  const { stdout } = await execa("npm", ["pack", "--silent", "--pack-destination", directory], {
    cwd: projectDirectory,
  });
  const tarball = join(directory, stdout.trim().split("\n").at(-1) ?? "");
  const modules = join(directory, "node_modules");
  const installed = join(modules, "registry-cache");
  await mkdir(installed, { recursive: true });
  await execa("tar", ["-xzf", tarball, "-C", installed, "--strip-components=1"]);
  const { dependencies }: { dependencies: object } = JSON.parse(
    await readFile(join(installed, "package.json"), "utf8"),
  );
  for (const name of [...Object.keys(dependencies), "@types/node"]) {
    await mkdir(dirname(join(modules, name)), { recursive: true });
    await symlink(join(projectDirectory, "node_modules", name), join(modules, name));
  }
  await Promise.all([
    writeFile(join(directory, "package.json"), JSON.stringify({ name: programName, type: "module" })),
    writeFile(join(directory, "index.js"), program),
    writeFile(join(directory, "typed.ts"), typedProgram),
    writeFile(
      join(directory, "Pulumi.yaml"),
      stringify({ name: programName, runtime: { name: "nodejs", options: { typescript: false } } }),
    ),
  ]);
}

/** What the program is to make. */
export async function configureProgram(directory: string, configuration: object, secrets: object = {}) {
  await writeFile(join(directory, "configuration.json"), JSON.stringify({ configuration, secrets }));
}
