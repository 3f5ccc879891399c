/** The cache can't reach the upstream and doesn't have the image. Nodes can reach the upstream, and pull from there without a long wait for the cache. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { registryName } from "../support/chain.ts";
import { coldImage, delay, fallbackSetting, type Setting, withCache } from "../support/clients/fallback.ts";
import { containerdNode, type Node } from "../support/clients/node.ts";
import { download } from "../support/http.ts";
import { outages } from "../support/outages.ts";
import { scope } from "../support/scope.ts";
import { waitUntil } from "../support/wait.ts";

/** The time in which the cache notices that an upstream is silent: interval + patience × limit in origin.sh. */
const noticeSeconds = 10;

/** Much longer than measured, for busy machines. */
const longestMs = 30_000;

describe("nodes pull from the upstream while the cache finds it", () => {
  const parts = scope(test);
  let to: Setting;
  let node: Node;

  before(async () => {
    to = await fallbackSetting(parts);
    node = parts.use(await containerdNode("2"));
  });

  test("silent in the middle of a blob", async (t) => {
    const image = await coldImage(to, "half", { layers: 1 });
    const layer = image.blobs.find(({ size }) => size > 400_000) ?? assert.fail("no layer");
    using _half = to.chain.proxy.inject({ kind: "hold", bytes: 250_000 }, layer.digest);
    assert.ok((await delay(t, node, to, image, withCache(to))) < longestMs);
    assert.ok(to.chain.proxy.bytes(layer.digest) >= 250_000);
    assert.ok(to.upstream.count(layer.digest, "GET") > 0);
  });

  for (const [kind, begin] of Object.entries(outages)) {
    test(kind, async (t) => {
      const { cache, proxy } = to.chain;
      const unknown = await coldImage(to, `${kind} unknown`);
      const later = await coldImage(to, `${kind} later`);
      const halfKnown = await coldImage(to, `${kind} half-known`);
      const manifest = new URL(`/v2/${halfKnown.repository}/manifests/1?ns=${registryName}`, cache.url);
      await waitUntil(
        "the manifest is cached",
        async () => (await download(manifest, { ca: cache.ca })).status === 200,
      );
      await using _outage = await begin(proxy);
      t.diagnostic("as it begins:");
      assert.ok((await delay(t, node, to, unknown, withCache(to))) < longestMs);
      if (kind === "black-holed") await sleep(noticeSeconds * 1000);
      t.diagnostic("later:");
      assert.ok((await delay(t, node, to, later, withCache(to))) < longestMs);
      t.diagnostic("with the manifest cached:");
      assert.ok((await delay(t, node, to, halfKnown, withCache(to))) < longestMs);
    });
  }
});
