/** Runs this project's program in a few processes for all stacks of a test file, one run at a time in each, like an inline program of Pulumi's Automation API: https://www.pulumi.com/docs/iac/automation-api/concepts-terminology/ */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

/** The first run in a process takes as much processor time as six later ones. */
const maxPrograms = 2;

interface WarmProgram {
  readonly process: ChildProcess;
  /** Arguments with which the engine uses this process instead of starting the program. */
  readonly args: readonly string[];
}

let started = 0;
const idle: WarmProgram[] = [];
const waiting: ((program: WarmProgram) => void)[] = [];

/**
 * Lends a process to one run.
 * @param environment in addition to this process's own
 * @param directory the working directory, which is the same for all runs
 * @param run gets the engine's arguments
 */
export async function withWarmProgram<Result>(
  environment: NodeJS.ProcessEnv,
  directory: string,
  run: (args: readonly string[]) => Promise<Result>,
): Promise<Result> {
  const program = idle.pop() ?? (await startedOrWaitedFor(environment, directory));
  const { channel } = program.process;
  try {
    // Otherwise, this process ends during the wait if nothing else keeps it alive, as in a hook after all tests.
    channel?.ref();
    program.process.send({ ...process.env, ...environment });
    await once(program.process, "message");
    channel?.unref();
    return await run(program.args);
  } finally {
    const next = waiting.shift();
    if (next) next(program);
    else idle.push(program);
  }
}

async function startedOrWaitedFor(environment: NodeJS.ProcessEnv, directory: string): Promise<WarmProgram> {
  if (started < maxPrograms) {
    started++;
    return await startWarmProgram(environment, directory);
  }
  const { promise, resolve } = Promise.withResolvers<WarmProgram>();
  waiting.push(resolve);
  return promise;
}

/** Starts the process. It ends with this process, and doesn't keep it alive. */
async function startWarmProgram(environment: NodeJS.ProcessEnv, directory: string): Promise<WarmProgram> {
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
  return { process: program, args: [`--client=127.0.0.1:${port}`, "--exec-kind=auto.inline"] };
}
