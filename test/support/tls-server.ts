/** A server with its own certificate that answers `/v2/`, in place of a cache. */
import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { execa } from "execa";
import { issue, makeAuthority } from "../../components/hosts/private-ca.ts";
import { tempDir } from "./scope.ts";

export interface TlsServer extends AsyncDisposable {
  /** `https://localhost:<port>` */
  readonly endpoint: string;
  /** PEM of the authority that issued its certificate. */
  readonly ca: string;
}

export interface TlsServerOptions {
  /** The name in the certificate. @default localhost */
  readonly name?: string;
  /** Whole days until the certificate expires; -1 for an expired one. @default a year */
  readonly days?: number;
  /** The port on 127.0.0.1. @default any port of localhost */
  readonly port?: number;
  /** @default 200, as from a cache */
  readonly answer?: (request: IncomingMessage, response: ServerResponse) => void;
}

export async function startTlsServer({
  name = "localhost",
  days,
  port,
  answer = (_, response) => response.end("{}"),
}: TlsServerOptions = {}): Promise<TlsServer> {
  const started = new AsyncDisposableStack();
  const { path } = started.use(await tempDir());
  const authority = await makeAuthority([name], join(path, "ca"));
  const files = { certificateFile: join(path, "tls.crt"), keyFile: join(path, "tls.key") };
  await issue(authority, [name], files);
  if (days !== undefined) {
    const request = join(path, "request");
    await execa`openssl x509 -x509toreq -in ${files.certificateFile} -signkey ${files.keyFile} -copy_extensions copyall
      -out ${request}`;
    await execa`openssl x509 -req -in ${request} -days ${days} -copy_extensions copyall
      -CA ${authority.certificateFile} -CAkey ${authority.keyFile} -out ${files.certificateFile}`;
  }
  const server = createServer(
    { cert: await readFile(files.certificateFile), key: await readFile(files.keyFile) },
    answer,
  );
  await new Promise<void>((resolve) =>
    server.listen(port ?? 0, port === undefined ? "localhost" : "127.0.0.1", resolve),
  );
  started.defer(() => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return {
    endpoint: `https://localhost:${(server.address() as AddressInfo).port}`,
    ca: await readFile(authority.certificateFile, "utf8"),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}
