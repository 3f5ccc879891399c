import assert from "node:assert/strict";
import { test } from "node:test";
import type { Manifest, Registry } from "../../scripts/prefetch/registry.ts";
import { wantedImages } from "../../scripts/prefetch/registry.ts";
import { type WarmOptions, warm } from "../../scripts/prefetch/warm.ts";

type Blob = Partial<Manifest["layers"][number]>;

const blob = (digest: string, more: Blob = {}) => ({ digest, size: 1, ...more });
const image = (...layers: Manifest["layers"]): Manifest => ({ manifests: [], layers });

/** Prefetches with an empty cache, and manifests by their references. @returns the requests to the cache, and the result for each image */
async function warmed(
  manifests: Readonly<Record<string, Manifest>>,
  texts: readonly string[],
  options: Partial<WarmOptions> = {},
) {
  const asked: string[] = [];
  const there = new Set<string>();
  const registry = {
    digest: async (_path: string, reference: string) => reference,
    manifest: async (_path: string, reference: string) => manifests[reference] ?? assert.fail(reference),
    async hasBlob(path: string, digest: string) {
      const key = `${path.split("/")[0]} ${digest}`;
      const had = there.has(key);
      if (!had) asked.push(key);
      there.add(key);
      return had;
    },
  } as unknown as Registry;
  const problems: string[] = [];
  const all: WarmOptions = { platforms: ["linux/amd64"], dryRun: false, ...options };
  for await (const { problem } of warm(registry, wantedImages(texts), all))
    if (problem !== undefined) problems.push(problem);
  return { asked, problems };
}

test("fetches a blob of two registries from both, and a blob of two images in one registry once", async () => {
  const manifests = { one: image(blob("a"), blob("shared")), other: image(blob("shared")) };
  const texts = ["one.test/x:one", "one.test/y:other", "two.test/z:other"];
  const { asked } = await warmed(manifests, texts);
  assert.deepEqual(asked, ["one.test a", "one.test shared", "two.test shared"]);
});

test("skips a layer that clients fetch from elsewhere", async () => {
  const foreign = blob("foreign", { urls: ["https://layers.example.com/foreign"] });
  const { asked } = await warmed({ one: image(foreign, blob("own", { urls: [] })) }, ["one.test/x:one"]);
  assert.deepEqual(asked, ["one.test own"]);
});

test("accepts a platform with the default variant of its processors", async () => {
  const platform = { os: "linux", architecture: "arm64" };
  for (const [wanted, variant, isWanted] of [
    ["linux/arm64/v8", undefined, true],
    ["linux/arm64/v8", "v8", true],
    ["linux/arm64", "v8", true],
    ["linux/arm64/v9", "v8", false],
  ] as const) {
    const below = { ...blob("below"), platform: { ...platform, ...(variant && { variant }) } };
    const manifests = { one: { manifests: [below], layers: [] }, below: image(blob("layer")) };
    const { asked, problems } = await warmed(manifests, ["one.test/x:one"], { platforms: [wanted] });
    assert.deepEqual(asked, isWanted ? ["one.test layer"] : [], wanted);
    assert.equal(problems.length, isWanted ? 0 : 1);
  }
});
