import assert from "node:assert/strict";
import { before, test } from "node:test";
import { type Blob, sha256 } from "../../scripts/seed/content.ts";
import { push } from "../../scripts/seed/push.ts";
import { type Chain, registryName, startChain } from "../support/chain.ts";
import { startContainerd } from "../support/clients/containerd.ts";
import { writeHostsDir } from "../support/clients/hosts-dir.ts";
import { digestsOf } from "../support/content.ts";
import { download, get } from "../support/http.ts";
import { randomImage } from "../support/images.ts";
import { scope, tempDir } from "../support/scope.ts";
import { untilItHolds, waitUntil } from "../support/wait.ts";

const parts = scope(test);
let chain: Chain;
before(async () => {
  chain = await startChain(parts);
});

/** Large blobs that nobody has pulled through the cache. @param name unique among the tests */
async function coldBlobs(name: string, count: number) {
  const { registry, proxy, cache } = chain;
  const repository = `giantswarm/${name}`;
  const image = await randomImage({ repository, tag: "1", layers: count, layerMB: 5 });
  await push(registry.url, image);
  const blobs = image.blobs.slice(1);
  const url = ({ digest }: Blob) => new URL(`/v2/${repository}/blobs/${digest}`, cache.url);
  return {
    blobs,
    proxy,
    ask: (blob: Blob, options: { method?: string; headers?: Record<string, string> } = {}) =>
      get(url(blob), { ca: cache.ca, ...options }),
    leave: (blob: Blob, leaveAt: number) => download(url(blob), { ca: cache.ca, leaveAt }),
  };
}

test("answers HEAD of a cold blob as GET, which is then a hit", async () => {
  const { blobs, proxy, ask } = await coldBlobs("head", 1);
  const [blob] = blobs as [Blob];
  for (const cold of [true, false]) {
    const head = await ask(blob, { method: "HEAD" });
    assert.equal(head.status, 200);
    assert.equal(head.headers["content-length"], String(blob.size));
    assert.equal(head.headers["docker-content-digest"], blob.digest);
    assert.equal(head.headers["x-cache"], cold ? "MISS" : "HIT");
    assert.equal(head.body.length, 0);
    assert.equal(sha256((await ask(blob)).body), blob.digest);
    assert.equal(proxy.count(blob.digest, "GET"), 1);
  }
});

test("serves ranges of cold and warm blobs, for one transfer each", async (t) => {
  const ranges: { range: string; from: number; to: (size: number) => number }[] = [
    { range: "bytes=0-0", from: 0, to: () => 0 },
    { range: "bytes=1000-4095", from: 1000, to: () => 4095 },
    { range: "bytes=4000000-", from: 4_000_000, to: (size) => size - 1 },
    { range: "bytes=4000000-99999999", from: 4_000_000, to: (size) => size - 1 },
    { range: "bytes=-500", from: -500, to: (size) => size - 1 },
  ];
  const { blobs, proxy, ask } = await coldBlobs("ranges", ranges.length);
  for (const [index, { range, from, to }] of ranges.entries()) {
    const blob = blobs[index] as Blob;
    const first = from < 0 ? blob.size + from : from;
    const last = to(blob.size);
    for (const expected of ["MISS", "HIT"]) {
      const answer = await ask(blob, { headers: { Range: range } });
      assert.equal(answer.status, 206, `${range} ${expected}`);
      assert.equal(answer.headers["content-range"], `bytes ${first}-${last}/${blob.size}`);
      assert.equal(answer.headers["x-cache"], expected);
      assert.ok(answer.body.equals(blob.bytes.subarray(first, last + 1)), range);
      // The cache also fetches the bytes outside of the range.
      await waitUntil("the blob is there", () => proxy.bytes(blob.digest) === blob.size);
    }
    assert.equal(proxy.count(blob.digest, "GET"), 1);
    assert.equal(sha256((await ask(blob)).body), blob.digest);
  }

  await t.test("refuses a range that doesn't exist, and the next pull is right", async () => {
    const [blob] = blobs as [Blob];
    const answer = await ask(blob, { headers: { Range: `bytes=${blob.size}-` } });
    assert.equal(answer.status, 416);
    assert.equal(answer.headers["content-range"], `bytes */${blob.size}`);
    assert.ok(Array.isArray(JSON.parse(answer.body.toString()).errors));
    assert.equal(sha256((await ask(blob)).body), blob.digest);
  });
});

test("sends a client to the upstream if it resumes a blob that breaks off again", async () => {
  const { blobs, proxy, ask } = await coldBlobs("resumed", 1);
  const [blob] = blobs as [Blob];
  const rest = () => ask(blob, { headers: { Range: "bytes=4000000-" } });
  {
    using _cut = proxy.inject({ kind: "truncate", bytes: 4_000_000 }, blob.digest);
    await assert.rejects(rest);
    assert.equal((await rest()).status, 503);
  }
  assert.equal(proxy.count(blob.digest, "GET"), 1);
  assert.equal(sha256((await ask(blob)).body), blob.digest);
  const answer = await rest();
  assert.equal(answer.status, 206);
  assert.equal(answer.headers["x-cache"], "HIT");
  assert.ok(answer.body.equals(blob.bytes.subarray(4_000_000)));
});

test("resumes an aborted download where it ended", async () => {
  const { blobs, proxy, ask, leave } = await coldBlobs("left", 1);
  const [blob] = blobs as [Blob];
  const { bytes, complete } = await leave(blob, 0.3);
  assert.equal(complete, false);
  const rest = await ask(blob, { headers: { Range: `bytes=${bytes}-` } });
  assert.equal(rest.status, 206);
  assert.equal(sha256(Buffer.concat([blob.bytes.subarray(0, bytes), rest.body])), blob.digest);
  assert.equal(proxy.count(blob.digest, "GET"), 1);
});

test("lets containerd resume an aborted pull", async (t) => {
  const parts = scope(t);
  const { registry, proxy, cache } = chain;
  const repository = "giantswarm/ended";
  const image = await randomImage({ repository, tag: "1", layerMB: 20 });
  await push(registry.url, image);
  const hostsDir = parts.use(await tempDir()).path;
  await writeHostsDir(hostsDir, cache.clients);
  const containerd = parts.use(await startContainerd());
  const [, layer] = image.blobs as [Blob, Blob];
  const reference = `${registryName}/${repository}:1`;
  {
    using _slow = proxy.inject({ kind: "throttle", bytesPerSecond: 2_000_000 }, layer.digest);
    await assert.rejects(containerd.fetch(reference, { hostsDir, timeoutMs: 5000 }));
  }
  await waitUntil("the fill completes without the client", () => proxy.bytes(layer.digest) === layer.size);
  await containerd.fetch(reference, { hostsDir });
  assert.deepEqual(new Set(await containerd.content()), digestsOf(image));
  assert.equal(proxy.count(layer.digest, "GET"), 1);
  await untilItHolds("nginx logs both", async () => {
    const lines = (await cache.logs("edge"))
      .split("\n")
      .filter((line) => line.includes(`/blobs/${layer.digest}`));
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).status),
      ["200", "206"],
    );
  });
});
