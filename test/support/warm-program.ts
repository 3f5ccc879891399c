/** Runs this project's program in one process for all runs of a stack, like an inline program of Pulumi's Automation API: https://www.pulumi.com/docs/iac/automation-api/concepts-terminology/ */
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

/**
 * Starts the process. It ends with this process, and doesn't keep it alive.
 * @param environment in addition to this process's own
 * @param directory its working directory
 * @returns arguments with which the engine uses this process instead of starting the program
 */
export async function startWarmProgram(
  environment: NodeJS.ProcessEnv,
  directory: string,
): Promise<readonly string[]> {
  const program = fork(join(import.meta.dirname, "warm-program", "language-host.ts"), {
    cwd: directory,
    env: { ...process.env, ...environment },
    execArgv: [],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const [port] = await Promise.race([
    once(program, "message"),
    once(program, "exit").then(([code]) => {
      throw new Error(`the program ended at its start, with ${code}`);
    }),
  ]);
  program.unref();
  program.channel?.unref();
  return [`--client=127.0.0.1:${port}`, "--exec-kind=auto.inline"];
}
