import assert from "node:assert/strict";
import { before, describe, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Content } from "../../scripts/seed/content.ts";
import { push } from "../../scripts/seed/push.ts";
import { sampleChart } from "../../scripts/seed/samples.ts";
import { type Chain, registryName, startChain } from "../support/chain.ts";
import { download } from "../support/http.ts";
import { randomImage, randomIndex } from "../support/images.ts";
import { outages } from "../support/outages.ts";
import { scope } from "../support/scope.ts";
import { pushLayer } from "../support/transfer.ts";
import { waitUntil } from "../support/wait.ts";

/** In seconds. It is short, so that each tag expires. */
const freshness = 2;

/** The maximum time of an answer during an outage. The longest wait is the edge's for a silent origin (manifestSilenceSeconds). */
const answerSeconds = 5;

const repositories = ["giantswarm/**", "charts/giantswarm/**"];

/** Sends all requests of a pull by digest and by tag, one after the other. @returns their statuses, and the longest time in ms */
async function pull({ cache }: Pick<Chain, "cache">, content: Content) {
  const ask = async (path: string) => {
    const url = new URL(`/v2/${content.repository}/${path}?ns=${registryName}`, cache.url);
    const { status, digest, totalMs } = await download(url, { ca: cache.ca });
    return { path, status, digest, totalMs };
  };
  const own = [];
  for (const reference of [...content.tags, content.manifest.digest]) {
    own.push({ ...(await ask(`manifests/${reference}`)), expected: content.manifest.digest });
  }
  for (const { digest } of content.blobs) own.push({ ...(await ask(`blobs/${digest}`)), expected: digest });
  const children: typeof own = [];
  for (const child of content.children) children.push(...(await pull({ cache }, child)));
  return [...own, ...children];
}

async function assertServed(t: TestContext, chain: Chain, contents: readonly Content[], when: string) {
  let longest = 0;
  for (const content of contents) {
    for (const { path, status, digest, expected, totalMs } of await pull(chain, content)) {
      assert.equal(status, 200, `${path} ${when}`);
      assert.equal(digest, expected, `${path} ${when}`);
      longest = Math.max(longest, totalMs);
    }
  }
  t.diagnostic(`${when}: the longest request took ${longest.toFixed(0)} ms`);
  assert.ok(longest < answerSeconds * 1000, `${longest} ms ${when}`);
}

