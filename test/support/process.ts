/** Long-running programs under test: started, stopped by their pid, gone when the test process ends. */
import { readFile } from "node:fs/promises";
import type { Duplex } from "node:stream";
import { execa } from "execa";

export interface Process extends AsyncDisposable {
  readonly pid: number;
  /** The other end of its file descriptor 3, which it reads and writes. Only where that was asked for. */
  readonly line?: Duplex;
  /** Standard output and error so far. */
  log(): Promise<string>;
  running(): boolean;
  /** Sends SIGTERM, after 5 s SIGKILL, and waits for the end. */
  stop(): Promise<void>;
  /** Sends SIGKILL and waits for the end. */
  kill(): Promise<void>;
}

/**
 * Starts a program. Throws at once when it can't be executed; that it's ready is the caller's to wait for.
 *
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
    // A pair of sockets, as all that Node.js calls pipes.
    ...(line && { line: child.stdio[3] as unknown as Duplex }),
    log: () => readFile(logFile, "utf8").catch(() => ""),
    running: () => running,
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
    [Symbol.asyncDispose]: () => end("SIGTERM"),
  };
}
