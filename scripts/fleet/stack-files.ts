import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import type { Problem } from "../../components/config/problems.ts";
import { readStackFile } from "../../components/config/stack-file.ts";
import { problemsError } from "../command/problems.ts";
import { StepError } from "../command/steps.ts";
import { shortName } from "./backend.ts";

/** A stack's file. */
export interface StackFile {
  /** Name of the stack: `aws-eu-central-1`. */
  readonly name: string;
  /** Relative to the project: `stacks/Pulumi.aws-eu-central-1.yaml`. */
  readonly path: string;
  readonly text: string;
}

/** The texts of a project's files that could be read. */
export interface ProjectFiles {
  /** Text of Pulumi.yaml. */
  readonly project: string;
  /** Sorted by name. */
  readonly stacks: readonly StackFile[];
  /** Names of the stacks whose files can't be read. */
  readonly unread: readonly string[];
  readonly problems: readonly Problem[];
}

export const projectFile = "Pulumi.yaml";
/** The same as `stackConfigDir` in Pulumi.yaml. */
const stackDirectory = "stacks";

/**
 * Reads the files of a project directory.
 * @param wanted the stacks to read. All, if empty.
 */
export async function readStackFiles(directory: string, wanted: readonly string[]): Promise<ProjectFiles> {
  let project: string;
  let all: Unread[];
  try {
    project = await readFile(join(directory, projectFile), "utf8");
    all = stacksAmong(await readdir(join(directory, stackDirectory)));
  } catch (error) {
    return {
      project: "",
      stacks: [],
      unread: wanted,
      problems: [{ path: directory, message: unreadable(error) }],
    };
  }
  const files = among(wanted, all);
  const unknown = wanted.filter((name) => !files.some((file) => file.name === name));
  const stacks: StackFile[] = [];
  const unread = [...unknown];
  const problems = unknown.map((name): Problem => {
    const known = all.map((file) => file.name).join(", ");
    return { path: pathOf(name), message: `there is no such file; the stacks are ${known}` };
  });
  for (const file of files) {
    try {
      stacks.push({ ...file, text: await readFile(join(directory, file.path), "utf8") });
    } catch (error) {
      unread.push(file.name);
      problems.push({ path: file.path, message: unreadable(error) });
    }
  }
  return { project, stacks, unread, problems };
}

/**
 * Call it before anything that takes long.
 * @throws StepError if the stack has no file. The message lists the existing stacks.
 */
export async function demandStackFile(directory: string, stack: string): Promise<ProjectFiles> {
  const files = await readStackFiles(directory, [stack]);
  const [problem] = files.problems;
  if (problem) throw new StepError(`${problem.path}: ${problem.message}`);
  return files;
}

/** The same for commands that don't support the provider `local`. @throws StepError also if the stack uses it */
export async function demandRemoteStack(directory: string, stack: string): Promise<void> {
  const { project, stacks } = await demandStackFile(directory, stack);
  if (stacks.some(({ text }) => providerOf(project, text) === "local"))
    throw new StepError(
      `${pathOf(stack)}: provider: the stack is on this machine, and this command is for a cloud or a cluster`,
    );
}

/**
 * The names of the project's stacks, sorted by file name.
 * @param wanted the stacks to return, with or without an organization, which is kept: `acme/aws-eu-central-1`. If empty, all except for those of the provider `local`, which are for a user's own machine
 * @throws StepError if a stack has no file
 */
export async function chosenStacks(directory: string, wanted: readonly string[]): Promise<string[]> {
  const { project, stacks, problems } = await readStackFiles(directory, wanted.map(shortName));
  if (problems.length > 0) {
    throw problemsError(problems);
  }
  return stacks
    .filter(({ text }) => wanted.length > 0 || providerOf(project, text) !== "local")
    .map(({ name }) => wanted.find((one) => shortName(one) === name) ?? name);
}

/** @param text of a stack's file. If it isn't YAML, the result is undefined, and the engine reports the error. */
export function providerOf(project: string, text: string): unknown {
  try {
    return readStackFile(project, text).provider;
  } catch {
    return undefined;
  }
}

/**
 * Reads the files from a revision of the project directory's git repository.
 * @param revision as git accepts it: `main`, `origin/main`, `HEAD~3`
 * @param wanted as in {@link readStackFiles}, but missing stacks are ignored
 * @throws Error if the revision doesn't exist
 */
export async function readStackFilesAt(
  revision: string,
  directory: string,
  wanted: readonly string[],
): Promise<ProjectFiles> {
  const git = async (args: readonly string[]) => {
    const result = await execa("git", args, {
      cwd: directory,
      // For the messages that are recognized below.
      env: { LC_ALL: "C" },
      stdin: "ignore",
      stripFinalNewline: false,
      reject: false,
    });
    if (result.failed) throw new Error(result.stderr.trim() || result.shortMessage);
    return result.stdout;
  };
  const commit = await git(["rev-parse", "--verify", "--end-of-options", `${revision}^{commit}`]).catch(
    (error: Error) => {
      if (!/Needed a single revision/.test(error.message)) throw error;
      const hint =
        "name a branch, tag or commit that this clone has (`git fetch origin main`, then origin/main)";
      throw new Error(`git knows no revision "${revision}" here: ${hint}\n${error.message}`);
    },
  );
  const listed = await git(["ls-tree", "--name-only", "-z", commit.trim(), `${stackDirectory}/`]);
  const names = listed.split("\0").map((path) => path.slice(stackDirectory.length + 1));
  const files = among(wanted, stacksAmong(names));
  const show = (path: string) => git(["show", `${commit.trim()}:./${path}`]);
  const [project, ...texts] = await Promise.all([projectFile, ...files.map(({ path }) => path)].map(show));
  return {
    project: project ?? "",
    stacks: files.map((file, index) => ({ ...file, text: texts[index] ?? "" })),
    unread: [],
    problems: [],
  };
}

function unreadable(error: unknown): string {
  return `can't be read: ${(error as Error).message}`;
}

type Unread = Omit<StackFile, "text">;

function among(wanted: readonly string[], files: readonly Unread[]): readonly Unread[] {
  return wanted.length === 0 ? files : files.filter(({ name }) => wanted.includes(name));
}

function stacksAmong(fileNames: readonly string[]): Unread[] {
  return fileNames
    .flatMap((fileName) => fileName.match(/^Pulumi\.(.+)\.yaml$/)?.slice(1) ?? [])
    .sort()
    .map((name) => ({ name, path: pathOf(name) }));
}

/** Path of a stack's file, relative to the project. */
export function pathOf(stack: string): string {
  return `${stackDirectory}/Pulumi.${stack}.yaml`;
}
