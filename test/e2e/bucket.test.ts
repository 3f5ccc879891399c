/** Replicas that share a bucket, and serve its blobs themselves. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { mostFills } from "../../components/pod/edge/fills.ts";
import type { Blob, Content } from "../../scripts/seed/content.ts";
import { registryName } from "../support/chain.ts";
import { containerdNode } from "../support/clients/node.ts";
import { type Download, download, downloads, get } from "../support/http.ts";
import { query, queryValue } from "../support/prometheus.ts";
import { hexOf, type Replica, type Shared, startShared } from "../support/replicas.ts";
import { scope } from "../support/scope.ts";
import { untilItHolds, waitUntil } from "../support/wait.ts";

const parts = scope(test);
let to: Shared;
before(async () => {
  to = await startShared(parts, "proxied", { hasPrometheus: true });
});

function layersOf({ blobs }: Content): Blob[] {
  return blobs.filter(({ mediaType }) => mediaType.includes("layer"));
}

/** The URL of a part of an image, at a replica or behind the balancer. */
function urlOf({ repository }: Content, path: string, at?: Replica): URL {
  const base = at?.url ?? `https://localhost:${to.balancer.port}`;
  return new URL(`/v2/${repository}/${path}?ns=${registryName}`, base);
}

function ask(image: Content, path: string, at?: Replica): Promise<Download> {
  return download(urlOf(image, path, at), { ca: to.ca });
}

/** Requests everything of an image, and verifies it. */
async function pullAll(image: Content, at: Replica): Promise<void> {
  const wanted = [
    { path: "manifests/1", digest: image.manifest.digest },
    { path: `manifests/${image.manifest.digest}`, digest: image.manifest.digest },
    ...image.blobs.map(({ digest }) => ({ path: `blobs/${digest}`, digest })),
  ];
  for (const { path, digest } of wanted) {
    const answer = await ask(image, path, at);
    assert.equal(answer.status, 200, path);
    assert.equal(answer.digest, digest, path);
  }
}

/** How often the upstream was asked for a blob's bytes. */
const transfers = (digest: string) => to.proxy.count(digest, "GET");

