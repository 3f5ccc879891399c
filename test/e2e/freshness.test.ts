import assert from "node:assert/strict";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Content } from "../../scripts/seed/content.ts";
import { push } from "../../scripts/seed/push.ts";
import { asked, type Chain, registryName, startChain } from "../support/chain.ts";
import { runClient } from "../support/clients/run.ts";
import { get } from "../support/http.ts";
import { randomImage } from "../support/images.ts";
import { commandsIn } from "../support/runbooks.ts";
import { scope } from "../support/scope.ts";

const freshnessSeconds = 3;
/** nginx counts whole seconds. So the tag may expire up to a second early. */
const leastFreshMs = (freshnessSeconds - 1) * 1000;

const parts = scope(test);
let chain: Chain;
before(async () => {
  chain = await startChain(parts, { region: { freshnessSeconds } });
});

/** @param name unique among the tests */
async function taggedImage(name: string) {
  const { registry, proxy, cache } = chain;
  const repository = `giantswarm/${name}`;
  const version = (which: string) =>
    randomImage({ repository, tag: "latest", layerMB: 1, seed: `${name}, ${which}` });
  proxy.forget();
  const ask = (reference: string, method = "GET") =>
    get(new URL(`/v2/${repository}/manifests/${reference}`, cache.url), { ca: cache.ca, method });
  /** The tag's digest for a client. */
  const resolve = async (method?: string) => {
    const { status, headers } = await ask("latest", method);
    assert.equal(status, 200);
    return headers["docker-content-digest"];
  };
  const first = await version("first");
  await push(registry.url, first);
  return {
    proxy,
    ask,
    first,
    /** Moves the tag to other content. */
    async move() {
      const second = await version("second");
      await push(registry.url, second);
      return second;
    },
    resolve,
    /**
     * 32 clients resolve the tag at once.
     * @returns their digests, and how many of the clock's seconds this touched: at most one request in each of them reaches the upstream
     */
    async resolveTogether(method?: string) {
      const second = () => Math.floor(Date.now() / 1000);
      const began = second();
      const digests = await Promise.all(Array.from({ length: 32 }, () => resolve(method)));
      return { digests: new Set(digests), seconds: second() - began + 1 };
    },
    /**
     * Asks for the first content's tag as long as it must be fresh: no answer costs the upstream anything.
     * @param stored a moment before the cache stored or confirmed the tag, by performance.now()
     */
    async staysFresh(stored: number) {
      const before = asked(proxy);
      let times = 0;
      for (;;) {
        const digests = [await resolve("HEAD"), await resolve("GET")];
        const after = asked(proxy);
        // Later answers may be about the expired tag.
        if (performance.now() - stored >= leastFreshMs) break;
        assert.deepEqual(digests, [first.manifest.digest, first.manifest.digest]);
        assert.deepEqual(after, before);
        times += 1;
        await sleep(20);
      }
      assert.ok(times > 0, "a slow machine has no answer in time");
    },
    /** Waits until the cached tag has expired. nginx counts whole seconds, and the last one in full. */
    expiry: () => sleep((freshnessSeconds + 1) * 1000),
    /** How often the upstream was asked for the tag, with any result. */
    askedForTag: (method?: string) => proxy.count(/\/manifests\/latest$/, method),
  };
}

const text = ({ manifest }: Content) => Buffer.from(manifest.bytes).toString();

test("serves a moved tag once its freshness has expired, and doesn't ask the upstream before", async () => {
  const { proxy, ask, resolve, first, move, expiry, staysFresh } = await taggedImage("moved");
  const start = performance.now();
  assert.equal(await resolve(), first.manifest.digest);
  const second = await move();

  proxy.forget();
  await staysFresh(start);

  await expiry();
  assert.equal(await resolve("HEAD"), second.manifest.digest);
  assert.equal((await ask("latest")).body.toString(), text(second));
  for (const content of [first, second]) {
    assert.equal((await ask(content.manifest.digest)).body.toString(), text(content), "by digest");
  }
});

