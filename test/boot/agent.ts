/** Runs commands in a machine as root, through the QEMU guest agent: https://www.qemu.org/docs/master/interop/qemu-ga-ref.html */
import { setTimeout as sleep } from "node:timers/promises";
import type { JsonSocket } from "./json-socket.ts";

export interface Result {
  readonly exitCode: number;
  /** Standard output and error, without the last line break. */
  readonly output: string;
}

interface Status {
  readonly exited: boolean;
  readonly exitcode?: number;
  readonly "out-data"?: string;
  readonly "err-data"?: string;
}

/**
 * Runs a shell command in the machine until it ends.
 * @throws Error when the agent doesn't answer, which is so while the machine boots
 */
export async function runInside(agent: JsonSocket, command: string): Promise<Result> {
  await synchronise(agent);
  const { pid } = await agent.execute<{ pid: number }>("guest-exec", {
    path: "/bin/sh",
    arg: ["-c", command],
    "capture-output": true,
  });
  for (;;) {
    const status = await agent.execute<Status>("guest-exec-status", { pid });
    if (status.exited) {
      const texts = [status["out-data"], status["err-data"]].map((it) =>
        Buffer.from(it ?? "", "base64").toString(),
      );
      return { exitCode: status.exitcode ?? -1, output: texts.join("").trimEnd() };
    }
    await sleep(200);
  }
}

/** Discards answers to earlier clients, which could be mistaken for this client's. */
async function synchronise(agent: JsonSocket): Promise<void> {
  const id = Math.floor(Math.random() * 2 ** 31);
  for (;;) {
    if ((await agent.execute("guest-sync", { id }, 20_000)) === id) return;
  }
}
