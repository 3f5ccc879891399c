/** The pull of a single blob, which stays in progress until the test continues it. */
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { request } from "node:https";
import { artifact, blob, type Digest, mediaTypes } from "../../scripts/seed/content.ts";
import { push } from "../../scripts/seed/push.ts";
import { registryName } from "./chain.ts";

/** Pushes a layer of random bytes, which can't be unpacked. @returns the layer's URL at a cache that hasn't stored it */
export async function pushLayer(
  registry: URL,
  cache: URL,
  { name, layerMB }: { name: string; layerMB: number },
): Promise<{ url: URL; digest: Digest }> {
  const layer = blob(mediaTypes.layer, randomBytes(layerMB * 1e6));
  await push(registry, artifact({ repository: `giantswarm/${name}`, tags: ["1"], layers: [layer] }));
  const path = `/v2/giantswarm/${name}/blobs/${layer.digest}?ns=${registryName}`;
  return { url: new URL(path, cache), digest: layer.digest };
}

export interface Transfer {
  /** Reads the rest, and returns the digest of the whole body. Throws if the connection was broken. */
  finish(): Promise<Digest>;
}

/** Sends a request without reading the answer's body. If the body is larger than all buffers on the way (10 MB), the server can't finish it. nginx waits for a minute. */
export async function openTransfer(
  url: URL,
  options: { readonly ca: string; readonly headers?: OutgoingHttpHeaders },
): Promise<Transfer> {
  const sent = request(url, { agent: false, ca: options.ca, headers: options.headers ?? {} }).end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}`);
  // Keeps an error from being uncaught until somebody reads.
  response.on("error", () => {});
  return {
    async finish() {
      const hash = createHash("sha256");
      for await (const chunk of response as AsyncIterable<Buffer>) hash.update(chunk);
      return `sha256:${hash.digest("hex")}`;
    },
  };
}
