import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface Balancer extends AsyncDisposable {
  /** On 127.0.0.1. */
  readonly port: number;
  /** The replicas' ports on 127.0.0.1. They may change at any time. */
  readonly ports: number[];
}

/** Distributes connections over the replicas in turn, and skips a replica that refuses them, as a cloud's load balancer does once it has noticed. */
export async function startBalancer(): Promise<Balancer> {
  const ports: number[] = [];
  const open = new Set<Socket>();
  let turn = 0;
  const lead = (client: Socket, tries: number) => {
    const port = ports[turn++ % ports.length];
    if (port === undefined || tries === 0) return client.destroy();
    const replica = connect(port, "127.0.0.1");
    const failed = () => lead(client, tries - 1);
    replica.once("error", failed);
    replica.once("connect", () => {
      replica.off("error", failed);
      replica.on("error", () => client.destroy());
      client.on("close", () => replica.destroy());
      replica.on("close", () => client.destroySoon());
      client.pipe(replica).pipe(client);
    });
    return replica;
  };
  const server = createServer((client) => {
    open.add(client);
    client.on("close", () => open.delete(client));
    client.on("error", () => client.destroy());
    lead(client, ports.length);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    port: (server.address() as AddressInfo).port,
    ports,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const client of open) client.destroy();
    },
  };
}
