/** Lets clients on this host reach a machine by its name, in place of DNS. */
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";

export interface NameProxy extends AsyncDisposable {
  /** For HTTPS_PROXY. */
  readonly url: URL;
}

/**
 * An HTTP proxy with only CONNECT. TLS passes through unchanged, so the client checks the certificate against the name.
 * @param ports on 127.0.0.1, by `name:port`. All others are refused, as by a firewall.
 */
export async function startNameProxy(ports: ReadonlyMap<string, number>): Promise<NameProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((_, response) => response.writeHead(405).end());
  server.on("connect", (request, client: Socket, head) => {
    const port = ports.get(request.url ?? "");
    if (port === undefined) {
      client.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
      return;
    }
    const machine = connect(port, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 OK\r\n\r\n");
      machine.write(head);
      machine.pipe(client).pipe(machine);
    });
    for (const [socket, other] of [
      [client, machine],
      [machine, client],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: new URL(`http://127.0.0.1:${port}`),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
