import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import type { Digest } from "../../scripts/seed/content.ts";
import { push } from "../../scripts/seed/push.ts";
import { type Chain, registryName, startChain } from "../support/chain.ts";
import { download, downloads } from "../support/http.ts";
import { randomImage } from "../support/images.ts";
import { scope } from "../support/scope.ts";
import { waitUntil } from "../support/wait.ts";

const parts = scope(test);
let chain: Chain;
before(async () => {
  chain = await startChain(parts);
});

/** Pushes an image with one layer that the cache doesn't have. @returns the layer's URL, digest and size */
async function coldLayer(name: string, layerMB: number): Promise<{ url: URL; digest: Digest; size: number }> {
  const image = await randomImage({ repository: `giantswarm/${name}`, tag: "1", layerMB });
  await push(chain.registry.url, image);
  const layer = image.blobs.find(({ size }) => size > 1e6);
  assert.ok(layer);
  const path = `/v2/giantswarm/${name}/blobs/${layer.digest}?ns=${registryName}`;
  return { url: new URL(path, chain.cache.url), digest: layer.digest, size: layer.size };
}

/** The requests for a blob's bytes that reached the upstream. */
function fills(digest: Digest) {
  return chain.proxy.requests.filter(({ method, path }) => method === "GET" && path.endsWith(digest));
}

describe("many clients and one cold blob", () => {
  test("cost the upstream one transfer, even for 64 at once", async (t) => {
    const { url, digest, size } = await coldLayer("fan-out", 3);
    // The transfer takes longer than all clients need to send their requests.
    using _slow = chain.proxy.inject({ kind: "throttle", bytesPerSecond: 500e3 }, digest);
    const started = performance.now();
    const results = await downloads(64, url, { ca: chain.cache.ca });
    for (const result of results) {
      assert.equal(result.status, 200);
      assert.equal(result.digest, digest);
    }
    assert.deepEqual(
      fills(digest).map(({ bytes, state }) => ({ bytes, state })),
      [{ bytes: size, state: "complete" }],
    );
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    t.diagnostic(`64 × ${size} bytes in ${seconds} s; the upstream sent ${chain.proxy.bytes(digest)} bytes`);
  });

  test("don't end the fill when one of them disconnects", async () => {
    const { url, digest, size } = await coldLayer("leaver", 20);
    using _slow = chain.proxy.inject({ kind: "throttle", bytesPerSecond: 3e6 }, digest);
    const left = await download(url, { ca: chain.cache.ca, leaveAt: 0.1 });
    assert.ok(left.bytes < size / 2, `${left.bytes} bytes`);
    assert.deepEqual(
      fills(digest).map(({ state }) => state),
      ["open"],
    );
    await waitUntil("the fill is complete", () => fills(digest)[0]?.state === "complete");
    const next = await waitUntil("the blob is stored", async () => {
      const result = await download(url, { ca: chain.cache.ca });
      return result.headers["x-cache"] === "HIT" && result;
    });
    assert.equal(next.digest, digest);
    assert.equal(fills(digest).length, 1);
  });

  test("don't wait for a slow one, and neither does the fill", async (t) => {
    const reference = await coldLayer("reference", 20);
    const alone = await downloads(8, reference.url, { ca: chain.cache.ca });
    const { url, digest, size } = await coldLayer("slow-reader", 20);
    let reading = true;
    // This client's request fills the cache. It takes 20 s for its first MB.
    const slow = download(url, { ca: chain.cache.ca, bytesPerSecond: 50e3, leaveAt: 0.05 }).finally(() => {
      reading = false;
    });
    await waitUntil("the fill is under way", () => fills(digest).length > 0);
    const others = await downloads(8, url, { ca: chain.cache.ca });
    assert.ok(reading, "the others are done before the slow one has read 1 MB");
    for (const result of others) assert.equal(result.digest, digest);
    assert.deepEqual(
      fills(digest).map(({ bytes, state }) => ({ bytes, state })),
      [{ bytes: size, state: "complete" }],
    );
    const slowest = (results: { totalMs: number }[]) => Math.max(...results.map(({ totalMs }) => totalMs));
    const figures = `8 × 20 MB: ${slowest(alone).toFixed(0)} ms alone, ${slowest(others).toFixed(0)} ms beside the slow one`;
    t.diagnostic(figures);
    assert.ok(slowest(others) < 3 * slowest(alone) + 3000, figures);
    await slow;
  });
});
