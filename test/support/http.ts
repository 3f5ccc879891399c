/** HTTPS clients for tests that need more than a registry client offers: unusual requests, slow or aborted reading. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { Agent, request } from "node:https";
import { buffer } from "node:stream/consumers";
import { finished } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, createSecureContext, type SecureContext } from "node:tls";
import type { Digest } from "../../scripts/seed/content.ts";

export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

interface RequestOptions {
  /** PEM of the authority that the server's certificate must come from. */
  readonly ca: string;
  /** @default GET */
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  /** An agent that keeps connections open. @default a connection for each request */
  readonly agent?: Agent;
  /** The source address on this machine, any of 127.0.0.0/8. */
  readonly localAddress?: string;
}

/** What an authority's certificate becomes, by its PEM. Made once, because each takes as long as a small request. */
const trusting = new Map<string, { readonly secureContext: SecureContext; readonly agent: Agent }>();

function trust(ca: string) {
  const known = trusting.get(ca);
  if (known) return known;
  const secureContext = createSecureContext({ ca });
  // Without keepAlive, each request has its own connection. Without stored sessions, each has its own whole handshake.
  const made = { secureContext, agent: new Agent({ secureContext, maxCachedSessions: 0 }) };
  trusting.set(ca, made);
  return made;
}

async function respond(url: URL, options: RequestOptions, signal?: AbortSignal): Promise<IncomingMessage> {
  const sent = request(url, {
    agent: options.agent ?? trust(options.ca).agent,
    ca: options.ca,
    method: options.method ?? "GET",
    headers: options.headers ?? {},
    ...(options.localAddress && { localAddress: options.localAddress }),
    ...(signal && { signal }),
  }).end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  return response;
}

/** Sends a request, and reads its whole answer into memory: for manifests and errors. Throws on a connection error. */
export async function get(url: URL, options: RequestOptions): Promise<Answer> {
  const response = await respond(url, options);
  return { status: response.statusCode ?? 0, headers: response.headers, body: await buffer(response) };
}

/** Sends a request, and doesn't read the answer. */
export async function unread(url: URL, options: RequestOptions): Promise<IncomingMessage> {
  return (await respond(url, options)).on("error", () => {});
}

export interface Download {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  /** Number of body bytes that were read. */
  readonly bytes: number;
  /** Digest of these bytes. */
  readonly digest: Digest;
  /** Time from sending the request to the first byte of the body, and to its end. */
  readonly firstByteMs: number;
  readonly totalMs: number;
  /** Whether the body ended at its announced length. */
  readonly complete: boolean;
}

/**
 * Downloads a body, and keeps only its digest. If the body breaks off, the result isn't `complete`. A connection or TLS error before the answer
 * throws.
 * @param bytesPerSecond the maximum rate. @default unlimited
 * @param leaveAt disconnects after this fraction (0 to 1) of the announced length
 */
export async function download(
  url: URL,
  options: RequestOptions & { bytesPerSecond?: number; leaveAt?: number },
): Promise<Download> {
  const start = performance.now();
  const response = await respond(url, options);
  const hash = createHash("sha256");
  const length = Number(response.headers["content-length"]);
  const enough = options.leaveAt === undefined ? Number.POSITIVE_INFINITY : length * options.leaveAt;
  let bytes = 0;
  let firstByteMs = Number.NaN;
  const take = (chunk: Buffer) => {
    if (bytes === 0) firstByteMs = performance.now() - start;
    hash.update(chunk);
    bytes += chunk.length;
  };
  try {
    if (options.bytesPerSecond === undefined && options.leaveAt === undefined) {
      // A promise for each chunk would cost more than reading it.
      response.on("data", take);
      await finished(response);
    } else {
      for await (const chunk of response as AsyncIterable<Buffer>) {
        take(chunk);
        if (bytes >= enough) break;
        if (options.bytesPerSecond) await sleep((chunk.length / options.bytesPerSecond) * 1000);
      }
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ECONNRESET") throw error;
  }
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    bytes,
    digest: `sha256:${hash.digest("hex")}`,
    firstByteMs,
    totalMs: performance.now() - start,
    complete: response.complete && bytes < enough,
  };
}

/** Runs the same download in many clients at once, each on its own connection. */
export function downloads(count: number, ...args: Parameters<typeof download>): Promise<Download[]> {
  return Promise.all(Array.from({ length: count }, () => download(...args)));
}

/**
 * Sends a request byte by byte, which node:https would normalise or refuse, and reads the answer until the server closes the connection.
 * Returns `undefined` if the server closes it without an answer.
 * @param head request line and headers, with CRLF, including the empty line at the end. Add `Connection: close`. Characters are sent as Latin-1, so
 * that any byte can be written
 */
export async function rawRequest(
  url: URL,
  { ca, head }: { ca: string; head: string },
): Promise<Answer | undefined> {
  const [answer] = await rawRequests(url, { ca, heads: [head] });
  return answer;
}

/** Does the same with several requests at once (pipelined). Only the last one has `Connection: close`, and none may be a HEAD. */
export async function rawRequests(
  url: URL,
  { ca, heads }: { ca: string; heads: readonly string[] },
): Promise<Answer[]> {
  const socket = connect({
    host: url.hostname,
    servername: url.hostname,
    port: Number(url.port || 443),
    secureContext: trust(ca).secureContext,
  });
  await once(socket, "secureConnect");
  socket.setTimeout(30_000, () => socket.destroy(new Error("no answer within 30 s")));
  socket.write(heads.join(""), "latin1");
  return parseAnswers(await buffer(socket));
}

/** A request head for `rawRequest` with this target. */
export function rawHead(target: string, { method = "GET", host = "localhost" } = {}): string {
  return `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
}

/** Final answers, without the interim ones (`100 Continue`). */
function parseAnswers(bytes: Buffer): Answer[] {
  const answers: Answer[] = [];
  for (let rest = bytes; ; ) {
    const end = rest.indexOf("\r\n\r\n");
    if (end < 0) return answers;
    const [statusLine = "", ...lines] = rest.subarray(0, end).toString("latin1").split("\r\n");
    const status = Number(statusLine.match(/^HTTP\/1\.1 (\d{3}) /)?.[1]);
    const headers = Object.fromEntries(
      lines.map((line) => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    rest = rest.subarray(end + 4);
    if (status >= 100 && status < 200) continue;
    const chunked = headers["transfer-encoding"] === "chunked" ? unchunked(rest) : undefined;
    const length = chunked?.length ?? Number(headers["content-length"] ?? rest.length);
    answers.push({ status, headers, body: chunked?.body ?? rest.subarray(0, length) });
    rest = rest.subarray(length);
  }
}

/** Decodes a chunked body (RFC 9112, 7.1, without extensions or trailers). @returns the body, and its length in chunked form */
function unchunked(bytes: Buffer): { body: Buffer; length: number } {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf("\r\n", at);
    const size = Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
    if (lineEnd < 0 || !size) return { body: Buffer.concat(parts), length: lineEnd < 0 ? at : lineEnd + 4 };
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}
