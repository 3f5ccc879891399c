/** Which stacks a change touches. */
import { isDeepStrictEqual } from "node:util";
import { execa } from "execa";
import { namespace } from "../../components/config/schema.ts";
import { parseYaml, readStackFile } from "../../components/config/stack-file.ts";
import { type ProjectFiles, readStackFiles, readStackFilesAt, type StackFile } from "../fleet/stack-files.ts";

export interface Touched {
  readonly stack: string;
  readonly because: "code" | "new" | "its file" | "Pulumi.yaml";
}

export interface TouchedStacks {
  /** By name. */
  readonly stacks: readonly Touched[];
  /** Stacks whose files are gone: what they made is still there. */
  readonly removed: readonly string[];
  /** The files that all stacks are made by, and that differ. */
  readonly code: readonly string[];
}

/** What every stack is made by, besides Pulumi.yaml. */
const code = ["components", "policy", "index.ts", "start.js", "package-lock.json"];

/**
 * Compares the project directory with a revision of the git repository that it is in, uncommitted files included. A file that says the same in other words
 * doesn't touch its stack, nor does a value in Pulumi.yaml that the stack's file overrides.
 * @param revision as git takes it: `origin/main`
 * @throws Error when git doesn't know the revision.
 */
export async function touchedStacks(revision: string, directory: string): Promise<TouchedStacks> {
  const [before, now] = [
    await readStackFilesAt(revision, directory, []),
    await readStackFiles(directory, []),
  ];
  const differing = await changedCode(revision, directory);
  const isSameProject = isDeepStrictEqual(besides(before.project), besides(now.project));
  const changed = isSameProject ? differing : [...differing, "Pulumi.yaml"];
  const touched = now.stacks.flatMap((stack) => {
    const because = changed.length > 0 ? "code" : difference(stack, before, now);
    return because ? [{ stack: stack.name, because }] : [];
  });
  const removed = before.stacks
    .map(({ name }) => name)
    .filter((name) => !now.stacks.some((it) => it.name === name));
  return { stacks: touched, removed, code: changed };
}

/**
 * Where this branch has left that of a revision: what came there since then is no change of this branch.
 * @returns the commit, or the revision as it is where git finds none
 */
export async function mergeBase(revision: string, directory: string): Promise<string> {
  const args = ["merge-base", "--end-of-options", revision, "HEAD"];
  const { failed, stdout } = await execa("git", args, { cwd: directory, reject: false });
  return failed ? revision : stdout.trim();
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
    // What isn't YAML is said by the preview.
  }
  return past.text === stack.text ? "Pulumi.yaml" : "its file";
}

/** What a project's or a stack's file says beside this project's configuration: the runtime, the secrets provider, settings of Pulumi. */
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

async function changedCode(revision: string, directory: string): Promise<string[]> {
  const git = async (...args: string[]) => {
    const { stdout } = await execa("git", [...args, "--", ...code], { cwd: directory });
    return stdout.split("\0").filter((path) => path !== "");
  };
  const tracked = await git("diff", "--name-only", "--relative", "-z", "--end-of-options", revision);
  const untracked = await git("ls-files", "--others", "--exclude-standard", "-z");
  return [...tracked, ...untracked].sort();
}
