/** Finds out which blobs a cache has, without making the cache fetch them: see components/pod/edge/only-cached.ts. */
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import type { AskedCache } from "../fleet/health.ts";

const timeoutSeconds = 30;

/** A digest that doesn't exist. */
export const nothing = `sha256:${"0".repeat(64)}`;

export class OnlyCached {
  readonly #endpoint: string;
  readonly #agent: Agent;
  #understood: Promise<boolean> | undefined;

  constructor({ endpoint, ca }: AskedCache) {
    this.#endpoint = endpoint;
    this.#agent = new Agent({ keepAlive: true, ...(ca && { ca: ca.certificate }) });
  }

  /**
   * Whether the cache supports `only-if-cached`. An older cache would treat it as a client's request, and fetch the blob.
   * @param path of a repository that the cache may serve
   */
  isUnderstood(path: string): Promise<boolean> {
    this.#understood ??= this.#ask(path, nothing).then((status) => status === 504);
    return this.#understood;
  }

  /** @throws Error if the cache gives another answer */
  async hasBlob(path: string, digest: string): Promise<boolean> {
    const status = await this.#ask(path, digest);
    // With a redirect, the blob is in the bucket.
    if (status === 200 || status === 307) return true;
    if (status === 504) return false;
    throw new Error(`answers ${status} to a request for ${digest}`);
  }

  async #ask(path: string, digest: string): Promise<number> {
    const asked = request(new URL(`/v2/${path}/blobs/${digest}`, this.#endpoint), {
      method: "HEAD",
      agent: this.#agent,
      headers: { "cache-control": "only-if-cached" },
      signal: AbortSignal.timeout(timeoutSeconds * 1000),
    });
    const [answer] = (await once(asked.end(), "response")) as [IncomingMessage];
    answer.resume();
    return answer.statusCode ?? 0;
  }
}
