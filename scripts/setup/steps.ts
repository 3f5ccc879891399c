import { AsyncLocalStorage } from "node:async_hooks";
import { appendFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ExecaError, execa } from "execa";
import { stateDirectory } from "../../components/hosts/local/directories.ts";

/** Steps shorter than this stay silent, so that a run with nothing to do prints nothing. */
const quietSeconds = 2;
/** How often a running step shows that it lives, on a terminal and in a CI log alike. */
const heartbeatSeconds = 30;
/** How much of a failed program's output is shown; the log has the rest. */
const tailLines = 15;

export interface RunOptions {
  cwd?: string;
  /** Added to this process's environment. */
  env?: NodeJS.ProcessEnv;
  /** After this many seconds the program is ended and the call fails. @default no limit */
  timeoutSeconds?: number;
  /** Whether it ends by itself, and tidies up, after a SIGINT, and is waited for. It gets one at the first SIGINT, SIGTERM or SIGHUP of this process; a second one would make Pulumi give up at once. */
  endsByItself?: boolean;
}

/** Runs a program for a step, its output going to the step's log. Returns its standard output; rejects when it fails. */
export type Run = (file: string, args: readonly string[], options?: RunOptions) => Promise<string>;

/** Thrown inside a step that knows a better way out than the step's general one. */
export class Failure extends Error {
  readonly wayOut: string;

  constructor(cause: string, wayOut: string) {
    super(cause);
    this.wayOut = wayOut;
  }
}

/** The running step, for the steps inside it: only the innermost shows its progress. */
const outer = new AsyncLocalStorage<{ inner: number }>();

/** A failed step, or a mistake of the user's; the message is the full text for the terminal, of a step: step, cause, log, way out. */
export class StepError extends Error {
  override readonly name = "StepError";
}

/**
 * Does one step of the set-up and shows its progress on standard error.
 *
 * @param title what is being done, as a phrase that "failed" can follow: "Building crane v0.22.1".
 * @param wayOut what the reader can do when the step fails.
 * @throws StepError with whatever `work` threw as its cause; a nested step's StepError passes unchanged.
 */
export async function step<T>(title: string, wayOut: string, work: (run: Run) => Promise<T>): Promise<T> {
  const start = performance.now();
  const seconds = () => Math.round((performance.now() - start) / 1000);
  const self = { inner: 0 };
  const show = (text: string) => self.inner === 0 && console.error(text);
  const announce = setTimeout(() => show(`  ${title} …`), quietSeconds * 1000);
  const heartbeat = setInterval(() => show(`  ${title} … ${seconds()} s`), heartbeatSeconds * 1000);
  const parent = outer.getStore();
  if (parent) parent.inner += 1;

  const log = join(stateDirectory(), "logs", `${title.toLowerCase().replace(/[^a-z0-9.]+/g, "-")}.log`);
  let logged = false;
  const run: Run = async (file, args, { timeoutSeconds = 0, endsByItself = false, ...where } = {}) => {
    if (!logged) {
      await mkdir(join(stateDirectory(), "logs"), { recursive: true });
      await writeFile(log, "");
      logged = true;
    }
    await appendFile(log, `$ ${[file, ...args].join(" ")}\n`);
    const child = execa(file, args, {
      stdin: "ignore",
      stdout: ["pipe", { file: log, append: true }],
      stderr: ["pipe", { file: log, append: true }],
      all: true,
      ...where,
      timeout: timeoutSeconds * 1000,
      // In a process group of its own: a terminal sends Ctrl-C to all of the foreground's.
      ...(endsByItself ? { cleanup: false, detached: true } : {}),
    });
    const { stdout } = await (endsByItself ? handOnSignals(child) : child);
    return stdout;
  };

  try {
    const value = await outer.run(self, () => work(run));
    if (seconds() >= quietSeconds) console.error(`✓ ${title} (${seconds()} s)`);
    return value;
  } catch (error) {
    if (error instanceof StepError) throw error;
    const lines = [
      `${title} failed after ${seconds()} s.`,
      indent("cause:   ", causeOf(error)),
      ...(logged ? [indent("log:     ", log)] : []),
      indent("way out: ", error instanceof Failure ? error.wayOut : wayOut),
    ];
    throw new StepError(lines.join("\n"), { cause: error });
  } finally {
    clearTimeout(announce);
    clearInterval(heartbeat);
    if (parent) parent.inner -= 1;
  }
}

/** Sends it a SIGINT at the first signal that asks this process to end, and ignores all others until it has ended. @throws Failure where there was one, however it has ended */
async function handOnSignals<Result>(
  child: Promise<Result> & { kill(signal: NodeJS.Signals): boolean },
): Promise<Result> {
  let interruption: NodeJS.Signals | undefined;
  const interrupt = (signal: NodeJS.Signals) => {
    if (interruption) return;
    interruption = signal;
    console.error(`  ${signal}: waiting until what has begun ends …`);
    child.kill("SIGINT");
  };
  // A terminal that is closed sends SIGHUP.
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, interrupt);
  await Promise.allSettled([child]);
  for (const signal of signals) process.off(signal, interrupt);
  if (!interruption) return child;
  throw new Failure(
    `interrupted by ${interruption}`,
    "the same command goes on where this one has ended; if it finds the stack locked, it says what to do",
  );
}

/**
 * Runs a script made of steps: a failed step is printed without a stack trace, and the process exits with 1. A reader that has enough of its standard
 * output, as `head` has, and a terminal that is closed don't end it: a roll-out goes on, and its exit status is that of the work.
 */
export async function runSteps(work: () => Promise<void>): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE" && error.code !== "EIO") throw error;
    });
  }
  try {
    await work();
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    console.error(`✗ ${error.message}`);
    process.exitCode = 1;
  }
}

function causeOf(error: unknown): string {
  if (!(error instanceof ExecaError)) return error instanceof Error ? error.message : String(error);
  const output = (error.all ?? "").trim().split("\n").slice(-tailLines).join("\n");
  return output === "" ? error.shortMessage : `${error.shortMessage}\n${output}`;
}

function indent(label: string, text: string): string {
  return `  ${label}${text.split("\n").join(`\n  ${" ".repeat(label.length)}`)}`;
}
