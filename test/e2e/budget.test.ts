import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { before, describe, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { diskBudget } from "../../components/pod/edge/budget.ts";
import { type Chain, frontedUpstream, registryName, startChain } from "../support/chain.ts";
import { usedMiB } from "../support/disk-use.ts";
import { type Download, download } from "../support/http.ts";
import { replicasOf } from "../support/replicas.ts";
import { scope } from "../support/scope.ts";
import { pushLayer } from "../support/transfer.ts";
import { waitUntil } from "../support/wait.ts";

/** diskBudget() promises this for the smallest disk: this many concurrent blobs of this size from an upstream at 1 Gbit/s. */
const sizeGiB = 1;
const [atOnce, blobMB, upstreamMBps] = [4, 40, 125];
/**
 * A minute after its start, nginx's cache loader reads the cache, once, and marks everything that it finds as more recent than the last used objects:
 * https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_cache_path. Then frequently used objects can be evicted, as after every start.
 */
const loaderMs = 62_000;
/** More blobs than the cache keeps, so with them it is full. */
const full = 11;
/** Enough blobs to fill the disk without evictions, in less time than nginx's cache manager sleeps when nothing wakes it. */
const more = 22;

type Layer = Awaited<ReturnType<typeof pushLayer>>;

describe("a cache on a small disk", () => {
  const parts = scope(test);
  let chain: Chain;
  let loaded: Promise<void>;
  let often: Layer;
  const layers: Layer[] = [];
  before(async () => {
    chain = await startChain(parts, {
      region: { storage: { kind: "disk", size: `${sizeGiB}GiB` } },
      hasPrometheus: true,
    });
    loaded = sleep(loaderMs);
    const pushed = (name: string) =>
      pushLayer(chain.registry.url, chain.cache.url, { name, layerMB: blobMB });
    often = await pushed("often");
    for (let index = 0; index < full + more; index++) layers.push(await pushed(`app-${index}`));
    chain.proxy.inject({ kind: "throttle", bytesPerSecond: (upstreamMBps / atOnce) * 1e6 }, "/blobs/");
  });

  async function pull({ url, digest }: Layer): Promise<Download> {
    const result = await download(url, { ca: chain.cache.ca });
    const { status, bytes, complete } = result;
    assert.deepEqual(
      { status, bytes, complete, digest: result.digest },
      { status: 200, bytes: blobMB * 1e6, complete: true, digest },
    );
    return result;
  }

  /** Pulls a few at a time, and calls `look` after each group. */
  async function pullAll(some: readonly Layer[], look = async () => {}): Promise<void> {
    for (let first = 0; first < some.length; first += atOnce) {
      await Promise.all(some.slice(first, first + atOnce).map(pull));
      await look();
    }
  }

  /** Does the work, and checks the disk use every 250 ms. */
  async function withinBudget(t: TestContext, work: () => Promise<void>): Promise<void> {
    let most = 0;
    let looks = 0;
    let working = true;
    const done = work().finally(() => {
      working = false;
    });
    while (working) {
      most = Math.max(most, await usedMiB(chain.cache.layout.directory));
      looks++;
      await sleep(250);
    }
    await done;
    const figures = `at most ${most.toFixed(0)} MiB of ${sizeGiB * 1024} MiB were used, in ${looks} looks`;
    t.diagnostic(figures);
    assert.ok(most <= sizeGiB * 1024, figures);
  }

  test("accepts more than it can hold, within its budget, and keeps what is used most", async (t) => {
    await withinBudget(t, async () => {
      await pullAll(layers.slice(0, full));
    });
    await loaded;
    await withinBudget(t, async () => {
      await pull(often);
      await pullAll(layers.slice(full), async () => {
        assert.equal((await pull(often)).headers["x-cache"], "HIT");
      });
    });
    assert.equal(chain.proxy.count(often.digest, "GET"), 1);
    const { blobsMiB } = diskBudget(sizeGiB);
    const kept = await waitUntil("what is over the cache's size is evicted", async () => {
      const used = await usedMiB(chain.cache.layout.directory);
      return used < blobsMiB + 20 && used;
    });
    t.diagnostic(`${kept.toFixed(0)} MiB are kept, of ${blobsMiB} MiB for blobs`);
    assert.ok(kept > blobsMiB / 2, "the disk is made use of");
  });

  test("stays within its budget right after a restart", async (t) => {
    await chain.cache.stop();
    await withinBudget(t, async () => {
      await chain.cache.start();
      await pullAll(layers.slice(0, more));
    });
  });

  test("keeps nothing in its origin's store", async () => {
    const origin = chain.cache.layout.origin("gsoci");
    await waitUntil("the origin has no blob any more", async () => {
      const { stdout } = await execa("find", [origin, "-type", "f", "-size", "+100k"]);
      return stdout === "";
    });
  });
});

/** kubelet evicts a Pod for its total disk use, and blobs in progress count, too. */
test("stores no more on a part of a node's disk than it has space for, and clients fall back", async (t) => {
  const parts = scope(t);
  const { registry, proxy } = await frontedUpstream(parts);
  const upstream = {
    name: "gsoci",
    registry: registryName,
    url: proxy.url.origin,
    repositories: ["giantswarm/**"],
  };
  const budget = { blobsMiB: 64, manifestsMiB: 32, prometheusMiB: 64, minFreeMiB: 1, fillsMiB: 120 };
  const roomMiB = budget.blobsMiB + budget.fillsMiB;
  const all = parts.use(await replicasOf({ upstreams: [upstream], budget }));
  const cache = parts.use(await all.start());
  let count = 0;
  const layer = (layerMB: number) => pushLayer(registry.url, cache.url, { name: `app-${++count}`, layerMB });
  const ask = ({ url }: Layer) => download(url, { ca: all.ca });
  const [stored, ...cold] = await Promise.all([2, 40, 40, 40, 40, 40].map(layer));
  const [one, two, three, four, late] = cold;
  assert.ok(stored && one && two && three && four && late);
  assert.equal((await ask(stored)).status, 200);

  const slow = proxy.inject({ kind: "throttle", bytesPerSecond: 6e6 }, "/blobs/");
  let mostMiB = 0;
  const looks = setInterval(async () => {
    mostMiB = Math.max(mostMiB, await usedMiB(`${cache.cacheDirectory}/blobs`));
  }, 250);
  parts.defer(() => clearInterval(looks));
  const underWay = [one, two, three, four].map(ask);
  await waitUntil("there is no room for more", () => existsSync(`${cache.cacheDirectory}/tmp/full`));
  assert.equal((await ask(late)).status, 503);
  assert.equal((await ask(stored)).headers["x-cache"], "HIT");
  // Requests for blobs in progress get them.
  const again = await ask(one);
  assert.deepEqual([again.status, again.digest], [200, one.digest]);
  for (const answer of await Promise.all(underWay)) assert.equal(answer.status, 200);
  slow.remove();
  await waitUntil("there is room again", async () => (await ask(late)).status === 200);
  assert.ok(mostMiB > budget.blobsMiB && mostMiB <= roomMiB, `${mostMiB} MiB of ${roomMiB}`);

  await t.test("passes a blob larger than its share through, without storing it", async () => {
    const large = await layer(70);
    for (let round = 0; round < 2; round++) {
      const answer = await ask(large);
      assert.deepEqual([answer.digest, answer.headers["x-cache"]], [large.digest, "MISS"]);
    }
  });
});
