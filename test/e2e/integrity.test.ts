import assert from "node:assert/strict";
import { chmod, mkdir, open, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Content, Digest } from "../../scripts/seed/content.ts";
import { push } from "../../scripts/seed/push.ts";
import { cpuSeconds, peakMemoryMiB } from "../bench/processes.ts";
import { mainPid } from "../support/cache-containers.ts";
import { type Chain, registryName, startChain } from "../support/chain.ts";
import { type Download, download } from "../support/http.ts";
import { randomImage } from "../support/images.ts";
import { scope } from "../support/scope.ts";
import { untilItHolds, waitUntil } from "../support/wait.ts";

/** The promise is 60 s. The janitor checks every 5 s. */
const noticeMs = 60_000;

describe("the cache keeps only objects that match their digest", () => {
  const parts = scope(test);
  let chain: Chain;
  before(async () => {
    // No tag expires during the test.
    chain = await startChain(parts, { region: { freshnessSeconds: 3600 } });
  });

  async function cold(name: string, layerMB = 5): Promise<{ image: Content; layer: Digest }> {
    const image = await randomImage({ repository: `giantswarm/${name}`, tag: "1", layerMB });
    await push(chain.registry.url, image);
    const layer = image.blobs.find(({ size }) => size > 1e6);
    assert.ok(layer);
    return { image, layer: layer.digest };
  }

  function fetchPart({ repository }: Content, path: string): Promise<Download> {
    const url = new URL(`/v2/${repository}/${path}?ns=${registryName}`, chain.cache.url);
    return download(url, { ca: chain.cache.ca });
  }

  /** The file in which the edge stores an object, by the object's key. */
  async function stored(zone: "blobs" | "manifests", key: string): Promise<string | undefined> {
    const entries = await readdir(join(chain.cache.layout.cache, zone), {
      recursive: true,
      withFileTypes: true,
    });
    for (const entry of entries.filter((it) => it.isFile() && /^[0-9a-f]{32}$/.test(it.name))) {
      const path = join(entry.parentPath, entry.name);
      const text = await readFile(path, "latin1").catch(() => "");
      if (text.includes(`\nKEY: ${key}\n`)) return path;
    }
    return undefined;
  }

  test("caches no truncated blob", async () => {
    const { image, layer } = await cold("truncated");
    {
      using _fault = chain.proxy.inject({ kind: "truncate", bytes: 2_000_000 }, layer);
      const cut = await fetchPart(image, `blobs/${layer}`);
      assert.equal(cut.complete, false);
    }
    for (const expected of ["MISS", "HIT"]) {
      const whole = await fetchPart(image, `blobs/${layer}`);
      assert.equal(whole.headers["x-cache"], expected);
      assert.equal(whole.digest, layer);
    }
  });

  test("deletes a corrupt blob of the right length soon, and no intact blob", async (t) => {
    const good = await cold("good");
    const bad = await cold("bad");
    assert.equal((await fetchPart(good.image, `blobs/${good.layer}`)).digest, good.layer);
    {
      using _fault = chain.proxy.inject({ kind: "corrupt" }, bad.layer);
      const corrupt = await fetchPart(bad.image, `blobs/${bad.layer}`);
      assert.ok(corrupt.complete);
      assert.notEqual(corrupt.digest, bad.layer);
    }
    const start = performance.now();
    await waitUntil(
      "the right bytes",
      async () => (await fetchPart(bad.image, `blobs/${bad.layer}`)).digest === bad.layer,
      noticeMs,
    );
    t.diagnostic(`gone after ${((performance.now() - start) / 1000).toFixed(1)} s`);
    await untilItHolds("the janitor logs it", async () =>
      assert.match(await chain.cache.logs("janitor"), new RegExp(`deleted.*${bad.layer}`)),
    );
    for (const { image, layer } of [good, bad]) {
      const again = await fetchPart(image, `blobs/${layer}`);
      assert.equal(again.headers["x-cache"], "HIT");
      assert.equal(again.digest, layer);
    }
  });

  for (const by of ["tag", "digest"]) {
    test(`caches no corrupt manifest that is requested by ${by}`, async () => {
      const { image } = await cold(`bad-manifest-by-${by}`);
      const path = `manifests/${by === "tag" ? "1" : image.manifest.digest}`;
      {
        using _fault = chain.proxy.inject({ kind: "corrupt" }, "/manifests/");
        const { status } = await fetchPart(image, path);
        assert.ok([404, 500, 502, 503].includes(status), `${status}`);
      }
      // All requests of the same second get the same answer.
      await sleep(1000);
      const next = await fetchPart(image, path);
      assert.equal(next.status, 200);
      assert.equal(next.digest, image.manifest.digest);
    });
  }

  test("deletes a manifest or a tag soon if its file is damaged", async () => {
    const { image } = await cold("damaged");
    const { digest } = image.manifest;
    const objects = { [digest]: `manifest gsoci ${digest}`, 1: `tag gsoci ${image.repository}:1` };
    for (const [reference, key] of Object.entries(objects)) {
      await fetchPart(image, `manifests/${reference}`);
      const path = await waitUntil(`${key} is stored`, () => stored("manifests", key));
      await using file = await open(path, "r+");
      const { size } = await file.stat();
      await file.write("!", size - 1);
    }
    for (const reference of Object.keys(objects)) {
      const healed = await waitUntil(
        `${reference} is right again`,
        async () => {
          const result = await fetchPart(image, `manifests/${reference}`);
          return result.digest === digest && result;
        },
        noticeMs,
      );
      assert.equal(healed.status, 200);
    }
  });

  test("continues to check when there are odd files", async () => {
    const directory = join(chain.cache.layout.cache, "blobs", "0", "00");
    await mkdir(directory, { recursive: true });
    const name = (character: string) => join(directory, character.repeat(32));
    await writeFile(name("0"), "");
    await writeFile(name("1"), "no header at all");
    await writeFile(
      name("2"),
      `\nKEY: blob gsoci sha256:${"0".repeat(64)}\nContent-Length: 999999999\r\n\r\n`,
    );
    await writeFile(name(" "), "a name of spaces");
    await writeFile(name("\n"), "a name of lines");
    await writeFile(name("3"), "not to be read");
    await chmod(name("3"), 0);
    await mkdir(name("4"));
    const { image, layer } = await cold("beside-odd-files");
    {
      using _fault = chain.proxy.inject({ kind: "corrupt" }, layer);
      assert.notEqual((await fetchPart(image, `blobs/${layer}`)).digest, layer);
    }
    await waitUntil(
      "the right bytes",
      async () => (await fetchPart(image, `blobs/${layer}`)).digest === layer,
      noticeMs,
    );
  });

  test("reads a large blob once, in little memory", async (t) => {
    const { image, layer } = await cold("large", 100);
    const pid = await mainPid(chain.cache.container("janitor"));
    const before = await cpuSeconds([pid]);
    assert.equal((await fetchPart(image, `blobs/${layer}`)).digest, layer);
    const path = await waitUntil("the blob is stored", () => stored("blobs", `blob gsoci ${layer}`));
    // The janitor's own list of the paths that it has read.
    const seen = join(chain.cache.layout.cache, "tmp", "seen");
    const isRead = async () => (await readFile(seen, "utf8")).includes(path.slice(-32));
    const memory = await peakMemoryMiB([pid], waitUntil("it's read", isRead, noticeMs));
    const after = await cpuSeconds([pid]);
    await sleep(12_000);
    const reading = after - before;
    const resting = (await cpuSeconds([pid])) - after;
    const figures = [
      `${reading.toFixed(2)} s of processor time for a blob of 100 MB`,
      `${resting.toFixed(2)} s in the next 12 s`,
      `at most ${memory.toFixed(1)} MiB`,
    ].join(", ");
    t.diagnostic(figures);
    assert.ok(resting < 0.5 + reading / 2, `it isn't read again: ${figures}`);
    assert.ok(memory < 32, figures);
    assert.equal((await fetchPart(image, `blobs/${layer}`)).headers["x-cache"], "HIT");
  });
});
