/** A reverse proxy between a cache and its upstream registry. It counts the cache's requests, and fails when told to. */
import { once } from "node:events";
import {
  createServer,
  request as forward,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from "node:http";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "./ports.ts";

export type Fault =
  /** Waits before it sends the request to the registry, at most until the fault is removed. */
  | { readonly kind: "latency"; readonly ms: number }
  /** Answers without asking the registry. */
  | {
      readonly kind: "status";
      readonly status: number;
      readonly headers?: OutgoingHttpHeaders;
      readonly body?: string;
    }
  /** Accepts the connection and the request, and never answers, not even after the fault is removed. */
  | { readonly kind: "black-hole" }
  /** Announces the whole body, sends its first bytes and closes the connection. */
  | { readonly kind: "truncate"; readonly bytes: number }
  /** Sends a body of the right length whose first byte has one bit flipped. */
  | { readonly kind: "corrupt" }
  /** Limits the rate of each body. */
  | { readonly kind: "throttle"; readonly bytesPerSecond: number }
  /** Sends headers and this many bytes of the body, by default none, and the rest when the fault is removed. */
  | { readonly kind: "hold"; readonly bytes?: number };

export interface Injection extends Disposable {
  remove(): void;
}

/** One request and its answer. `bytes` and `state` change while it is answered. */
export interface Recorded {
  readonly method: string;
  /** The request target byte by byte, neither decoded nor normalised. */
  readonly target: string;
  readonly path: string;
  /** With its question mark; empty without one. */
  readonly query: string;
  /** Body bytes sent to the client. */
  readonly bytes: number;
  /** `aborted`: the client or a fault ended it before the answer was complete. */
  readonly state: "open" | "complete" | "aborted";
  /** Absent until there is an answer. */
  readonly status?: number;
}

export interface FaultProxy extends AsyncDisposable {
  /** Plain HTTP on loopback; the same after `stopListening` and `listen`. */
  readonly url: URL;
  /** All requests since the start or `forget`, oldest first. */
  readonly requests: readonly Recorded[];
  forget(): void;
  /** The number of requests whose path matches. A digest as the pattern counts requests for that blob or manifest. */
  count(pattern: string | RegExp, method?: string): number;
  /** Body bytes sent. @param pattern as for `count`. @default all paths */
  bytes(pattern?: string | RegExp): number;
  /** Adds a fault for the paths that match (default all), and for one method (default all). Several matching faults take effect together. */
  inject(fault: Fault, pattern?: string | RegExp, method?: string): Injection;
  /** Ends all connections and refuses new ones. */
  stopListening(): Promise<void>;
  listen(): Promise<void>;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function matches(path: string, pattern: string | RegExp): boolean {
  return typeof pattern === "string" ? path.includes(pattern) : pattern.test(path);
}

class Injected {
  readonly fault: Fault;
  readonly removed = Promise.withResolvers<void>();
  readonly #pattern: string | RegExp;
  readonly #method: string | undefined;
  constructor(fault: Fault, pattern: string | RegExp, method: string | undefined) {
    this.fault = fault;
    this.#pattern = pattern;
    this.#method = method;
  }
  concerns({ path, method }: Recorded): boolean {
    return matches(path, this.#pattern) && (this.#method ?? method) === method;
  }
}

/** Throttling waits only if it is this far ahead, because a timer for each chunk would cost more than sending it. */
const throttleMs = 20;

/** Yields chunks at a limited rate, in slices of at most 50 ms. */
async function* throttled(body: AsyncIterable<Buffer>, bytesPerSecond: number): AsyncGenerator<Buffer> {
  const slice = Math.max(1, Math.floor(bytesPerSecond / 20));
  // The time at which everything so far may have been sent. Lost time isn't made up for.
  let due = performance.now();
  for await (const chunk of body) {
    for (let at = 0; at < chunk.length; at += slice) {
      const part = chunk.subarray(at, at + slice);
      due = Math.max(due, performance.now()) + (part.length / bytesPerSecond) * 1000;
      const early = due - performance.now();
      if (early > throttleMs) await sleep(early);
      yield part;
    }
  }
}

async function* corrupted(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let first = true;
  for await (const chunk of body) {
    if (first && chunk.length > 0) {
      chunk[0] = (chunk[0] as number) ^ 1;
      first = false;
    }
    yield chunk;
  }
}

async function* held(
  body: AsyncIterable<Buffer>,
  bytes: number,
  released: Promise<void>,
): AsyncGenerator<Buffer> {
  let left = bytes;
  for await (const chunk of body) {
    if (left > 0) yield chunk.subarray(0, left);
    if (chunk.length >= left) await released;
    yield chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
}

async function* truncated(body: AsyncIterable<Buffer>, bytes: number): AsyncGenerator<Buffer> {
  let left = bytes;
  for await (const chunk of body) {
    if (left === 0) return;
    const part = chunk.subarray(0, left);
    left -= part.length;
    yield part;
  }
}

/** Passes a body through and adds its length to the record. */
function counted(record: Mutable<Recorded>) {
  return async function* (body: AsyncIterable<Buffer>) {
    for await (const chunk of body) {
      record.bytes += chunk.length;
      yield chunk;
    }
  };
}

function faulty(body: AsyncIterable<Buffer>, { fault, removed }: Injected): AsyncIterable<Buffer> {
  switch (fault.kind) {
    case "truncate":
      return truncated(body, fault.bytes);
    case "corrupt":
      return corrupted(body);
    case "throttle":
      return throttled(body, fault.bytesPerSecond);
    case "hold":
      return held(body, fault.bytes ?? 0, removed.promise);
    default:
      return body;
  }
}

/** Removes the headers that describe the connection and not the answer. */
function endToEnd(rawHeaders: readonly string[]): string[] {
  const headers: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const [name, value] = rawHeaders.slice(at, at + 2) as [string, string];
    if (!/^(connection|keep-alive)$/i.test(name)) headers.push(name, value);
  }
  return headers;
}

/** Starts a proxy to a registry that speaks plain HTTP. */
export async function startFaultProxy(registry: URL): Promise<FaultProxy> {
  const requests: Mutable<Recorded>[] = [];
  const injections = new Set<Injected>();

  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const target = incoming.url ?? "";
    const [path = "", ...query] = target.split(/(?=[?])/);
    const record: Mutable<Recorded> = {
      method: incoming.method ?? "",
      target,
      path,
      query: query.join(""),
      bytes: 0,
      state: "open",
    };
    requests.push(record);
    const given = new AbortController();
    let announced = 0;
    outgoing.once("close", () => {
      record.state = outgoing.writableFinished && record.bytes >= announced ? "complete" : "aborted";
      given.abort();
    });

    const faults = [...injections].filter((it) => it.concerns(record));
    for (const { fault, removed } of faults) {
      if (fault.kind === "black-hole") return;
      if (fault.kind === "latency")
        await Promise.race([sleep(fault.ms, undefined, { signal: given.signal }), removed.promise]);
      if (fault.kind === "status") {
        record.status = fault.status;
        outgoing.writeHead(fault.status, fault.headers).end(fault.body);
        return;
      }
    }

    const onward = forward(registry, {
      agent: false,
      method: record.method,
      path: target,
      headers: endToEnd(incoming.rawHeaders),
      signal: given.signal,
    });
    incoming.pipe(onward);
    const [response] = (await once(onward, "response")) as [IncomingMessage];
    record.status = response.statusCode ?? 0;
    // The connection ends with a truncated body, once its bytes are sent.
    if (faults.some(({ fault }) => fault.kind === "truncate")) outgoing.shouldKeepAlive = false;
    outgoing.writeHead(record.status, endToEnd(response.rawHeaders));
    outgoing.flushHeaders();
    if (record.method === "HEAD") {
      outgoing.end();
      return;
    }
    announced = Number(response.headers["content-length"] ?? 0);
    let body: AsyncIterable<Buffer> = response;
    for (const injected of faults) body = faulty(body, injected);
    await pipeline(body, counted(record), outgoing);
  };

  const server = createServer((incoming, outgoing) => {
    // An error on either side appears to the client as a broken connection, and in the record's state.
    answer(incoming, outgoing).catch(() => outgoing.destroy());
  });
  // Others mustn't take it while the proxy doesn't listen.
  const port = await freePort();
  const listen = async () => {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  };
  const stopListening = async () => {
    if (!server.listening) return;
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  };
  await listen();

  return {
    url: new URL(`http://127.0.0.1:${port}`),
    requests,
    forget: () => {
      requests.length = 0;
    },
    count: (pattern, method) =>
      requests.filter((it) => matches(it.path, pattern) && (!method || it.method === method)).length,
    bytes: (pattern = "") =>
      requests.filter((it) => matches(it.path, pattern)).reduce((sum, it) => sum + it.bytes, 0),
    inject(fault, pattern = "", method) {
      const injected = new Injected(fault, pattern, method);
      injections.add(injected);
      const remove = () => {
        injections.delete(injected);
        injected.removed.resolve();
      };
      return { remove, [Symbol.dispose]: remove };
    },
    stopListening,
    listen,
    [Symbol.asyncDispose]: stopListening,
  };
}
