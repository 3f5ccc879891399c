/** Long-running programs under test. They are stopped by their pid, and end with the test process. */
import { readFile } from "node:fs/promises";
import type { Duplex } from "node:stream";
import { execa } from "execa";

export interface Process extends AsyncDisposable {
  readonly pid: number;
  /** The other end of the program's file descriptor 3, for reading and writing. Only if it was asked for. */
  readonly line?: Duplex;
  /** Standard output and error so far. */
  log(): Promise<string>;
  running(): boolean;
  /** Sends SIGTERM, after 5 s SIGKILL, and waits until the program ends. */
  stop(): Promise<void>;
  /** Sends SIGKILL, and waits until the program ends. */
  kill(): Promise<void>;
}

/**
 * Starts a program. Throws immediately when it can't be executed, and doesn't wait until it is ready.
 * @param logFile receives standard output and error
 * @param env in addition to this process's own
 * @param line whether it has a {@link Process.line}
 */
export async function startProcess(
  command: string,
  args: readonly string[],
  { logFile, env = {}, line = false }: { logFile: string; env?: Record<string, string>; line?: boolean },
): Promise<Process> {
  const output = { file: logFile };
  const child = execa(command, args, {
    env,
    stdio: ["ignore", output, output, ...(line ? (["pipe"] as const) : [])],
    buffer: false,
    reject: false,
    forceKillAfterDelay: 5000,
  });
  if (child.pid === undefined) throw await child;
  let running = true;
  const ended = child.finally(() => {
    running = false;
  });
  const end = async (signal: "SIGTERM" | "SIGKILL") => {
    child.kill(signal);
    await ended;
  };
  return {
    pid: child.pid,
    // A pair of sockets, like everything that Node.js calls a pipe.
    ...(line && { line: child.stdio[3] as unknown as Duplex }),
    log: () => readFile(logFile, "utf8").catch(() => ""),
    running: () => running,
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
    [Symbol.asyncDispose]: () => end("SIGTERM"),
  };
}
