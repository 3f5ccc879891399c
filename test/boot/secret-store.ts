/** The cloud's store of secrets, and of what has no room in the user data, as far as a machine sees it: by a name it gets a text, or nothing yet. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface SecretStore extends AsyncDisposable {
  /** By name. A secret that isn't here is one that the machine may not read yet. */
  readonly secrets: Map<string, string>;
  /** Names in the order in which they were asked for, whatever the answer. */
  readonly asked: readonly string[];
  /** The script that a cloud's host would render with its own command line: see `fetchSecret` in vm.ts. */
  readonly fetchSecret: string;
}

/** @param hostAddress at which the machine reaches this host */
export async function startSecretStore(hostAddress: string): Promise<SecretStore> {
  const secrets = new Map<string, string>();
  const asked: string[] = [];
  const server = createServer(({ url = "" }, response) => {
    const name = decodeURIComponent(url.slice(1));
    asked.push(name);
    const secret = secrets.get(name);
    if (secret === undefined) response.writeHead(403).end();
    else response.end(secret);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return {
    secrets,
    asked,
    fetchSecret: `#!/bin/sh\nexec curl -fsS --max-time 20 "http://${hostAddress}:${port}/$1"\n`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
