/** Finds the stacks that a change touches. */
import { existsSync, realpathSync } from "node:fs";
import { isAbsolute, relative, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { execa } from "execa";
import { entriesOf, valueAt } from "../../components/config/as-written.ts";
import { namespace } from "../../components/config/schema.ts";
import { parseYaml, readStackFile } from "../../components/config/stack-file.ts";
import { StepError } from "../command/steps.ts";
import { type ProjectFiles, readStackFiles, readStackFilesAt, type StackFile } from "../fleet/stack-files.ts";

export interface Touched {
  readonly stack: string;
  readonly because: "code" | "new" | "its file" | "Pulumi.yaml" | "prefetch";
}

export interface TouchedStacks {
  /** Sorted by name. */
  readonly stacks: readonly Touched[];
  /** Stacks whose files were removed. Their resources still exist. */
  readonly removed: readonly string[];
  /** Changed files that all stacks depend on. */
  readonly code: readonly string[];
}

/** The code that every stack depends on, in addition to Pulumi.yaml. */
const code = ["components", "policy", "index.ts", "start.js", "package-lock.json"];

/**
 * Compares the project directory, including uncommitted files, with a revision of its git repository. A stack isn't touched if its file has the same
 * meaning as before, or overrides the changed value of Pulumi.yaml.
 * @param revision as git accepts it: `origin/main`
 * @throws Error if git doesn't know the revision
 */
export async function touchedStacks(revision: string, directory: string): Promise<TouchedStacks> {
  const [before, now] = [
    await readStackFilesAt(revision, directory, []),
    await readStackFiles(directory, []),
  ];
  const differing = await changedAmong(code, revision, directory);
  const isSameProject = isDeepStrictEqual(besides(before.project), besides(now.project));
  const changed = isSameProject ? differing : [...differing, "Pulumi.yaml"];
  const root = realpathSync(directory);
  const read = new Map(now.stacks.map((stack) => [stack, prefetchFiles(now.project, stack, root)]));
  // The first parts of the paths, because git reports a submodule or a link in place of the files below it.
  const firsts = [...read.values()].flat().map((path) => path.split("/", 1).join());
  const lists = await changedAmong(firsts, revision, directory);
  const touched = now.stacks.flatMap((stack): Touched[] => {
    const isListChanged = read
      .get(stack)
      ?.some((file) => lists.some((path) => `${file}/`.startsWith(`${path}/`)));
    const because =
      changed.length > 0 ? "code" : (difference(stack, before, now) ?? (isListChanged && "prefetch"));
    return because ? [{ stack: stack.name, because }] : [];
  });
  const removed = before.stacks
    .map(({ name }) => name)
    .filter((name) => !now.stacks.some((it) => it.name === name));
  return { stacks: touched, removed, code: changed };
}

/**
 * The common ancestor of this branch and a revision. Later changes on the other branch aren't changes of this branch.
 * @returns the commit, or the revision itself if git doesn't know it or there is no ancestor
 * @throws StepError if the clone is shallow and lacks the ancestor
 */
export async function mergeBase(revision: string, directory: string): Promise<string> {
  const args = ["merge-base", "--end-of-options", revision, "HEAD"];
  const { exitCode, stdout } = await execa("git", args, { cwd: directory, reject: false });
  if (exitCode === 0) return stdout.trim();
  // No common ancestor. With other codes, git failed, for example because it doesn't know the revision.
  if (exitCode === 1) {
    const shallow = await execa("git", ["rev-parse", "--is-shallow-repository"], { cwd: directory });
    if (shallow.stdout.trim() === "true")
      throw new StepError(
        `this clone is shallow and lacks the commit at which this branch left "${revision}": run \`git fetch --unshallow\``,
      );
  }
  return revision;
}

function difference(
  stack: StackFile,
  before: ProjectFiles,
  now: ProjectFiles,
): Touched["because"] | undefined {
  const past = before.stacks.find(({ name }) => name === stack.name);
  if (!past) return "new";
  try {
    const [was, is] = [readStackFile(before.project, past.text), readStackFile(now.project, stack.text)];
    if (isDeepStrictEqual([was, besides(past.text)], [is, besides(stack.text)])) return undefined;
  } catch {
    // The preview reports what isn't YAML.
  }
  return past.text === stack.text ? "Pulumi.yaml" : "its file";
}

/** The parts of a project's or a stack's file outside this project's configuration: the runtime, the secrets provider, Pulumi's settings. */
function besides(yaml: string): unknown {
  try {
    const { config, description, ...rest } = Object(parseYaml(yaml, ""));
    const foreign = Object.entries(Object(config)).filter(
      ([key]) => key.includes(":") && !key.startsWith(`${namespace}:`),
    );
    return [rest, foreign];
  } catch {
    return yaml;
  }
}

/** The files that a stack's `prefetch` reads, relative to the project, each also by its path without links. Files outside the project are left out. */
function prefetchFiles(project: string, { text }: StackFile, directory: string): string[] {
  try {
    const files = entriesOf(valueAt(["prefetch", "files"], readStackFile(project, text)));
    return files
      .flatMap((file) => valueAt(["path"], file) ?? [])
      .map((path) => resolve(directory, String(path)))
      .flatMap((path) => (existsSync(path) ? [path, realpathSync(path)] : [path]))
      .map((path) => relative(directory, path))
      .filter((path) => path !== "" && !path.startsWith("..") && !isAbsolute(path));
  } catch {
    // The preview reports what isn't YAML.
    return [];
  }
}

/** @param paths files and directories, relative to the project */
async function changedAmong(
  paths: readonly string[],
  revision: string,
  directory: string,
): Promise<string[]> {
  if (paths.length === 0) return [];
  const git = async (...args: string[]) => {
    const { stdout } = await execa("git", ["--literal-pathspecs", ...args, "--", ...paths], {
      cwd: directory,
    });
    return stdout.split("\0").filter((path) => path !== "");
  };
  const tracked = await git("diff", "--name-only", "--relative", "-z", "--end-of-options", revision);
  const untracked = await git("ls-files", "--others", "--exclude-standard", "-z");
  return [...tracked, ...untracked].sort();
}
