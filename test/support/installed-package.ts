/** A program outside of this project that uses the project as a package. */
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { stringify } from "yaml";
import { projectDirectory } from "./project.ts";

/** The name of the program's project. */
export const programName = "elsewhere";

/** The two programs that docs/package.md shows. The second one is compiled and not run. */
async function programs(): Promise<{ program: string; typed: string }> {
  const docs = await readFile(join(projectDirectory, "docs", "package.md"), "utf8");
  const [program, typed] = [...docs.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, text]) => text);
  if (!program || !typed) throw new Error("docs/package.md has no program");
  return { program, typed: `${typed}\n${wrongProgram}` };
}

const wrongProgram = `
// @ts-expect-error: no such topology
export const wrong: StackInput = { ...stack, regions: [{ name: "laptop", topology: "moon" }] };
`;

const tsconfig = {
  compilerOptions: {
    ...{ module: "nodenext", target: "es2024", types: ["node"], noEmit: true },
    ...{ strict: true, exactOptionalPropertyTypes: true },
  },
  files: ["index.ts", "typed.ts"],
};

/** Packs the project, and unpacks it into a program's directory, with links to exactly those packages that it declares as dependencies, and to `@types/node`. `typescript` is found where they are. */
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
  const { program, typed } = await programs();
  await Promise.all([
    writeFile(join(directory, "package.json"), JSON.stringify({ name: programName, type: "module" })),
    writeFile(join(directory, "index.ts"), program),
    writeFile(join(directory, "tsconfig.json"), JSON.stringify(tsconfig)),
    writeFile(join(directory, "typed.ts"), typed),
    writeFile(join(directory, "Pulumi.yaml"), stringify({ name: programName, runtime: "nodejs" })),
  ]);
}
