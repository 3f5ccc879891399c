/** Line-based JSON protocols, of QEMU's monitor and of the agent in a machine: one command, one answer. */
import { once } from "node:events";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import type { Duplex } from "node:stream";

export interface JsonSocket extends AsyncDisposable {
  /**
   * Sends a command, and returns its answer. One at a time.
   * @param timeoutMs @default 30_000
   * @throws Error with the machine's own message, or when there is no answer in time
   */
  execute<T = unknown>(command: string, args?: object, timeoutMs?: number): Promise<T>;
}

/** A message between answers can be an event of the monitor, or its greeting. */
interface Message {
  readonly return?: unknown;
  readonly error?: { readonly class: string; readonly desc: string };
}

export async function connectJson(path: string): Promise<JsonSocket> {
  const socket = connect(path);
  await once(socket, "connect");
  return jsonSocket(socket);
}

export function jsonSocket(socket: Duplex): JsonSocket {
  const lines = createInterface({ input: socket });
  let answer: ((message: Message) => void) | undefined;
  lines.on("line", (line) => {
    const message = JSON.parse(line) as Message;
    if ("return" in message || "error" in message) answer?.(message);
  });
  // Whoever waits for an answer then reports the timeout.
  socket.on("error", () => socket.destroy());
  return {
    async execute<T>(command: string, args: object = {}, timeoutMs = 30_000) {
      const { promise, resolve } = Promise.withResolvers<Message>();
      answer = resolve;
      socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
      const late = new Promise<Message>((done) => {
        const desc = `no answer within ${timeoutMs / 1000} s`;
        setTimeout(() => done({ error: { class: "Timeout", desc } }), timeoutMs).unref();
      });
      const { error, return: value } = await Promise.race([promise, late]);
      answer = undefined;
      if (error) throw new Error(`${command}: ${error.desc}`);
      return value as T;
    },
    async [Symbol.asyncDispose]() {
      lines.close();
      socket.destroy();
    },
  };
}
