/** Clients that don't read what they requested hold the edge's memory. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { push } from "../../scripts/seed/push.ts";
import { filesDirectory } from "../support/cache-containers.ts";
import { registryName, startChain } from "../support/chain.ts";
import { download, get, unread } from "../support/http.ts";
import { randomImage } from "../support/images.ts";
import { scope } from "../support/scope.ts";
import { untilItHolds, waitUntil } from "../support/wait.ts";

const parts = scope(test);

test("refuses transfers beyond what the memory suffices for, and nothing else", async () => {
  const { registry, cache } = await startChain(parts);
  const { ca } = cache;
  const image = await randomImage({ repository: "giantswarm/slow", tag: "1", layerMB: 20 });
  await push(registry.url, image);
  const layer = image.blobs.find(({ size }) => size > 1e6);
  assert.ok(layer);
  const at = (path: string) => new URL(`/v2/${path}?ns=${registryName}`, cache.url);
  const blob = at(`giantswarm/slow/blobs/${layer.digest}`);
  assert.equal((await download(blob, { ca })).digest, layer.digest);

  const leave = (all: readonly IncomingMessage[]) => {
    for (const response of all) response.destroy();
  };

  const file = join(await filesDirectory(cache.container("edge"), "edge"), "nginx.conf");
  const config = await readFile(file, "utf8");
  // What the edge's limit of 1 GiB suffices for.
  assert.match(config, /limit_conn transfers 1493;/);
  await writeFile(file, config.replace("transfers 1493", "transfers 10"));
  // nginx takes up the limit during one of the rounds.
  const held = await waitUntil("exactly the requests beyond the limit are refused", async () => {
    const all: IncomingMessage[] = [];
    for (let count = 0; count < 12; count++) all.push(await unread(blob, { ca }));
    if (all.filter(({ statusCode }) => statusCode === 503).length === 2) return all;
    leave(all);
    return undefined;
  });
  assert.equal((await get(blob, { ca })).status, 503);
  assert.equal((await get(at(""), { ca })).status, 200);
  assert.equal((await get(at("giantswarm/slow/manifests/1"), { ca })).status, 200);
  await untilItHolds("nginx logs it", async () => {
    const logs = await cache.logs("edge");
    assert.match(logs, /limiting connections by zone "transfers"/);
    assert.match(logs, /"status":"503".*"refused":"limit"/);
  });

  leave(held);
  await waitUntil("another client is served", async () => {
    const { status, digest } = await download(blob, { ca });
    return status === 200 && digest === layer.digest;
  });
});
