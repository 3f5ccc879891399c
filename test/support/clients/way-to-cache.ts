/** Network faults between a client and a cache. TLS passes through, so the client sees the cache's own certificate. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";

export interface Way extends AsyncDisposable {
  /** On 127.0.0.1. */
  readonly port: number;
}

/** Closes each connection after this many bytes from the cache. With `once`, it closes all connections when the first has so many, and accepts no other. */
export async function cutWay(cache: URL, { bytes, once: cutOnce = false }: Cut): Promise<Way> {
  return await listening((client, stop) => {
    const server = connect(Number(cache.port), "127.0.0.1");
    let left = bytes;
    server.on("data", (chunk) => {
      client.write(chunk.subarray(0, left));
      left -= chunk.length;
      if (left > 0) return;
      if (cutOnce) stop();
      client.destroySoon();
      server.destroy();
    });
    client.pipe(server);
    client.on("error", () => server.destroy());
    client.on("close", () => server.destroy());
    server.on("error", () => client.destroy());
    server.on("close", () => client.destroySoon());
  });
}

interface Cut {
  readonly bytes: number;
  /** @default false */
  readonly once?: boolean;
}

/** Accepts connections, and never sends anything. */
export async function silentWay(): Promise<Way> {
  return await listening((client) => client.resume());
}

async function listening(answer: (client: Socket, stop: () => void) => void): Promise<Way> {
  const clients = new Set<Socket>();
  const stop = () => {
    if (server.listening) server.close();
    for (const client of clients) client.destroySoon();
  };
  const server = createServer((client) => {
    clients.add(client);
    client.on("close", () => clients.delete(client));
    answer(client, stop);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      stop();
      for (const client of clients) client.destroy();
    },
  };
}

/** A thread that listens, and never accepts a connection. */
const deafListener = `
  const { parentPort } = require("node:worker_threads");
  const server = require("node:net").createServer();
  server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
  });`;

/** Drops packets: the kernel ignores connection attempts once the queue is full of connections that nobody accepts. */
export async function blackHole(): Promise<Way> {
  const worker = new Worker(deafListener, { eval: true });
  const [port] = (await once(worker, "message")) as [number];
  const waiting: Socket[] = [];
  for (let connected = true; connected; ) {
    const socket = connect(port, "127.0.0.1").on("error", () => {});
    waiting.push(socket);
    connected = await Promise.race([once(socket, "connect").then(() => true), sleep(300).then(() => false)]);
  }
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const socket of waiting) socket.destroy();
      await worker.terminate();
    },
  };
}
