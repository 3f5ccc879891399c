/** Serves a double's answers in the protocol of the cloud's own API. The program sends its requests to the cloud's address: see redirect-fetch.ts. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { lazyCollector } from "../setup/pulumi-home.ts";
import type { Cloud } from "./cloud.ts";
import { CloudError } from "./faults.ts";
import type { ServedApi } from "./served-api.ts";

export async function serveApi(cloud: Cloud): Promise<ServedApi> {
  const { api, serveApi: serveOwn } = cloud.definition;
  if (serveOwn) return serveOwn(cloud);
  if (!api) return { environment: {}, async [Symbol.asyncDispose]() {} };
  const server = createServer(async ({ url: path = "/", headers }, response) => {
    const url = new URL(path, api.origin);
    const { status, body } = await answer(async () => {
      await cloud.guard?.demandRight({ kind: "call", type: url.pathname, inputs: {}, scope: "" });
      return api.answer(cloud, url, headers.authorization);
    });
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    environment: {
      NODE_OPTIONS: `${lazyCollector().NODE_OPTIONS} --import=${new URL("redirect-fetch.ts", import.meta.url)}`,
      REDIRECTED_ORIGIN: api.origin,
      REDIRECTED_TO: `http://127.0.0.1:${port}`,
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** @param ask throws a CloudError for what the cloud refuses */
export async function answer(ask: () => object | Promise<object>): Promise<{ status: number; body: object }> {
  try {
    return { status: 200, body: await ask() };
  } catch (error) {
    if (!(error instanceof CloudError)) throw error;
    const [code = "", ...message] = error.message.split(": ");
    return { status: 403, body: { error: { code, message: message.join(": ") } } };
  }
}
