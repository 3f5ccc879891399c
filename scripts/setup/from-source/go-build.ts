import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtempDisposable, readFile, rename, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { execa } from "execa";
import { cacheDirectory } from "../../../components/hosts/local/directories.ts";
import { Failure, type Run, step } from "../steps.ts";

/** A program, and how to build it. */
export interface GoTool {
  /** The module to take the package from, and its exact version. */
  module: string;
  version: string;
  /** The package inside the module, relative to it; "" for the module's root. */
  package: string;
  /** The variable that holds the program's version, set where the program reports it or others depend on it. */
  versionVariable?: string;
  /** The source of a program of our own that uses the package, in place of one that the package is. After a change of it, remove the binary. */
  program?: string;
  /** Build tags. */
  tags?: readonly string[];
  /** Modules to take from `stubs/` instead, by their paths: the folder's name. */
  stubs?: Readonly<Record<string, string>>;
  /** Of modules that the tool's own go.mod names without a usable version: the versions to take. */
  requires?: Readonly<Record<string, string>>;
  /** The version of the modules that the tool's go.mod takes from directories of its repository: they are published, too. */
  staging?: string;
  /** The path by which the module is published, where that isn't its own. */
  published?: string;
  /** Replace the modules that the tool's own go.mod replaces, but for these. */
  replaces?: { readonly except: readonly string[] };
  /** Files of the module that {@link program} embeds, by their paths in it. */
  embeds?: readonly string[];
  /** Files that the published module lacks, by their paths in it. */
  missing?: Readonly<Record<string, string>>;
  /** Passages of the module's files, by their paths in it, and what takes their places. */
  corrections?: Readonly<Record<string, ReadonlyMap<string, string>>>;
}

/**
 * A quarter less processor time for the same programs, and a tenth more memory (2026-11-29, two processors, the largest package of AWS's SDK: 98 and 71 s, 3.4 and 3.7 GB):
 * the compiler collects its garbage later, makes no debugging information, which the linker leaves out anyway, and has one thread for each of the packages that are compiled side by side.
 */
const frugal = { GOGC: "400" };
const gcflags = "all=-dwarf=false -c=1";

/** Under way and done in this process, by their names. */
const builds = new Map<string, Promise<void>>();

/**
 * The path of a tool's binary in the user's cache. Where it isn't there, it is built first, in one build with those of the table of which only the
 * package is another one. Two processes that build the same tool don't disturb each other: each puts the finished binary in place in one move.
 *
 * @throws StepError when Go is missing or too old, or the build fails.
 */
export async function goTool<Name extends string>(
  tools: Readonly<Record<Name, GoTool>>,
  name: Name,
): Promise<string> {
  const { version } = tools[name];
  const binary = (name: string) => join(cacheDirectory(), "bin", `${name}-${version}`);
  if (existsSync(binary(name))) return binary(name);
  const withoutPackage = (tool: GoTool) => ({ ...tool, package: "" });
  const together = Object.entries<GoTool>(tools).filter(([, tool]) =>
    isDeepStrictEqual(withoutPackage(tool), withoutPackage(tools[name])),
  );
  const key = together.map(([name]) => name).join();
  const build = builds.get(key) ?? buildAll(Object.fromEntries(together), binary);
  builds.set(key, build);
  await build;
  return binary(name);
}

/** @param tools of which only the package differs */
async function buildAll(
  tools: Readonly<Record<string, GoTool>>,
  binary: (name: string) => string,
): Promise<void> {
  const names = Object.keys(tools);
  const [first, ...others] = Object.values(tools) as [GoTool, ...GoTool[]];
  await step(
    `Building ${names.join(", ")} ${first.version} from ${others.length > 0 ? "their" : "its"} Go module`,
    "make sure that the Go module proxy can be reached (go env GOPROXY), then run the same command again",
    async (run) => {
      await requireGo();
      await mkdir(join(cacheDirectory(), "bin"), { recursive: true });
      await using directory = await mkdtempDisposable(join(cacheDirectory(), "bin", ".build-"));
      const built = await build([first, ...others], directory.path, run);
      for (const [index, name] of names.entries()) await rename(built[index] as string, binary(name));
    },
  );
}

/**
 * Builds the tools as dependencies of an empty module, not by `go install`, which refuses a module with `replace`
 * directives in its go.mod (https://go.dev/ref/mod#go-install); a dependency's are ignored.
 *
 * @returns the binaries' paths
 */
