/** A program outside of this project that uses the project as a package. */
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { stringify } from "yaml";
import { projectDirectory } from "./project.ts";

/** The name of the program's project. */
export const programName = "elsewhere";

/** The programs that docs/package.md shows. Only the first one is run. */
async function programs() {
  const docs = await readFile(join(projectDirectory, "docs", "package.md"), "utf8");
  const [program, commonJs, typed] = [...docs.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, text]) => text);
  if (!program || !commonJs || !typed) throw new Error("docs/package.md lacks a program");
  return { program, commonJs: `${commonJs}\n${renderer}`, typed: `${typed}\n${otherForms}` };
}

const renderer = `
import { parseConfig } from "registry-cache/render";
parseConfig satisfies object;
`;

const otherForms = `
// @ts-expect-error: no such topology
export const wrong: StackInput = { ...stack, regions: [{ name: "laptop", topology: "moon" }] };
export const constant = {
  version: 2,
  provider: "local",
  regions: [{ name: "laptop" }],
  upstreams: [{ name: "team", registry: "registry.example.com", repositories: ["team/**"] }],
} as const satisfies StackInput;
readConfig(constant);
`;

const tsconfig = {
  compilerOptions: {
    ...{ module: "nodenext", target: "es2024", types: ["node"], noEmit: true },
    ...{ strict: true, exactOptionalPropertyTypes: true },
  },
  files: ["index.ts", "typed.ts"],
};

/** That of Pulumi's templates, https://github.com/pulumi/templates/blob/master/aws-typescript/tsconfig.json, with what docs/package.md adds. */
const commonJsTsconfig = {
  compilerOptions: {
    ...{ strict: true, outDir: "bin", target: "es2020", module: "commonjs", moduleResolution: "node" },
    ...{ sourceMap: true, experimentalDecorators: true, pretty: true, noFallthroughCasesInSwitch: true },
    ...{ noImplicitReturns: true, forceConsistentCasingInFileNames: true },
    ...{ skipLibCheck: true, ignoreDeprecations: "6.0" },
  },
  files: ["index.ts"],
};

/** Packs the project, and unpacks it into a program's directory, with links to exactly those packages that it declares as dependencies, and to `@types/node`. `typescript` is found where they are. The directory `commonjs` has another program. */
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
  const { program, commonJs, typed } = await programs();
  await mkdir(join(directory, "commonjs"));
  await Promise.all([
    writeFile(join(directory, "package.json"), JSON.stringify({ name: programName, type: "module" })),
    writeFile(join(directory, "index.ts"), program),
    writeFile(join(directory, "tsconfig.json"), JSON.stringify(tsconfig)),
    writeFile(join(directory, "typed.ts"), typed),
    writeFile(join(directory, "commonjs", "package.json"), JSON.stringify({ name: programName })),
    writeFile(join(directory, "commonjs", "index.ts"), commonJs),
    writeFile(join(directory, "commonjs", "tsconfig.json"), JSON.stringify(commonJsTsconfig)),
    writeFile(join(directory, "Pulumi.yaml"), stringify({ name: programName, runtime: "nodejs" })),
  ]);
}
