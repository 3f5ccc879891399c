import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Digest } from "../../scripts/seed/content.ts";
import { push } from "../../scripts/seed/push.ts";
import { type Chain, registryName, startChain } from "../support/chain.ts";
import { download, downloads, get } from "../support/http.ts";
import { randomImage } from "../support/images.ts";
import { scope } from "../support/scope.ts";
import { waitUntil } from "../support/wait.ts";

/** How long the edge remembers a refusal at most. */
const refusedMs = 2000;

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

describe("many clients and an object that the upstream doesn't give", () => {
  const clients = 40;
  const missing = `sha256:${"0".repeat(64)}`;

  /** Many clients ask at once. One after the other, each would cost the upstream a request. */
  async function refusals(t: TestContext, repository: string, object: string) {
    const url = new URL(`/v2/giantswarm/${repository}/${object}`, chain.cache.url);
    const started = performance.now();
    const answers = await Promise.all(Array.from({ length: clients }, () => get(url, chain.cache)));
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const requests = chain.proxy.count(`/${repository}/`);
    const figures = `${clients} clients: ${seconds} s, ${requests} requests to the upstream`;
    t.diagnostic(figures);
    assert.ok(requests < clients / 4, figures);
    return { statuses: new Set(answers.map(({ status }) => status)), body: answers[0]?.body };
  }

  /** The files of a zone of the edge's cache. */
  async function stored(zone: string) {
    const entries = await readdir(join(chain.cache.layout.cache, zone), {
      recursive: true,
      withFileTypes: true,
    });
    return entries.filter((entry) => entry.isFile()).length;
  }

  for (const [index, [object, code]] of (
    [
      ["manifests/none", "MANIFEST_UNKNOWN"],
      [`manifests/${missing}`, "MANIFEST_UNKNOWN"],
      ["tags/list", "NAME_UNKNOWN"],
    ] as const
  ).entries()) {
    test(`are refused together: 404 for ${object}`, async (t) => {
      const before = await Promise.all([stored("manifests"), stored("blobs"), stored("lists")]);
      const { statuses, body } = await refusals(t, `nowhere-${index}`, object);
      assert.deepEqual(statuses, new Set([404]));
      assert.equal(JSON.parse(String(body)).errors[0].code, code);
      const after = await Promise.all([stored("manifests"), stored("blobs"), stored("lists")]);
      assert.deepEqual(after, before, "a refusal takes no space");
    });
  }

  for (const status of [429, 500, 503]) {
    test(`are refused together: ${status} for a blob`, async (t) => {
      const digest = `sha256:${String(status).repeat(22).slice(-64)}`;
      using _failing = chain.proxy.inject({ kind: "status", status }, digest);
      const { statuses } = await refusals(t, `failing-${status}`, `blobs/${digest}`);
      assert.deepEqual(statuses, new Set([503]));
    });
  }

  test("get it from a repository that has it, at once after another had not", async () => {
    const image = await randomImage({ repository: "giantswarm/has-it", tag: "1", layerMB: 1 });
    await push(chain.registry.url, image);
    const layer = image.blobs[0] ?? assert.fail();
    for (const object of [`blobs/${layer.digest}`, `manifests/${image.manifest.digest}`]) {
      const status = async (repository: string) =>
        (await get(new URL(`/v2/giantswarm/${repository}/${object}`, chain.cache.url), chain.cache)).status;
      assert.equal(await status("has-it-not"), 404);
      assert.equal(await status("has-it"), 200);
    }
  });

  test("get it within two seconds after it has appeared", async () => {
    const image = await randomImage({ repository: "giantswarm/late", tag: "1", layerMB: 1 });
    const layer = image.blobs[0] ?? assert.fail();
    const objects = ["manifests/1", `manifests/${image.manifest.digest}`, `blobs/${layer.digest}`];
    const status = async (object: string) =>
      (await get(new URL(`/v2/giantswarm/late/${object}`, chain.cache.url), chain.cache)).status;
    assert.deepEqual(await Promise.all(objects.map(status)), [404, 404, 404]);
    await push(chain.registry.url, image);
    await sleep(refusedMs);
    assert.deepEqual(await Promise.all(objects.map(status)), [200, 200, 200]);
  });
});
