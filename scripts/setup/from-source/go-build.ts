import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtempDisposable, readFile, rename, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { execa } from "execa";
import { cacheDirectory } from "../../../components/hosts/local/directories.ts";
import { Failure, type Run, step } from "../../command/steps.ts";

/** A program, and how to build it. */
export interface GoTool {
  /** The module that contains the package, and the module's exact version. */
  module: string;
  version: string;
  /** The package's path relative to the module; "" for the module's root. */
  package: string;
  /** The variable that holds the program's version. Set it if the program reports its version or others depend on it. */
  versionVariable?: string;
  /** Source file of a program of this project that uses the package. It is built instead of the package. After a change of the source, remove the binary. */
  program?: string;
  /** Build tags. */
  tags?: readonly string[];
  /** Modules that are replaced by a folder in `stubs/`: the folder's name, by the module's path. */
  stubs?: Readonly<Record<string, string>>;
  /** Versions of modules for which the tool's own go.mod names no usable version. */
  requires?: Readonly<Record<string, string>>;
  /** Take the modules that the tool's go.mod takes from directories of its own repository as they are published: with the tool's version, and 0 as its major version. */
  staging?: true;
  /** The path under which the module is published, if it differs from the module's own path. */
  published?: string;
  /** Apply the `replace` directives of the tool's own go.mod, except for these modules. */
  replaces?: { readonly except: readonly string[] };
  /** Files of the module that {@link program} embeds, by their paths in the module. */
  embeds?: readonly string[];
  /** Files to add to the module because the published module lacks them, by their paths in the module. */
  missing?: Readonly<Record<string, string>>;
  /** Replacements of text in the module's files, by the files' paths in the module. */
  corrections?: Readonly<Record<string, ReadonlyMap<string, string>>>;
  /** A part of the binary's name. Raise it after a change of {@link corrections}, so that the tool is built again. */
  revision?: number;
}

/**
 * The same programs with a quarter less CPU time and a tenth more memory (2026-11-29, two processors, the largest package of AWS's SDK: 98 and 71 s, 3.4 and 3.7 GB):
 * the compiler collects garbage less often, writes no debugging information, which the linker removes anyway, and uses one thread for each package that it compiles in parallel.
 */
const frugal = { GOGC: "400" };
const gcflags = "all=-dwarf=false -c=1";

/** Builds of this process, running and finished, by the tools' names. */
const builds = new Map<string, Promise<void>>();

/**
 * Returns the path of a tool's binary in the user's cache. If the binary is missing, builds it first, together with all tools of the table that differ only in their
 * package. Two processes can build the same tool at the same time: each moves the finished binary into place with one rename.
 *
 * @throws StepError if Go is missing or too old, or the build fails
 */
export async function goTool<Name extends string>(
  tools: Readonly<Record<Name, GoTool>>,
  name: Name,
): Promise<string> {
  const binary = (name: string) => join(cacheDirectory(), "bin", `${name}-${buildOf(tools[name as Name])}`);
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

/** What tells a tool's binaries of several builds apart. */
export function buildOf({ version, revision }: GoTool): string {
  return revision === undefined ? version : `${version}-${revision}`;
}

/** @param tools that differ only in their package */
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
 * Builds the tools as dependencies of an empty module. `go install` would refuse a module with `replace` directives in its
 * go.mod (https://go.dev/ref/mod#go-install), but those of a dependency are ignored.
 *
 * @returns the binaries' paths
 */
async function build(tools: readonly [GoTool, ...GoTool[]], directory: string, run: Run): Promise<string[]> {
  const [tool] = tools;
  const paths = tools.map((it) => (it.package === "" ? it.module : `${it.module}/${it.package}`));
  const ldflags = tool.versionVariable ? `-s -w -X ${tool.versionVariable}=${tool.version}` : "-s -w";
  const tags = `-tags=${(tool.tags ?? []).join(",")}`;
  // Static binaries also run in images without a C library. GOWORK=off ignores the user's Go workspace.
  const options = { cwd: directory, env: { CGO_ENABLED: "0", GOWORK: "off", ...frugal } };
  const go: Go = (...args) => run("go", args, options);
  await go("mod", "init", "tool");
  for (const [module, stub] of Object.entries(tool.stubs ?? {})) {
    await go("mod", "edit", `-replace=${module}=${join(import.meta.dirname, "stubs", stub)}`);
  }
  if (tool.staging) {
    const staged = (await replacementsOf(tool, go)).filter(({ New }) => New.Path.startsWith("./staging/"));
    const published = tool.version.replace(/^v\d+/, "v0");
    await go("mod", "edit", ...staged.map(({ Old: { Path } }) => `-replace=${Path}=${Path}@${published}`));
  }
  if (tool.published) {
    await go("mod", "edit", `-replace=${tool.module}=${tool.published}@${tool.version}`);
  }
  if (tool.replaces) {
    const { except } = tool.replaces;
    const own = (await replacementsOf(tool, go)).filter(({ Old }) => !except.includes(Old.Path));
    await go("mod", "edit", ...own.map(({ Old, New }) => `-replace=${Old.Path}=${New.Path}@${New.Version}`));
  }
  const required = Object.entries(tool.requires ?? {}).map(([module, version]) => `${module}@${version}`);
  if (tool.published) await go("mod", "edit", `-require=${tool.module}@${tool.version}`);
  else await go("get", tags, ...paths.map((path) => `${path}@${tool.version}`), ...required);
  const moduleDirectory = () => go("list", "-mod=mod", "-m", "-f", "{{.Dir}}", tool.module);
  if (tool.missing || tool.corrections) {
    const copy = join(directory, "module");
    // Files in Go's module cache are read-only.
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
  // The output is a directory with binaries that have the packages' names.
  await go(...build, output("/"), ...paths);
  return tools.map((it) => output(basename(it.package)));
}

type Go = (...args: readonly string[]) => Promise<string>;

async function replacementsOf({ module, published = module, version }: GoTool, go: Go) {
  const { GoMod } = JSON.parse(await go("mod", "download", "-json", `${published}@${version}`)) as {
    GoMod: string;
  };
  const { Replace } = JSON.parse(await go("mod", "edit", "-json", GoMod)) as GoMod;
  return Replace;
}

/** The part of the output of `go mod edit -json` that is used here: https://go.dev/ref/mod#go-mod-edit */
interface GoMod {
  readonly Replace: readonly {
    readonly Old: { readonly Path: string };
    readonly New: { readonly Path: string; readonly Version?: string };
  }[];
}

/** @throws Failure if Go is missing or too old */
export async function requireGo(): Promise<void> {
  const { stdout, failed } = await execa("go", ["env", "GOVERSION"], { reject: false });
  // If a module needs a newer Go than the machine has, Go downloads it (https://go.dev/doc/toolchain).
  const [, major, minor] = (failed ? "" : stdout).match(/^go(\d+)\.(\d+)/) ?? [];
  if (Number(major) > 1 || Number(minor) >= 24) return;
  throw new Failure(
    failed ? "Go is not installed" : `Go is too old: ${stdout}`,
    "install Go 1.24 or newer (https://go.dev/doc/install); `npm run local` does without where the engine and the images can be downloaded",
  );
}
