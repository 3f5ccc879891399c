import { execa } from "execa";
import { engineProgram } from "./environment.ts";

export interface CommandOptions {
  readonly directory: string;
  /** Added to this process's environment. */
  readonly environment: NodeJS.ProcessEnv;
  /** For the command's standard input. @default empty */
  readonly input?: string;
  /** The engine itself would wait for minutes if the backend doesn't answer. @default no limit */
  readonly timeoutSeconds?: number;
}

/**
 * Runs a command of Pulumi's CLI that shows no progress, such as `stack export`. It asks no questions.
 * @returns its output
 * @throws Error with the command's message, or that no answer came in time
 */
export async function engineCommand(
  args: readonly string[],
  { directory, environment, input = "", timeoutSeconds = 0 }: CommandOptions,
): Promise<string> {
  const { failed, timedOut, stdout, stderr, shortMessage } = await execa(
    engineProgram,
    [...args, "--non-interactive"],
    { cwd: directory, env: environment, input, reject: false, timeout: timeoutSeconds * 1000 },
  );
  if (timedOut) throw new Error(`no answer within ${timeoutSeconds} s`);
  if (failed) throw new Error(stderr.trim() || shortMessage);
  return stdout;
}
