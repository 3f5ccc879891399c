/**
 * Ports for the programs under test. Seconds pass between the choice of a port and the moment a program listens on it, and tests in other processes
 * mustn't choose it meanwhile. So each process has its own blocks of ports. They are below the range from which Linux assigns ports (32768 and up).
 */
import { once } from "node:events";
import { createServer, type Server } from "node:net";

const firstPort = 20_000;
const portsPerBlock = 200;
const blockCount = 60;

/** The unused part of this process's block. */
const left = { next: 0, end: 0 };

/** A TCP port that is free on 127.0.0.1. */
export async function freePort(): Promise<number> {
  return freePorts(1);
}

/** The first of `count` consecutive free ports. */
export async function freePorts(count: number): Promise<number> {
  for (;;) {
    if (left.end - left.next < count) await claimBlock();
    const first = left.next;
    // Reserved before the wait, because others may call this function meanwhile.
    left.next += count;
    if (first + count > left.end) continue;
    const free = await Promise.all(Array.from({ length: count }, (_, index) => isFree(first + index)));
    if (free.every(Boolean)) return first;
  }
}

/** Claims a block until this process ends. A block belongs to the process that listens on its first port. */
async function claimBlock(): Promise<void> {
  for (;;) {
    const first = firstPort + portsPerBlock * Math.floor(Math.random() * blockCount);
    const claim = await listen(first);
    if (claim === undefined) continue;
    claim.unref();
    Object.assign(left, { next: first + 1, end: first + portsPerBlock });
    return;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = await listen(port);
  if (server === undefined) return false;
  server.close();
  await once(server, "close");
  return true;
}

/** @returns undefined when the port is in use. */
async function listen(port: number): Promise<Server | undefined> {
  const server = createServer();
  try {
    await once(server.listen(port, "127.0.0.1"), "listening");
    return server;
  } catch {
    return undefined;
  }
}
