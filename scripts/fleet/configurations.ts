import { parseConfig } from "../../components/config/parse.ts";
import { ConfigError, type Problem } from "../../components/config/problems.ts";
import type { StackConfig } from "../../components/config/schema.ts";
import { readStackFile } from "../../components/config/stack-file.ts";
import { problemsError } from "../command/problems.ts";
import { type ProjectFiles, readStackFiles } from "./stack-files.ts";

export interface Configuration {
  readonly stack: string;
  /** Path of the stack's file. */
  readonly path: string;
  readonly config: StackConfig;
}

/** The configuration of one stack. @throws StepError with all problems of its file */
export async function configurationOf(directory: string, stack: string): Promise<Configuration> {
  const { configurations, problems } = configurationsOf(await readStackFiles(directory, [stack]));
  const [configuration] = configurations;
  if (configuration) return configuration;
  throw problemsError(problems);
}

/** The configurations of all valid stack files, and the problems of the others. */
export function configurationsOf(
  { project, stacks, unread, problems }: ProjectFiles,
  merge = readStackFile,
): {
  configurations: Configuration[];
  /** Names of the stacks whose files have problems. */
  unread: string[];
  problems: Problem[];
} {
  const read = stacks.map(({ name, path, text }) => {
    try {
      return { configuration: { stack: name, path, config: parseConfig(merge(project, text)) } };
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      const problems = error.problems.map((one) => ({
        path: `${path}: ${one.path}`,
        message: one.message.trim(),
      }));
      return { unread: name, problems };
    }
  });
  return {
    configurations: read.flatMap(({ configuration }) => configuration ?? []),
    unread: [...unread, ...read.flatMap(({ unread = [] }) => unread)],
    problems: [...problems, ...read.flatMap(({ problems = [] }) => problems)],
  };
}