async function build(tools: readonly [GoTool, ...GoTool[]], directory: string, run: Run): Promise<string[]> {
  const [tool] = tools;
  const paths = tools.map((it) => (it.package === "" ? it.module : `${it.module}/${it.package}`));
  const ldflags = tool.versionVariable ? `-s -w -X ${tool.versionVariable}=${tool.version}` : "-s -w";
  const tags = `-tags=${(tool.tags ?? []).join(",")}`;
  // Static binaries, which run in images without a C library too; a workspace of the user's has no say here.
  const options = { cwd: directory, env: { CGO_ENABLED: "0", GOWORK: "off", ...frugal } };
  const go: Go = (...args) => run("go", args, options);
  await go("mod", "init", "tool");
  for (const [module, stub] of Object.entries(tool.stubs ?? {})) {
    await go("mod", "edit", `-replace=${module}=${join(import.meta.dirname, "stubs", stub)}`);
  }
  if (tool.staging) await go("mod", "edit", ...(await publishedStaging(tool, tool.staging, go)));
  if (tool.published) {
    await go("mod", "edit", `-replace=${tool.module}=${tool.published}@${tool.version}`);
  }
  if (tool.replaces) await go("mod", "edit", ...(await ownReplacements(tool, tool.replaces, go)));
  const required = Object.entries(tool.requires ?? {}).map(([module, version]) => `${module}@${version}`);
  if (tool.published) await go("mod", "edit", `-require=${tool.module}@${tool.version}`);
  else await go("get", tags, ...paths.map((path) => `${path}@${tool.version}`), ...required);
  const moduleDirectory = () => go("list", "-mod=mod", "-m", "-f", "{{.Dir}}", tool.module);
  if (tool.missing || tool.corrections) {
    const copy = join(directory, "module");
    // What is in Go's module cache can't be written to.
    await run("cp", ["-r", "--no-preserve=mode", await moduleDirectory(), copy]);
    for (const [file, content] of Object.entries(tool.missing ?? {})) {
      await mkdir(dirname(join(copy, file)), { recursive: true });
      await writeFile(join(copy, file), content);
    }
    for (const [file, corrections] of Object.entries(tool.corrections ?? {})) {
      let text = await readFile(join(copy, file), "utf8");
      for (const [passage, correct] of corrections) {
        if (!text.includes(passage)) throw new Error(`${tool.module}: ${file} has no ${passage}`);
        text = text.replace(passage, () => correct);
      }
      await writeFile(join(copy, file), text);
    }
    await go("mod", "edit", `-replace=${tool.module}=${copy}`);
  }
  if (tool.program) {
    await copyFile(tool.program, join(directory, "main.go"));
    for (const file of tool.embeds ?? []) {
      await copyFile(join(await moduleDirectory(), file), join(directory, basename(file)));
    }
  }
  const output = (name: string) => join(directory, "built", name);
  const build = ["build", "-mod=mod", "-trimpath", tags, "-gcflags", gcflags, "-ldflags", ldflags, "-o"];
  if (tools.length === 1) {
    await go(...build, output("tool"), ...(tool.program ? ["main.go"] : paths));
    return [output("tool")];
  }
  // Into a directory: by the names of the packages.
  await go(...build, output("/"), ...paths);
  return tools.map((it) => output(basename(it.package)));
}

type Go = (...args: readonly string[]) => Promise<string>;

/** Arguments of `go mod edit`, which take the modules of the tool's `staging/` in their published version. */
async function publishedStaging(tool: GoTool, staging: string, go: Go): Promise<readonly string[]> {
  return (await replacementsOf(tool, go))
    .filter(({ New }) => New.Path.startsWith("./staging/"))
    .map(({ Old: { Path } }) => `-replace=${Path}=${Path}@${staging}`);
}

/** The same, which take what the tool's own go.mod takes in the place of other modules. */
async function ownReplacements(
  tool: GoTool,
  { except }: { readonly except: readonly string[] },
  go: Go,
): Promise<readonly string[]> {
  return (await replacementsOf(tool, go))
    .filter(({ Old }) => !except.includes(Old.Path))
    .map(({ Old, New }) => `-replace=${Old.Path}=${New.Path}@${New.Version}`);
}

async function replacementsOf({ module, published = module, version }: GoTool, go: Go) {
  const { GoMod } = JSON.parse(await go("mod", "download", "-json", `${published}@${version}`)) as {
    GoMod: string;
  };
  const { Replace } = JSON.parse(await go("mod", "edit", "-json", GoMod)) as GoMod;
  return Replace;
}

/** What `go mod edit -json` prints, as far as it is looked at: https://go.dev/ref/mod#go-mod-edit */
interface GoMod {
  readonly Replace: readonly {
    readonly Old: { readonly Path: string };
    readonly New: { readonly Path: string; readonly Version?: string };
  }[];
}

/** @throws Failure when Go is missing or too old. */
export async function requireGo(): Promise<void> {
  const { stdout, failed } = await execa("go", ["env", "GOVERSION"], { reject: false });
  // A module that needs a newer Go than the machine's brings it (https://go.dev/doc/toolchain).
  const [, major, minor] = (failed ? "" : stdout).match(/^go(\d+)\.(\d+)/) ?? [];
  if (Number(major) > 1 || Number(minor) >= 24) return;
  throw new Failure(
    failed ? "Go is not installed" : `Go is too old: ${stdout}`,
    "install Go 1.24 or newer (https://go.dev/doc/install); `npm run local` does without where the engine and the images can be downloaded",
  );
}
