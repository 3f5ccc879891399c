/** This project's program in one process for all runs of a stack, as Pulumi's Automation API runs inline programs: https://www.pulumi.com/docs/iac/automation-api/concepts-terminology/ */
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

/**
 * Starts it. It ends with this process, and doesn't keep it from ending.
 * @param environment what it has besides that of this process
 * @param directory where it runs
 * @returns arguments with which the engine asks it, in place of a program that it starts
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
