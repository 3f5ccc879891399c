/** An upstream with `engine: zot`: v1.4.3 where the current version can't be pulled (see test/support/zot.ts). */
import assert from "node:assert/strict";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Content } from "../../scripts/seed/content.ts";
import { push } from "../../scripts/seed/push.ts";
import { startCache, type TestCache } from "../support/cache.ts";
import { type Chain, registryName, startChain } from "../support/chain.ts";
import { cranePull } from "../support/clients/crane.ts";
import { digestsOf, layoutContent } from "../support/content.ts";
import { usedMiB } from "../support/disk-use.ts";
import { download, downloads, get } from "../support/http.ts";
import { randomImage, randomIndex } from "../support/images.ts";
import { outages } from "../support/outages.ts";
import { privateUpstream } from "../support/private-upstream.ts";
import { scope, tempDir } from "../support/scope.ts";
import { testUpstream } from "../support/upstream.ts";
import { waitUntil } from "../support/wait.ts";

/** In seconds. It is short, so that the cache soon asks zot again. */
const freshness = 2;

const layerOf = ({ blobs }: Content) => blobs.find(({ size }) => size > 1e6) ?? assert.fail("no layer");

function urlOf(cache: TestCache, { repository }: Content, path: string): URL {
  return new URL(`/v2/${repository}/${path}?ns=${registryName}`, cache.url);
}

/** Pulls as a client does: the manifest by tag and by digest, then all blobs. @returns each status except 200, with its object */
async function failures(cache: TestCache, content: Content): Promise<string[]> {
  const paths = [
    ...content.tags.map((tag) => [`manifests/${tag}`, content.manifest.digest]),
    [`manifests/${content.manifest.digest}`, content.manifest.digest],
    ...content.blobs.map(({ digest }) => [`blobs/${digest}`, digest]),
  ];
  const failed: string[] = [];
  for (const [path = "", expected] of paths) {
    const { status, digest } = await download(urlOf(cache, content, path), { ca: cache.ca });
    if (status !== 200) failed.push(`${status} ${path}`);
    else assert.equal(digest, expected, path);
  }
  return failed;
}