test("confirms an unmoved tag with one HEAD, for another full period", async () => {
  const { proxy, resolve, first, expiry, staysFresh, askedForTag } = await taggedImage("unmoved");
  await resolve();
  await expiry();
  proxy.forget();
  const began = performance.now();
  assert.equal(await resolve(), first.manifest.digest);
  assert.equal(proxy.count(/\/manifests\/latest$/, "HEAD"), 1);
  assert.equal(askedForTag(), 1);
  assert.equal(proxy.bytes(/\/manifests\//), 0, "no manifest is transferred");
  await staysFresh(began);
});

test("costs one request when many clients ask for an expired tag, and none of them gets the old one", async () => {
  const { proxy, resolve, resolveTogether, move, expiry, askedForTag } = await taggedImage("expiring");
  await resolve();
  const second = await move();
  await expiry();
  proxy.forget();
  using _slow = proxy.inject({ kind: "latency", ms: 300 }, /\/manifests\/latest$/);
  const { digests, seconds } = await resolveTogether("HEAD");
  assert.deepEqual(digests, new Set([second.manifest.digest]));
  for (const method of ["HEAD", "GET"]) {
    const count = askedForTag(method);
    assert.ok(count >= 1 && count <= seconds, `${count} × ${method} in ${seconds} seconds`);
  }
});

test("confirms an unmoved tag to many clients with one request", async () => {
  const { proxy, resolve, resolveTogether, first, expiry, askedForTag } = await taggedImage("confirmed");
  await resolve();
  await expiry();
  proxy.forget();
  using _slow = proxy.inject({ kind: "latency", ms: 300 }, /\/manifests\/latest$/);
  const { digests, seconds } = await resolveTogether();
  assert.deepEqual(digests, new Set([first.manifest.digest]));
  assert.equal(proxy.bytes(/\/manifests\//), 0, "no manifest is transferred");
  assert.ok(askedForTag() <= seconds, `${askedForTag()} requests in ${seconds} seconds`);
});

test("costs one transfer when many clients ask for an unknown tag's manifest at once", async () => {
  const { proxy, resolveTogether, first, askedForTag } = await taggedImage("unknown");
  using _slow = proxy.inject({ kind: "latency", ms: 300 }, /\/manifests\/latest$/);
  const { digests, seconds } = await resolveTogether();
  assert.deepEqual(digests, new Set([first.manifest.digest]));
  const [checks, transfers] = [askedForTag("HEAD"), askedForTag("GET")];
  assert.ok(checks <= seconds, `${checks} × HEAD in ${seconds} seconds`);
  // A second HEAD may find that the first one's manifest is stored meanwhile.
  assert.ok(transfers >= 1 && transfers <= checks, `${transfers} × GET after ${checks} × HEAD`);
});

test("serves a withdrawn image by its digest until the cache is emptied, as the command of docs/troubleshooting.md shows", async () => {
  const { ask, resolve, first, move, expiry } = await taggedImage("withdrawn");
  const { registry, cache } = chain;
  const { digest } = first.manifest;
  const command = commandsIn("troubleshooting.md").find((it) => it.includes("%{http_code}")) ?? "";
  const script = command
    .replace("https://cache.example.com", cache.url.origin)
    .replace("giantswarm/alpine", first.repository)
    .replace("sha256:…", digest)
    .replace("gsoci.azurecr.io", registryName);
  const check = () => runClient("sh", ["-c", script], { env: { CURL_CA_BUNDLE: cache.caFile } });
  assert.equal(await resolve(), digest);
  assert.equal((await ask(digest)).status, 200);

  const second = await move();
  await rm(registry.file(digest));
  await expiry();
  assert.equal(await resolve(), second.manifest.digest);
  assert.equal(await check(), "200");

  await cache.stop();
  for (const directory of [cache.layout.cache, cache.layout.origin("gsoci")])
    for (const name of await readdir(directory)) await rm(join(directory, name), { recursive: true });
  await cache.start();
  assert.equal(await check(), "404");
  assert.equal(await resolve(), second.manifest.digest);
});
