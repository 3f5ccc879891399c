/** A project directory with this project's Pulumi.yaml and stack files of the test's choice, for `npm run cost`, `npm run regions` and `npm run render`. */
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { currentDate } from "../../components/cost/date.ts";
import { collect, type Wanted } from "../../scripts/cost/collect.ts";
import type { Review } from "../../scripts/cost/review.ts";
import { projectDirectory } from "./project.ts";
import { tempDir } from "./scope.ts";

export interface CostProject extends AsyncDisposable {
  readonly directory: string;
  /** Writes a stack's file, or removes it if there is no text. */
  setStack(name: string, text?: string): Promise<void>;
  /** Commits all files to a git repository in the directory. */
  commit(): Promise<void>;
  /** Runs `npm run cost -- …`. Doesn't throw when the command fails. */
  cost(...args: string[]): Promise<CostRun>;
  /** What that command's report is made of, without a process for it. */
  review(options?: Partial<Pick<Wanted, "base" | "focus" | "prometheus">>): Promise<Review>;
  /** Runs `npm run regions -- …` in the same way. */
  regions(...args: string[]): Promise<CostRun>;
  /** Runs `npm run render -- …` in the same way. */
  render(...args: string[]): Promise<CostRun>;
}

export interface CostRun {
  readonly exitCode: number;
  readonly stdout: string;
  /** Without progress messages, which appear only on slow machines. */
  readonly stderr: string;
}

/** The texts of this project's stack files, by the names of the stacks. */
export const stackFiles = {
  aws: await stackFile("aws-eu-central-1"),
  eks: await stackFile("aws-us-east-1"),
  azure: await stackFile("azure-westeurope"),
  local: await stackFile("local"),
};

/**
 * Makes a project without stacks.
 * @param environment additional variables for the commands
 */
export async function costProject(environment: NodeJS.ProcessEnv = {}): Promise<CostProject> {
  const { path: directory, [Symbol.asyncDispose]: remove } = await tempDir();
  await cp(join(projectDirectory, "Pulumi.yaml"), join(directory, "Pulumi.yaml"));
  await mkdir(join(directory, "stacks"));
  const run = async (command: string, args: readonly string[]): Promise<CostRun> => {
    const result = await execa("node", [join(projectDirectory, "scripts", `${command}.ts`), ...args], {
      cwd: directory,
      // Otherwise the backend would be the one that this machine's user is logged in to.
      env: { PULUMI_CREDENTIALS_PATH: directory, ...environment },
      preferLocal: true,
      localDir: projectDirectory,
      reject: false,
      stdin: "ignore",
    });
    const stderr = result.stderr.replaceAll(/^ {2}.* …(?:\n|$)/gm, "").trimEnd();
    return { exitCode: result.exitCode ?? -1, stdout: result.stdout, stderr };
  };
  return {
    directory,
    async setStack(name, text) {
      const file = join(directory, "stacks", `Pulumi.${name}.yaml`);
      await (text === undefined ? rm(file) : writeFile(file, text));
    },
    async commit() {
      const git = (...args: string[]) => execa("git", args, { cwd: directory });
      await git("init", "--quiet");
      await git("add", "--all");
      await git("-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "--quiet", "--message=base");
    },
    cost: (...args) => run("cost", args),
    review: (options) =>
      collect({ directory, stacks: [], today: currentDate(), progress: () => {}, focus: [], ...options }),
    regions: (...args) => run("regions", args),
    render: (...args) => run("render", args),
    [Symbol.asyncDispose]: remove,
  };
}

/** Parses the output of `npm run cost -- --format json`. */
export function reviewIn(stdout: string): Review {
  return JSON.parse(stdout);
}

function stackFile(name: string): Promise<string> {
  return readFile(join(projectDirectory, "stacks", `Pulumi.${name}.yaml`), "utf8");
}