describe("zot as an upstream's engine", () => {
  const parts = scope(test);
  let chain: Chain;
  before(async () => {
    chain = await startChain(parts, { engine: "zot", region: { freshnessSeconds: freshness } });
  });

  const own = (path: string) =>
    `http://127.0.0.1:${chain.cache.layout.ports.origins[0]?.http}/v2/gsoci/${path}`;
  const ask = (content: Content, path: string) =>
    download(urlOf(chain.cache, content, path), { ca: chain.cache.ca });

  async function pushed(name: string, layerMB = 2): Promise<Content> {
    const image = await randomImage({ repository: `giantswarm/${name}`, tag: "1", layerMB });
    await push(chain.registry.url, image);
    return image;
  }

  // Without its signature, because v1.4.3 looks for the signature's blobs in a repository under zot's own name.
  test("pulls an image for several platforms, with one request per object to the upstream", async () => {
    const image = await randomIndex({ repository: "giantswarm/platforms", tags: ["1"], layerMB: 2 });
    await push(chain.registry.url, image);
    const pull = async () => {
      await using layout = await tempDir();
      const reference = `${chain.cache.url.host}/${image.repository}:${image.tags[0]}`;
      await cranePull(reference, chain.cache.caFile, layout.path);
      return await layoutContent(layout.path);
    };
    assert.deepEqual(await pull(), digestsOf(image));
    assert.deepEqual(await pull(), digestsOf(image));
    for (const { digest } of image.children.flatMap(({ blobs }) => blobs)) {
      assert.equal(chain.proxy.count(digest, "GET"), 1, digest);
    }
  });

  test("refuses what isn't on the allow-list in the edge, and in zot", async () => {
    const image = await randomImage({ repository: "other/app", tag: "1", layerMB: 1 });
    await push(chain.registry.url, image);
    assert.equal((await ask(image, "manifests/1")).status, 404);
    assert.equal((await fetch(own("other/app/manifests/1"))).status, 404);
    assert.equal(chain.proxy.count("other/app"), 0);
  });

  test("refuses pushes from anyone on the machine", async () => {
    const started = await fetch(own("giantswarm/app/blobs/uploads/"), { method: "POST" });
    assert.ok([401, 403].includes(started.status), `${started.status}`);
  });

  test("costs the upstream one transfer for 16 clients at once, and no client falls back while zot copies", async (t) => {
    const image = await pushed("fan-out", 20);
    const layer = layerOf(image);
    // The copy takes longer than a client of distribution waits for a manifest.
    using _slow = chain.proxy.inject({ kind: "throttle", bytesPerSecond: 5e6 }, layer.digest);
    const clients = await downloads(16, urlOf(chain.cache, image, "manifests/1"), { ca: chain.cache.ca });
    for (const { status, digest } of clients)
      assert.deepEqual([status, digest], [200, image.manifest.digest]);
    for (const { digest } of await downloads(16, urlOf(chain.cache, image, `blobs/${layer.digest}`), {
      ca: chain.cache.ca,
    })) {
      assert.equal(digest, layer.digest);
    }
    assert.equal(chain.proxy.count(layer.digest, "GET"), 1);
    t.diagnostic(
      `the manifest came after ${(Math.max(...clients.map(({ totalMs }) => totalMs)) / 1000).toFixed(1)} s`,
    );
  });

  test("lists no tags, and says why", async () => {
    const { status, body } = await get(
      new URL(`/v2/giantswarm/fan-out/tags/list?ns=${registryName}`, chain.cache.url),
      {
        ca: chain.cache.ca,
      },
    );
    assert.equal(status, 404);
    assert.match(body.toString(), /UNSUPPORTED.*ask the registry/);
  });

  test("serves zot's referrers", async () => {
    const image = await pushed("referred");
    assert.deepEqual(await failures(chain.cache, image), []);
    const { status, body } = await get(urlOf(chain.cache, image, `referrers/${image.manifest.digest}`), {
      ca: chain.cache.ca,
    });
    assert.equal(status, 200, body.toString());
    assert.deepEqual(JSON.parse(body.toString()).manifests ?? [], []);
  });

  test("never serves corrupt content, and fetches the right content with the next pull", async () => {
    const image = await pushed("corrupt");
    {
      using _fault = chain.proxy.inject({ kind: "corrupt" }, layerOf(image).digest);
      assert.notEqual((await ask(image, "manifests/1")).status, 200);
    }
    assert.deepEqual(await failures(chain.cache, image), []);
  });

  test("refuses what the edge and zot have both lost, and restores it at the next request for the tag", async () => {
    const image = await pushed("lost");
    const { digest } = layerOf(image);
    assert.deepEqual(await failures(chain.cache, image), []);
    await forget(chain.cache, digest);
    await rm(join(chain.cache.layout.origin("gsoci"), "gsoci", image.repository), { recursive: true });
    assert.equal((await ask(image, `blobs/${digest}`)).status, 404, "clients fall back");
    await sleep(freshness * 1000 + 500);
    assert.deepEqual(await failures(chain.cache, image), []);
    assert.equal(chain.proxy.count(digest, "GET"), 2);
  });

  test("serves what it has while the upstream is down, even after a restart", async () => {
    const image = await pushed("kept");
    const half = await pushed("half");
    assert.deepEqual(await failures(chain.cache, image), []);
    // Of this image, the edge has only the manifest.
    assert.equal((await ask(half, "manifests/1")).status, 200);
    await using _outage = await outages.stopped(chain.proxy);
    await sleep(freshness * 1000 + 500);
    for (const content of [image, half]) assert.deepEqual(await failures(chain.cache, content), []);
    await chain.cache.stop();
    await chain.cache.start();
    for (const content of [image, half]) assert.deepEqual(await failures(chain.cache, content), []);
  });

  test("lets nobody wait for a silent upstream once it has noticed", async (t) => {
    const image = await pushed("known");
    const unknown = await pushed("unknown");
    assert.deepEqual(await failures(chain.cache, image), []);
    await using _outage = await outages["black-holed"](chain.proxy);
    await waitUntil(
      "the keeper says so",
      async () => /silent/.test(await chain.cache.logs("keeper")),
      60_000,
    );
    await sleep(freshness * 1000 + 500);
    const start = performance.now();
    assert.deepEqual(await failures(chain.cache, image), []);
    assert.equal((await ask(unknown, "manifests/1")).status, 503);
    const ms = performance.now() - start;
    t.diagnostic(`all of it took ${ms.toFixed(0)} ms`);
    assert.ok(ms < 3000, `${ms} ms`);
  });
});

