/** A pull of one blob that is under way for as long as a test wants it to be. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { request } from "node:https";
import type { Digest } from "../../scripts/seed/content.ts";
import { push } from "../../scripts/seed/push.ts";
import { registryName } from "./chain.ts";
import { randomImage } from "./images.ts";

/** Pushes an image of one layer, and returns where a cache, which hasn't seen it, has that layer. */
export async function pushLayer(
  registry: URL,
  cache: URL,
  { name, layerMB }: { name: string; layerMB: number },
): Promise<{ url: URL; digest: Digest }> {
  const image = await randomImage({ repository: `giantswarm/${name}`, tag: "1", layerMB });
  await push(registry, image);
  const layer = image.blobs.find(({ mediaType }) => mediaType.includes("layer"));
  if (layer === undefined) throw new Error("an image without layers");
  const path = `/v2/giantswarm/${name}/blobs/${layer.digest}?ns=${registryName}`;
  return { url: new URL(path, cache), digest: layer.digest };
}

export interface Transfer {
  /** Reads the rest and returns the digest of all. Throws when the connection was broken. */
  finish(): Promise<Digest>;
}

/**
 * Sends a request and reads nothing of the answer's body, which the server can't get rid of if it's larger than what lies in buffers on the way
 * (10 MB). nginx waits for a minute.
 */
export async function openTransfer(
  url: URL,
  options: { readonly ca: string; readonly headers?: OutgoingHttpHeaders },
): Promise<Transfer> {
  const sent = request(url, { agent: false, ca: options.ca, headers: options.headers ?? {} }).end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}`);
  // Until somebody reads.
  response.on("error", () => {});
  return {
    async finish() {
      const hash = createHash("sha256");
      for await (const chunk of response as AsyncIterable<Buffer>) hash.update(chunk);
      return `sha256:${hash.digest("hex")}`;
    },
  };
}
