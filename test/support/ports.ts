import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";

/** A TCP port that is free on 127.0.0.1 now. */
export async function freePort(): Promise<number> {
  const port = await bound(0);
  if (port === undefined) throw new Error("no free port");
  return port;
}

/** The first of so many consecutive free ports. They are below what Linux gives out by itself (32768 and up). */
export async function freePorts(count: number): Promise<number> {
  for (;;) {
    const first = 20_000 + Math.floor(Math.random() * (12_000 - count));
    const ports = await Promise.all(Array.from({ length: count }, (_, index) => bound(first + index)));
    if (ports.every((port) => port !== undefined)) return first;
  }
}

/** Binds the port for a moment; undefined when it is in use. */
async function bound(port: number): Promise<number | undefined> {
  const server = createServer();
  try {
    await once(server.listen(port, "127.0.0.1"), "listening");
  } catch {
    return undefined;
  }
  const { port: given } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return given;
}