/** Deletes a blob from the edge's cache, as an eviction does. */
async function forget(cache: TestCache, digest: string): Promise<void> {
  const zone = join(cache.layout.cache, "blobs");
  const entries = await readdir(zone, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((it) => it.isFile())) {
    const path = join(entry.parentPath, entry.name);
    if ((await readFile(path, "latin1")).includes(`\nKEY: blob gsoci ${digest}\n`)) await rm(path);
  }
}

test("keeps zot's store within its share of the disk, and restores what was evicted", async (t) => {
  const { registry, cache } = await startChain(scope(t), {
    engine: "zot",
    region: { freshnessSeconds: freshness, storage: { kind: "disk", size: "1GiB" } },
  });
  const images: Content[] = [];
  for (let number = 1; number <= 6; number++) {
    const image = await randomImage({ repository: `giantswarm/app-${number}`, tag: "1", layerMB: 40 });
    await push(registry.url, image);
    assert.deepEqual(await failures(cache, image), []);
    images.push(image);
  }
  const store = cache.layout.origin("gsoci");
  const metrics = async () =>
    (await fetch(`http://127.0.0.1:${cache.layout.ports.edgeStatus}/metrics/keeper`)).text();
  const evicted = await waitUntil("the oldest go", async () => {
    const text = await metrics();
    return Number(/evicted_total (\d+)/.exec(text)?.[1]) > 0 && text;
  });
  const maxMiB = Number(/store_max_bytes (\d+)/.exec(evicted)?.[1]) / 1024 ** 2;
  await waitUntil("it keeps to its share", async () => (await usedMiB(store)) <= maxMiB);
  t.diagnostic(`${(await usedMiB(store)).toFixed(0)} of ${maxMiB.toFixed(0)} MiB`);
  assert.match(evicted, /too_large_total 0\n/);
  assert.match(evicted, /registry_proxy_pulled_bytes_total\{upstream="gsoci",type="blob"\} [1-9]/);
  // A blob can be evicted just after a request for its manifest. Clients then fall back until the next request for the manifest.
  for (const image of images)
    await waitUntil(`${image.repository} is back`, async () => (await failures(cache, image)).length === 0);
});

test("sends credentials to the upstream, and nowhere else", async (t) => {
  const parts = scope(t);
  const registry = parts.use(await testUpstream());
  const login = { username: "reader", password: "Zo7-secret" };
  const credentials = { login };
  const upstream = parts.use(await privateUpstream(registry.url, login));
  const cache = parts.use(
    await startCache({
      upstreams: [
        {
          name: "gsoci",
          registry: registryName,
          url: upstream.url.origin,
          repositories: ["giantswarm/**"],
          engine: "zot",
          credentials: "login",
        },
      ],
      credentials,
    }),
  );
  const pushed = async (name: string) => {
    const image = await randomImage({ repository: `giantswarm/${name}`, tag: "1", layerMB: 1 });
    await push(registry.url, image);
    return image;
  };
  assert.deepEqual(await failures(cache, await pushed("private")), []);
  credentials.login = { username: "reader", password: "Zo7-rotated" };
  upstream.rotate(credentials.login);
  await cache.apply({});
  const rotated = await pushed("rotated");
  await waitUntil("zot is back", async () => (await failures(cache, rotated)).length === 0);
  assert.ok(!(await cache.logs("origin-gsoci")).includes(login.password));
  const files = await readdir(join(cache.layout.directory, "files"), {
    recursive: true,
    withFileTypes: true,
  });
  assert.ok(files.some((it) => it.isFile()));
  for (const file of files.filter((it) => it.isFile())) {
    assert.ok(
      !(await readFile(join(file.parentPath, file.name), "utf8")).includes(login.password),
      file.name,
    );
  }
});
