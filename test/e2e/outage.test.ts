import assert from "node:assert/strict";
import { before, describe, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { renderHostsToml } from "../../components/clients/containerd.ts";
import type { Content } from "../../scripts/seed/content.ts";
import { push } from "../../scripts/seed/push.ts";
import { sampleChart, sampleImage } from "../../scripts/seed/samples.ts";
import { type Chain, registryName, startChain } from "../support/chain.ts";
import { type Containerd, startContainerd } from "../support/clients/containerd.ts";
import { writeHostsDir } from "../support/clients/hosts-dir.ts";
import type { FaultProxy } from "../support/fault-proxy.ts";
import { download } from "../support/http.ts";
import { randomImage } from "../support/images.ts";
import { scope, tempDir } from "../support/scope.ts";
import { waitUntil } from "../support/wait.ts";

/** The ways in which an upstream fails; each lasts until it is disposed of. */
const outages = {
  stopped: async (proxy: FaultProxy): Promise<AsyncDisposable> => {
    await proxy.stopListening();
    return { [Symbol.asyncDispose]: () => proxy.listen() };
  },
  "answering 500": (proxy: FaultProxy) => injected(proxy, { kind: "status", status: 500 }),
  "answering 429": (proxy: FaultProxy) =>
    injected(proxy, { kind: "status", status: 429, headers: { "retry-after": "60" } }),
  "black-holed": (proxy: FaultProxy) => injected(proxy, { kind: "black-hole" }),
};

async function injected(
  proxy: FaultProxy,
  fault: Parameters<FaultProxy["inject"]>[0],
): Promise<AsyncDisposable> {
  const injection = proxy.inject(fault);
  return { [Symbol.asyncDispose]: async () => injection.remove() };
}

/** In seconds: short, so that each tag has to be asked for again. */
const freshness = 2;

/** How long the cache may take to notice that an upstream has become silent: origin.sh, interval + patience × limit. */
const noticeSeconds = 10;

/** Of any request in an outage; the longest is the edge's wait for a silent origin (manifestSilenceSeconds). */
const answerSeconds = 5;

const repositories = ["giantswarm/**", "charts/giantswarm/**"];

/** Every request of a pull, by digest and by tag, in turn: the statuses, and the longest wait in milliseconds. */
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

describe("what was pulled before", () => {
  const parts = scope(test);
  let chain: Chain;
  let contents: Content[];

  before(async () => {
    chain = await startChain(parts, { repositories, region: { freshnessSeconds: freshness } });
    const names = { registry: registryName, namespace: "giantswarm" };
    contents = [
      await sampleImage(names),
      await sampleChart(names),
      await randomImage({ repository: "giantswarm/layers", tag: "1", layers: 10, layerMB: 1 }),
    ];
    for (const content of contents) {
      await push(chain.registry.url, content);
      for (const { path, status } of await pull(chain, content)) assert.equal(status, 200, path);
    }
  });

  for (const [kind, begin] of Object.entries(outages)) {
    test(`is served with the upstream ${kind}, also after a restart, and the cache recovers`, async (t) => {
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
          // What makes a client go to the next host at once; 408 and 429 would be tried again here.
          assert.ok([404, 500, 502, 503].includes(status), `${path}: ${status}`);
        }
      }
      await push(chain.registry.url, later);
      const ended = performance.now();
      await waitUntil("an uncached image can be pulled", async () =>
        (await pull(chain, later)).every(({ status }) => status === 200),
      );
      t.diagnostic(`recovered after ${((performance.now() - ended) / 1000).toFixed(1)} s`);
      for (const { path, status } of await pull(chain, uncached)) assert.equal(status, 200, path);
    });
  }
});

describe("what wasn't", () => {
  const parts = scope(test);
  let chain: Chain;
  let containerd: Containerd;
  let withCache: string;
  let without: string;

  before(async () => {
    chain = await startChain(parts);
    containerd = parts.use(await startContainerd());
    // The cache's own way to the upstream is broken, the clients' isn't.
    const url = chain.registry.url.origin;
    const upstream = { name: "gsoci", registry: registryName, url, repositories };
    const { cache } = chain;
    const endpoint = { hostname: cache.url.hostname, port: Number(cache.url.port) };
    const options = { endpoint, upstreams: [upstream], caFile: cache.caFile };
    withCache = await hostsDir(renderHostsToml(upstream, options));
    without = await hostsDir(`server = "${url}"\n`);
  });

  async function hostsDir(hostsToml: string): Promise<string> {
    const { path } = parts.use(await tempDir());
    await writeHostsDir(path, { containerd: { [registryName]: hostsToml } });
    return path;
  }

  async function coldImage(name: string): Promise<Content> {
    const image = await randomImage({
      repository: `giantswarm/${name.replaceAll(/\W+/g, "-")}`,
      tag: "1",
      layers: 10,
      layerMB: 2,
    });
    await push(chain.registry.url, image);
    return image;
  }

  /** In milliseconds. */
  async function timedPull({ repository, tags: [tag] }: Content, hosts: string): Promise<number> {
    const start = performance.now();
    await containerd.pull(`${registryName}/${repository}:${tag}`, { hostsDir: hosts });
    return performance.now() - start;
  }

  async function delay(t: TestContext, name: string, image: Content): Promise<number> {
    const direct = await timedPull(await coldImage(`${name} direct`), without);
    const fallenBack = await timedPull(image, withCache);
    t.diagnostic(`${name}: ${fallenBack.toFixed(0)} ms with the cache, ${direct.toFixed(0)} ms without`);
    return fallenBack - direct;
  }

  for (const [kind, begin] of Object.entries(outages)) {
    test(`costs containerd's fallback less than 3 s with the upstream ${kind}`, async (t) => {
      const unknown = await coldImage(`${kind} unknown`);
      const later = await coldImage(`${kind} later`);
      const halfKnown = await coldImage(`${kind} half-known`);
      const manifest = new URL(`/v2/${halfKnown.repository}/manifests/1?ns=${registryName}`, chain.cache.url);
      await waitUntil(
        "the manifest is cached",
        async () => (await download(manifest, { ca: chain.cache.ca })).status === 200,
      );
      await using _outage = await begin(chain.proxy);
      assert.ok((await delay(t, `${kind}, as it begins`, unknown)) < 3000);
      if (kind === "black-holed") await sleep(noticeSeconds * 1000);
      assert.ok((await delay(t, `${kind}, later`, later)) < 3000);
      assert.ok((await delay(t, `${kind}, with the manifest cached`, halfKnown)) < 3000);
    });
  }
});
