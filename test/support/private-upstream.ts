/** An upstream that requires a name and a password, as registries do: https://distribution.github.io/distribution/spec/auth/token/ */
import { randomBytes } from "node:crypto";
import { type IncomingMessage, request, type ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import type { Credentials } from "../../components/config/credentials.ts";
import { startServer } from "./server.ts";

export interface PrivateUpstream extends AsyncDisposable {
  /** Plain HTTP on loopback. */
  readonly url: URL;
  /** From now on, accepts only these credentials, and no earlier token. */
  rotate(to: Credentials): void;
}

/** A registry in front of `upstream` that issues a token for the credentials, and serves content for the token. */
export async function privateUpstream(upstream: URL, credentials: Credentials): Promise<PrivateUpstream> {
  let { basic, token } = taken(credentials);
  const server = await startServer((incoming, response) => {
    const { authorization, host } = incoming.headers;
    if (incoming.url?.startsWith("/token?")) {
      if (authorization === basic) response.end(JSON.stringify({ token }));
      else response.writeHead(401).end();
    } else if (authorization === `Bearer ${token}`) {
      forward(incoming, response, upstream);
    } else {
      const challenge = `Bearer realm="http://${host}/token",service="test"`;
      response.writeHead(401, { "WWW-Authenticate": challenge }).end();
    }
  });
  return {
    url: new URL(server.url),
    rotate(to) {
      ({ basic, token } = taken(to));
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** The `Authorization` header of these credentials, and a token for them. */
function taken({ username, password }: Credentials) {
  const basic = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  return { basic, token: randomBytes(16).toString("hex") };
}

/** Sends a request on to `upstream`. */
export function forward(
  { url = "", method, headers }: IncomingMessage,
  response: ServerResponse,
  upstream: URL,
): void {
  const { authorization: _, ...rest } = headers;
  const sent = request(new URL(url, upstream), { method, headers: rest }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    pipeline(answer, response).catch(() => response.destroy());
  });
  sent.on("error", () => response.destroy());
  sent.end();
}