describe("two replicas and one bucket", () => {
  test("cost the upstream at most two transfers for 32 clients of a cold blob", async (t) => {
    const image = await to.pushed("fan-out", { layerMB: 5 });
    const [layer] = layersOf(image) as [Blob];
    const url = urlOf(image, `blobs/${layer.digest}`);
    for (const { status, digest } of await downloads(32, url, { ca: to.ca })) {
      assert.equal(status, 200);
      assert.equal(digest, layer.digest);
    }
    for (const replica of to.replicas) {
      await untilItHolds("each replica has served some", async () =>
        assert.match(await replica.logs("edge"), new RegExp(layer.digest)),
      );
    }
    assert.ok(transfers(layer.digest) >= 1 && transfers(layer.digest) <= 2);
    t.diagnostic(`${transfers(layer.digest)} transfers`);
    await to.stored([layer]);
  });

  test("serve from the bucket what another replica has fetched, and fetch again what is deleted there", async () => {
    const [one] = to.replicas as [Replica];
    const image = await to.pushed("expiring", { layers: 4 });
    await pullAll(image, one);
    await to.stored(image.blobs);
    to.proxy.forget();
    const [intact, withoutData, withoutLink, withoutBoth] = layersOf(image) as [Blob, Blob, Blob, Blob];
    const data = ({ digest }: Blob) => new RegExp(`/blobs/sha256/../${hexOf(digest)}/data$`);
    const link = ({ digest }: Blob) => new RegExp(`/(?:_layers|revisions)/sha256/${hexOf(digest)}/link$`);
    const expired = [
      data(withoutData),
      link(withoutLink),
      data(withoutBoth),
      link(withoutBoth),
      // A manifest under both of its paths, and the tag.
      data(image.manifest),
      link(image.manifest),
      /\/expiring\/_manifests\/tags\//,
    ];
    for (const pattern of expired) assert.notDeepEqual(await to.s3.remove(pattern), [], String(pattern));
    // Its edge is empty, so it asks its origin for everything.
    const fresh = await to.add();
    await pullAll(image, fresh);
    assert.equal(transfers(intact.digest), 0);
    for (const { digest } of [withoutData, withoutLink, withoutBoth]) assert.equal(transfers(digest), 1);
    await waitUntil("all of it is in the bucket again", async () => {
      const missing = await Promise.all(expired.map((pattern) => to.s3.keys(pattern)));
      return missing.every((keys) => keys.length > 0);
    });
  });

  test("cut off a blob that is deleted during a request, and fetch it again instead of caching it", async () => {
    const [one] = to.replicas as [Replica];
    const image = await to.pushed("vanishing");
    await pullAll(image, one);
    const [layer] = layersOf(image) as [Blob];
    await to.stored([layer]);
    to.proxy.forget();
    to.s3.proxy.forget();
    const fresh = await to.add();
    const data = new RegExp(`/${hexOf(layer.digest)}/data$`);
    {
      using slow = to.s3.proxy.inject({ kind: "latency", ms: 60_000 }, data, "GET");
      const answer = ask(image, `blobs/${layer.digest}`, fresh);
      await waitUntil("the registry has its size, and asks for its content", () =>
        to.s3.proxy.requests.some(({ path, method }) => data.test(path) && method === "GET"),
      );
      assert.equal((await to.s3.remove(data)).length, 1);
      slow.remove();
      const cut = await answer;
      assert.equal(cut.complete, false);
    }
    const again = await ask(image, `blobs/${layer.digest}`, fresh);
    assert.equal(again.status, 200);
    assert.equal(again.digest, layer.digest);
    assert.equal(transfers(layer.digest), 1);
  });

  test("truncate nothing when the bucket is slow to store a blob", async () => {
    const image = await to.pushed("slow-bucket", { layerMB: 12 });
    const [layer] = layersOf(image) as [Blob];
    using _paced = to.proxy.inject({ kind: "throttle", bytesPerSecond: 6e6 }, layer.digest);
    const answer = ask(image, `blobs/${layer.digest}`);
    await waitUntil("the first bytes are here", () => to.proxy.bytes(layer.digest) > 0);
    const upload = /_uploads\/.*\/data$/;
    {
      using _slow = to.s3.proxy.inject({ kind: "latency", ms: 30_000 }, upload);
      await waitUntil("the first part goes to the bucket", () =>
        to.s3.proxy.requests.some(({ path, state }) => upload.test(path) && state === "open"),
      );
      // Longer than the edge waits for an origin without a bucket.
      await sleep(11_000);
    }
    const { status, digest, totalMs } = await answer;
    assert.equal(status, 200);
    assert.equal(digest, layer.digest);
    assert.ok(totalMs > 11_000, `${totalMs} ms`);
    assert.equal(transfers(layer.digest), 1);
    await to.stored([layer]);
    const uploads = () => to.s3.keys(/\/slow-bucket\/_uploads\//);
    await waitUntil("nothing of the upload is left", async () => (await uploads()).length === 0);
  });

  test("answer 503 to more cold blobs at once than an origin has memory for, but not to manifests", async () => {
    const [one] = to.replicas as [Replica];
    const image = await to.pushed("many", { layers: mostFills + 6, layerMB: 0.2 });
    const layers = layersOf(image);
    using _slow = to.proxy.inject({ kind: "throttle", bytesPerSecond: 40_000 }, /blobs/);
    const answers = layers.map(({ digest }) => ask(image, `blobs/${digest}`, one));
    await Promise.race(answers);
    assert.equal((await ask(image, "manifests/1", one)).status, 200);
    const byStatus = Object.groupBy(await Promise.all(answers), ({ status }) => status);
    assert.deepEqual(
      Object.entries(byStatus).map(([status, { length } = []]) => [status, length]),
      [
        ["200", mostFills],
        ["503", layers.length - mostFills],
      ],
    );
    for (const { digest } of byStatus[200] ?? []) assert.ok(layers.some((layer) => layer.digest === digest));
    // Later requests find them in the cache.
    for (const { digest } of layers) assert.equal((await ask(image, `blobs/${digest}`, one)).digest, digest);
  });

  test("refuse a client that resumes a failed blob again, and no other client", async () => {
    const [one] = to.replicas as [Replica];
    const image = await to.pushed("went-on", { layerMB: 1 });
    const [layer] = layersOf(image) as [Blob];
    const url = urlOf(image, `blobs/${layer.digest}`, one);
    const rest = () => get(url, { ca: to.ca, headers: { Range: "bytes=1000-" } });
    {
      using _missing = to.proxy.inject({ kind: "status", status: 404 }, layer.digest);
      assert.equal((await rest()).status, 404);
      assert.equal((await rest()).status, 503);
    }
    assert.equal((await ask(image, `blobs/${layer.digest}`, one)).digest, layer.digest);
  });

  test("have all metrics, each with its own file system", async () => {
    for (const { ports } of to.replicas) {
      const prometheus = new URL(`http://127.0.0.1:${ports.prometheus}/`);
      const max = (zone: string) => queryValue(prometheus, `registry_cache_store_max_bytes{zone="${zone}"}`);
      for (const zone of ["blobs", "manifests"]) {
        await waitUntil(`${zone} may take something`, async () => ((await max(zone)) ?? 0) > 0, 60_000);
      }
      await untilItHolds("all targets are up", async () =>
        assert.deepEqual(await query(prometheus, 'up{job=~"registry-cache-.+"} != 1'), []),
      );
    }
  });
});

test("completes a node's pull when the replica that serves it is killed", async (t) => {
  const own = scope(t);
  const pair = await startShared(own, "proxied");
  const image = await pair.pushed("killed", { layers: 2, layerMB: 10 });
  const [first, second] = pair.replicas as [Replica, Replica];
  pair.balancer.ports.splice(0, 2, Number(first.url.port));
  const node = own.use(await containerdNode("2"));
  using _slow = pair.proxy.inject({ kind: "throttle", bytesPerSecond: 3e6 }, "/blobs/");
  const pull = node.pull(image, pair.clients);
  await waitUntil("the layers are under way", () => pair.proxy.bytes("/blobs/") > 3e6);
  pair.balancer.ports.push(Number(second.url.port));
  await first.kill();
  await pull;
  await untilItHolds("the other replica has served the rest", async () =>
    assert.match(await second.logs("edge"), /\/blobs\//),
  );
  assert.equal(pair.direct.bytes(), 0);
});