describe("content that was pulled before an outage", () => {
  const parts = scope(test);
  let chain: Chain;
  let contents: Content[];

  before(async () => {
    chain = await startChain(parts, { repositories, region: { freshnessSeconds: freshness } });
    contents = [
      await randomIndex({ repository: "giantswarm/platforms", tags: ["1", "latest"], layerMB: 5 }),
      await sampleChart({ registry: registryName, namespace: "giantswarm" }),
      await randomImage({ repository: "giantswarm/layers", tag: "1", layers: 10, layerMB: 1 }),
    ];
    for (const content of contents) {
      await push(chain.registry.url, content);
      for (const { path, status } of await pull(chain, content)) assert.equal(status, 200, path);
    }
  });

  for (const [kind, begin] of Object.entries(outages)) {
    test(`is served with the upstream ${kind}, even after a restart, and the cache recovers`, async (t) => {
      const cold = (name: string) =>
        randomImage({ repository: `giantswarm/${name}`, tag: kind.replace(" ", "-"), layerMB: 1 });
      const uncached = await cold("uncached");
      const later = await cold("later");
      await push(chain.registry.url, uncached);
      {
        await using _outage = await begin(chain.proxy);
        await sleep(freshness * 1000 + 500);
        await assertServed(t, chain, contents, "as it begins");
        await chain.cache.stop();
        await chain.cache.start();
        await assertServed(t, chain, contents, "after a restart");
        for (const { path, status } of await pull(chain, uncached)) {
          // After these, a client immediately asks the next host. After 408 or 429, it would retry here.
          assert.ok([404, 500, 502, 503].includes(status), `${path}: ${status}`);
        }
      }
      await push(chain.registry.url, later);
      const ended = performance.now();
      // The edge repeats a refusal for two seconds.
      for (const image of [later, uncached]) {
        await waitUntil("an uncached image can be pulled", async () =>
          (await pull(chain, image)).every(({ status }) => status === 200),
        );
        const seconds = ((performance.now() - ended) / 1000).toFixed(1);
        t.diagnostic(`${image.repository}: recovered after ${seconds} s`);
      }
    });
  }

  test("is soon available again when the upstream was silent for a moment", async (t) => {
    const image = await randomImage({ repository: "giantswarm/blobs", tag: "1", layers: 2, layerMB: 1 });
    await push(chain.registry.url, image);
    const [first, second] = image.blobs.map(
      ({ digest }) => new URL(`/v2/${image.repository}/blobs/${digest}?ns=${registryName}`, chain.cache.url),
    );
    assert.ok(first && second);
    const { ca } = chain.cache;
    {
      // This is shorter than what the origin treats as an outage. So only the registry waits, and does so forever.
      using _hole = chain.proxy.inject({ kind: "black-hole" });
      chain.proxy.forget();
      const held = download(first, { ca }).catch(() => undefined);
      t.after(() => held);
      await waitUntil("the upstream is asked", () => chain.proxy.requests.length > 0);
      // The request may have been the origin's own check.
      await sleep(1000);
    }
    const start = performance.now();
    await waitUntil("a blob", async () => (await download(second, { ca })).status === 200, 60_000);
    t.diagnostic(`after ${((performance.now() - start) / 1000).toFixed(1)} s`);
  });

  test("keeps a paused transfer when the upstream was silent and answers again", async () => {
    const { cache, proxy, registry } = chain;
    const { url, digest } = await pushLayer(registry.url, cache.url, { name: "pausing", layerMB: 5 });
    const stops = async () => (await cache.logs("origin-gsoci")).split("stopped: ").length;
    const before = await stops();
    // Each pause is shorter than the 10 s after which nginx aborts a transfer.
    using firstPause = proxy.inject({ kind: "hold", bytes: 1e6 }, digest);
    using secondPause = proxy.inject({ kind: "hold", bytes: 2e6 }, digest);
    const transfer = download(url, { ca: cache.ca });
    await waitUntil("it is under way", () => proxy.bytes(digest) > 0);
    {
      // The request with which the origin checks its upstream.
      using _hole = proxy.inject({ kind: "black-hole" }, /^\/v2\/$/);
      await sleep(8000);
      firstPause.remove();
      await sleep(6000);
    }
    await sleep(2500);
    secondPause.remove();
    const { digest: got, bytes } = await transfer;
    assert.equal(got, digest, `${bytes} bytes`);
    assert.ok((await stops()) > before, "the origin took it for an outage");
  });
});

// With a cache of its own, because one that has just had an outage refuses cold objects at once.
describe("an object for which the upstream doesn't answer", () => {
  const parts = scope(test);
  let chain: Chain;

  before(async () => {
    chain = await startChain(parts, { repositories });
  });

  /** The URLs of the manifest and the layer of an image that the cache doesn't have. */
  async function cold(name: string): Promise<{ manifest: URL; layer: URL }> {
    const image = await randomImage({ repository: `giantswarm/${name}`, tag: "1", layerMB: 1 });
    await push(chain.registry.url, image);
    const url = (path: string) =>
      new URL(`/v2/${image.repository}/${path}?ns=${registryName}`, chain.cache.url);
    const layer = image.blobs.find(({ size }) => size > 900_000) ?? assert.fail("no layer");
    return { manifest: url("manifests/1"), layer: url(`blobs/${layer.digest}`) };
  }

  const ask = (url: URL) => download(url, { ca: chain.cache.ca });

  for (const [kind, seconds] of [
    ["manifest", 2.5],
    ["layer", 10],
  ] as const) {
    test(`is no outage for other objects, and all who wait for it wait as long as one would: ${kind}`, async (t) => {
      const slow = (await cold(`slow-${kind}`))[kind];
      const others = [];
      for (let index = 0; index < 3; index++) others.push(await cold(`beside-${kind}-${index}`));
      using _hole = chain.proxy.inject({ kind: "black-hole" }, slow.pathname);
      const waiting = await Promise.all(Array.from({ length: 4 }, () => ask(slow)));
      const longest = Math.max(...waiting.map(({ totalMs }) => totalMs));
      t.diagnostic(`the longest wait took ${longest.toFixed(0)} ms`);
      for (const { status } of waiting) assert.equal(status, 503);
      assert.ok(longest < (seconds + 2) * 1000, `${longest} ms`);
      for (const { manifest, layer } of others)
        for (const url of [manifest, layer]) assert.equal((await ask(url)).status, 200, url.pathname);
      const { status, totalMs } = await ask(slow);
      assert.equal(status, 503);
      assert.ok(totalMs < 1000, `${totalMs} ms`);
    });
  }
});
