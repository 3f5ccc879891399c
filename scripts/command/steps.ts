import { AsyncLocalStorage } from "node:async_hooks";
import { appendFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isatty } from "node:tty";
import { ExecaError, execa } from "execa";
import { stateDirectory } from "../../components/hosts/local/directories.ts";

/** Shorter steps print nothing, so that a run with nothing to do is silent. */
const quietSeconds = 2;
/** How often a running step prints that it still runs, on a terminal and in a CI log. */
const heartbeatSeconds = 30;
/** How many lines of a failed program's output are printed. The log has all of them. */
const tailLines = 15;

export interface RunOptions {
  cwd?: string;
  /** Added to this process's environment. */
  env?: NodeJS.ProcessEnv;
  /** Stops the program after this many seconds; the call then fails. @default no limit */
  timeoutSeconds?: number;
  /** Whether the program ends and cleans up by itself after a SIGINT, and must be waited for. This process's first SIGINT, SIGTERM or SIGHUP sends it one: see {@link asksToEnd}. A second SIGINT would make Pulumi exit immediately. */
  endsByItself?: boolean;
}

/** Runs a program for a step, and writes its output to the step's log. @returns its standard output. @throws if it fails */
export type Run = (file: string, args: readonly string[], options?: RunOptions) => Promise<string>;

/** Thrown inside a step to give a more specific way out than the step's own. */
export class Failure extends Error {
  readonly wayOut: string;

  constructor(cause: string, wayOut: string) {
    super(cause);
    this.wayOut = wayOut;
  }
}

/** The running step, for the steps inside it: only the innermost step prints its progress. */
const outer = new AsyncLocalStorage<{ inner: number }>();

/** A failed step or a user's mistake. The message is the complete text for the terminal. For a step, it has the step, the cause, the log and the way out. */
export class StepError extends Error {
  override readonly name = "StepError";
}

/**
 * Runs one step and prints its progress on standard error.
 *
 * @param title what the step does, as a phrase that "failed" can follow: "Building crane v0.22.1"
 * @param wayOut what the reader can do if the step fails
 * @throws StepError whose cause is the error of `work`. A StepError of a step inside passes unchanged.
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
      // The program gets its own process group, because a terminal sends Ctrl-C to the whole foreground group.
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

/** Asked at the start, because a closed terminal is none any more. */
const hasTerminal = isatty(0);

/** Whether a signal asks this process to end. A closing terminal sends SIGHUP. With nohup, standard input isn't a terminal, and the work continues. */
export function asksToEnd(signal: NodeJS.Signals): boolean {
  return signal !== "SIGHUP" || hasTerminal;
}

/** Sends the program a SIGINT at the first signal that asks this process to end, and ignores later ones until it has ended. @throws Failure if there was a signal, whatever the program's exit code */
async function handOnSignals<Result>(
  child: Promise<Result> & { kill(signal: NodeJS.Signals): boolean },
): Promise<Result> {
  let interruption: NodeJS.Signals | undefined;
  const interrupt = (signal: NodeJS.Signals) => {
    if (interruption || !asksToEnd(signal)) return;
    interruption = signal;
    console.error(`  ${signal}: waiting until what has begun ends …`);
    child.kill("SIGINT");
  };
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
 * Runs a script that consists of steps. If a step fails, prints its message without a stack trace and exits with 1. The script continues even if the reader of its standard
 * output stops, as `head` does, or the terminal is closed. So a roll-out finishes, and the exit code is that of the work.
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
