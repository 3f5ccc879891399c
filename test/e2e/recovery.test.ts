import assert from "node:assert/strict";
import { readdir, readFile, readlink, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Content, Digest } from "../../scripts/seed/content.ts";
import { push } from "../../scripts/seed/push.ts";
import { mainPid } from "../support/cache-containers.ts";
import { type Chain, registryName, startChain } from "../support/chain.ts";
import { type Download, download, get } from "../support/http.ts";
import { randomImage } from "../support/images.ts";
import { scope } from "../support/scope.ts";
import { waitUntil } from "../support/wait.ts";

const backMs = 10_000;

interface Blob {
  readonly url: URL;
  readonly digest: Digest;
}

async function childrenOf(pid: number): Promise<number[]> {
  return (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).match(/\d+/g)?.map(Number) ?? [];
}

describe("the cache recovers", () => {
  const parts = scope(test);
  let chain: Chain;
  let warm: { image: Content; layer: Blob };
  before(async () => {
    chain = await startChain(parts, { hasPrometheus: true });
    warm = await cold("warm", 20);
    await assertPulled(warm.layer);
  });

  async function cold(name: string, layerMB = 1): Promise<{ image: Content; layer: Blob }> {
    const image = await randomImage({ repository: `giantswarm/${name}`, tag: "1", layerMB });
    await push(chain.registry.url, image);
    const layer = image.blobs.find(({ size }) => size > 900_000);
    assert.ok(layer);
    const path = `/v2/${image.repository}/blobs/${layer.digest}?ns=${registryName}`;
    return { image, layer: { url: new URL(path, chain.cache.url), digest: layer.digest } };
  }

  async function assertPulled({ url, digest }: Blob, how = {}): Promise<Download> {
    const result = await download(url, { ca: chain.cache.ca, ...how });
    assert.equal(result.status, 200);
    assert.equal(result.digest, digest);
    return result;
  }

  /** The URL that answers when a container is back. */
  function ready(container: string): URL | undefined {
    const { ports } = chain.cache.layout;
    const paths: Record<string, string> = {
      edge: `${ports.edgeStatus}/healthz`,
      "origin-gsoci": `${ports.origins[0]?.debug}/debug/health`,
      exporter: `${ports.exporter}/metrics`,
      prometheus: `${ports.prometheus}/-/ready`,
    };
    return paths[container] === undefined ? undefined : new URL(`http://127.0.0.1:${paths[container]}`);
  }

  /** Waits until a container has a new main process that answers. @returns the time that this took, in ms */
  async function back(container: string, formerPid: number): Promise<number> {
    const start = performance.now();
    await waitUntil(
      `${container} is back`,
      async () => {
        const pid = await mainPid(chain.cache.container(container));
        if (pid === formerPid) return false;
        const url = ready(container);
        return url === undefined || (await fetch(url)).ok;
      },
      backMs,
      500,
    );
    return performance.now() - start;
  }

  for (const container of ["edge", "origin-gsoci", "exporter", "prometheus", "janitor"]) {
    test(`from the death of ${container}`, async (t) => {
      const pid = await mainPid(chain.cache.container(container));
      process.kill(pid, "SIGKILL");
      if (container !== "edge") await assertPulled(warm.layer);
      t.diagnostic(`back after ${((await back(container, pid)) / 1000).toFixed(1)} s`);
      assert.equal((await assertPulled(warm.layer)).headers["x-cache"], "HIT");
      const { layer } = await cold(`after-${container}`);
      await waitUntil("an uncached blob can be pulled", () => assertPulled(layer));
    });
  }

  test("from the death of the registry inside its container", async () => {
    const pid = await mainPid(chain.cache.container("origin-gsoci"));
    const killed: number[] = [];
    for (const child of await childrenOf(pid)) {
      const name = await readFile(`/proc/${child}/comm`, "utf8").catch(() => "");
      if (name.trim() === "registry" && process.kill(child, "SIGKILL")) killed.push(child);
    }
    assert.ok(killed.length > 0, "there is a registry");
    const { layer } = await cold("after-registry");
    await waitUntil("an uncached blob can be pulled", () => assertPulled(layer));
    assert.equal(await mainPid(chain.cache.container("origin-gsoci")), pid, "the container has gone on");
  });

  test("from the death of the edge in the middle of a fill, and never serves half an object", async () => {
    const { layer } = await cold("half", 20);
    const pid = await mainPid(chain.cache.container("edge"));
    {
      using _slow = chain.proxy.inject({ kind: "throttle", bytesPerSecond: 5e6 }, layer.digest);
      const cut = download(layer.url, { ca: chain.cache.ca });
      await waitUntil("a part has come", () => chain.proxy.bytes(layer.digest) > 5e6);
      // Stops it for more than a second before it dies, because file times in the same second can't tell its files from those of the next process.
      for (const child of await childrenOf(pid)) process.kill(child, "SIGSTOP");
      await sleep(2000);
      process.kill(pid, "SIGKILL");
      assert.equal((await cut).complete, false);
    }
    assert.ok((await unfinished()).length > 0, "the killed edge leaves a part");
    await back("edge", pid);
    const whole = await waitUntil("the blob can be pulled", () => assertPulled(layer));
    assert.equal(whole.headers["x-cache"], "MISS");
    await waitUntil("the part is deleted", async () => (await unfinished()).length === 0);
  });

  for (const [which, replaced] of [
    ["one of nginx's workers", false],
    ["a worker that a reload replaces", true],
  ] as const) {
    test(`from the death of ${which} in the middle of a fill`, async (t) => {
      const { layer } = await cold(`half-by-a-worker-${replaced}`, 20);
      const pid = await mainPid(chain.cache.container("edge"));
      {
        using _held = chain.proxy.inject({ kind: "hold", bytes: 6e6 }, layer.digest);
        const cut = download(layer.url, { ca: chain.cache.ca });
        await waitUntil("a part has come", () => chain.proxy.bytes(layer.digest) > 5e6);
        const worker = await fillingWorker(pid);
        if (replaced) {
          process.kill(pid, "SIGHUP");
          const title = () => readFile(`/proc/${worker}/cmdline`, "utf8");
          await waitUntil("it is to end", async () => (await title()).includes("shutting down"));
        }
        process.kill(worker, "SIGKILL");
        assert.equal((await cut).complete, false);
      }
      t.diagnostic(`back after ${((await back("edge", pid)) / 1000).toFixed(1)} s`);
      await waitUntil("the blob can be pulled", () => assertPulled(layer));
    });
  }

  test("and keeps what the edge stores in the second of its start", async () => {
    const { cache } = chain.cache.layout;
    const blobs = join(cache, "blobs");
    const [stored] = (await readdir(blobs, { recursive: true })).filter((name) =>
      /\/[0-9a-f]{32}$/.test(name),
    );
    assert.ok(stored);
    const pid = join(cache, "nginx.pid");
    const started = Math.floor((await stat(pid)).mtimeMs / 1000) + 1;
    const part = async (name: string, modified: number) => {
      const file = `${stored}.${name}`;
      await writeFile(join(blobs, file), "");
      await utimes(join(blobs, file), modified, modified);
      return file;
    };
    const left = await part("0000000001", started - 1.5);
    const stores = await part("0000000002", started + 0.1);
    await utimes(pid, started + 0.9, started + 0.9);
    await waitUntil("what was left is deleted", async () => !(await unfinished()).includes(left));
    assert.deepEqual(await unfinished(), [stores]);
    await rm(join(blobs, stores));
  });

  /** Files of unfinished objects, including those from before the edge died. */
  async function unfinished(): Promise<string[]> {
    const names = await readdir(join(chain.cache.layout.cache, "blobs"), { recursive: true });
    return names.filter((name) => /\.\d{10}$/.test(name));
  }

  /** nginx's worker that writes an origin's answer. */
  async function fillingWorker(nginx: number): Promise<number> {
    for (const child of await childrenOf(nginx)) {
      const files = await readdir(`/proc/${child}/fd`);
      const targets = await Promise.all(
        files.map((file) => readlink(`/proc/${child}/fd/${file}`).catch(() => "")),
      );
      if (targets.some((target) => /\.\d{10}$/.test(target))) return child;
    }
    throw new Error("no worker writes a blob");
  }

  test("and lets pulls complete when it is stopped", async (t) => {
    const { layer } = await cold("drained", 20);
    using _slow = chain.proxy.inject({ kind: "throttle", bytesPerSecond: 4e6 }, layer.digest);
    let ended = 0;
    const pulls = [assertPulled(warm.layer, { bytesPerSecond: 3e6 }), assertPulled(layer)].map((pull) =>
      pull.finally(() => ended++),
    );
    await waitUntil("a fill is under way", () => chain.proxy.bytes(layer.digest) > 2e6);
    const start = performance.now();
    const stopped = chain.cache.stop();
    const ping = () => get(new URL("/v2/", chain.cache.url), { ca: chain.cache.ca });
    const codeOf = (error: NodeJS.ErrnoException) => error.code;
    const isRefused = async () => (await ping().then(() => "none", codeOf)) === "ECONNREFUSED";
    await waitUntil("it accepts no connections", isRefused);
    assert.equal(ended, 0, "both pulls go on");
    for (const { complete } of await Promise.all(pulls)) assert.ok(complete);
    await stopped;
    t.diagnostic(`stopped after ${((performance.now() - start) / 1000).toFixed(1)} s`);
    await chain.cache.start();
    for (const blob of [warm.layer, layer]) {
      assert.equal((await assertPulled(blob)).headers["x-cache"], "HIT");
    }
  });
});
