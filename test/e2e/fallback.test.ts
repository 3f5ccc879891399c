/**
 * Whatever is wrong with the cache, clients get their images from the upstream by themselves. How much longer than a direct pull that takes is
 * printed (docs/clients.md has figures); the assertion is only that nobody waits for long.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { breakages } from "../support/clients/broken-cache.ts";
import {
  coldImage,
  delay,
  fallbackSetting,
  fromUpstream,
  type Setting,
  withCache,
} from "../support/clients/fallback.ts";
import { containerdNode, type Node, podmanNode } from "../support/clients/node.ts";
import { blackHole, silentWay } from "../support/clients/way-to-cache.ts";
import { scope } from "../support/scope.ts";
import { smallDisk } from "../support/small-disk.ts";

/** Far above what is measured, for a machine that is busy with other things. */
const longestMs = 30_000;

describe("with the cache", () => {
  const parts = scope(test);
  let to: Setting;
  let current: Node;
  let all: readonly Node[];

  before(async () => {
    to = await fallbackSetting(parts);
    current = parts.use(await containerdNode("2"));
    all = [
      current,
      parts.use(await containerdNode("1.7")),
      parts.use(await podmanNode(to.chain.cache.caFile)),
    ];
  });

  test("up, nodes ask nobody else", async (t) => {
    for (const node of all) {
      const image = await coldImage(to, `up for ${node.name}`);
      await delay(t, node, to, image, withCache(to));
      assert.equal(fromUpstream(to, image), 0);
    }
  });

  test("refusing the repository", async (t) => {
    for (const node of all) {
      const image = await coldImage(to, `refused to ${node.name}`, { team: "elsewhere" });
      assert.ok((await delay(t, node, to, image, withCache(to))) < longestMs);
      assert.equal(fromUpstream(to, image), image.blobs.length);
    }
  });

  for (const [kind, { gives, begin }] of Object.entries(breakages)) {
    test(kind, async (t) => {
      await using breakage = await begin(to.chain.cache);
      // podman takes the blobs from where it got the manifest, or not at all.
      const nodes = gives === "manifests and pieces" ? all.filter(({ name }) => name !== "podman") : all;
      for (const node of nodes) {
        const image = await coldImage(to, `${kind} for ${node.name}`);
        assert.ok((await delay(t, node, to, image, withCache(to, breakage.port))) < longestMs);
        if (gives === "nothing") assert.equal(fromUpstream(to, image), image.blobs.length);
      }
    });
  }

  // The others have no setting for how long they wait for a connection: 30 s for each request.
  test("black-holed", async (t) => {
    await using hole = await blackHole();
    const image = await coldImage(to, "black-holed");
    assert.ok((await delay(t, current, to, image, withCache(to, hole.port))) < longestMs);
    assert.equal(fromUpstream(to, image), image.blobs.length);
  });

  // No setting says how long to wait for a TLS handshake: 10 s for each request.
  test("taking connections and saying nothing", async (t) => {
    await using way = await silentWay();
    const image = await coldImage(to, "silent", { layers: 1 });
    assert.ok((await delay(t, current, to, image, withCache(to, way.port))) < 2 * longestMs);
    assert.equal(fromUpstream(to, image), image.blobs.length);
  });
});

test("with the cache's disk full", async (t) => {
  const parts = scope(t);
  const disk = parts.use(await smallDisk(96));
  const to = await fallbackSetting(parts, { dataDir: join(disk.path, "cache") });
  const nodes = [await containerdNode("2"), await podmanNode(to.chain.cache.caFile)].map((node) =>
    parts.use(node),
  );
  await using _ballast = await disk.fill();
  for (const node of nodes) {
    const image = await coldImage(to, `full for ${node.name}`);
    assert.ok((await delay(t, node, to, image, withCache(to))) < longestMs);
  }
});
