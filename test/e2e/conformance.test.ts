import assert from "node:assert/strict";
import { test } from "node:test";
import { artifact, type Content, index, jsonBlob } from "../../scripts/seed/content.ts";
import { push } from "../../scripts/seed/push.ts";
import { startChain } from "../support/chain.ts";
import { ociConformance } from "../support/clients/oci-conformance.ts";
import { randomImage } from "../support/images.ts";
import { scope } from "../support/scope.ts";

const repository = "giantswarm/conformance";

/** An image, an index over two, and an artifact, in one repository, which is all that the suite looks at. */
async function contents(): Promise<Content[]> {
  const variant = (seed: string) => randomImage({ repository, tag: "image", layers: 2, layerMB: 1, seed });
  const [amd64, arm64] = (await Promise.all(["amd64", "arm64"].map(variant))) as [Content, Content];
  const images = [
    { platform: { os: "linux", architecture: "amd64" }, image: { ...amd64, tags: [] } },
    { platform: { os: "linux", architecture: "arm64" }, image: { ...arm64, tags: [] } },
  ] as const;
  return [
    await variant("image"),
    index({ repository, tags: ["index", "latest"], images }),
    artifact({
      repository,
      tags: ["artifact"],
      artifactType: "application/vnd.example",
      layers: [jsonBlob("application/vnd.example", { example: true })],
    }),
  ];
}

/** How often a case is run: once for each of so many tags, manifests and blobs. */
const pulls = { tags: 4, manifests: 5, blobs: 11 };

/** The cases, and how often each of them must pass. */
const expected: Readonly<Record<string, number>> = {
  ping: 1,
  "empty/tag list": 1,
  "read-only/tag-list": 1,
  "read-only/head": 1,
  "read-only/head/manifest-head-by-tag": pulls.tags,
  "read-only/head/manifest-head-by-digest": pulls.manifests,
  "read-only/head/blob-head": pulls.blobs,
  "read-only/pull": 1,
  "read-only/pull/manifest-by-tag": pulls.tags,
  "read-only/pull/manifest-by-digest": pulls.manifests,
  "read-only/pull/blob-get": pulls.blobs,
  "missing-manifest": 1,
  "missing-manifest/by-digest": 1,
  "missing-manifest/by-tag": 1,
  "invalid-digest-format": 1,
  "invalid-digest-format/manifest-get": 1,
};

/**
 * distribution, here both the upstream and the cache's origin, has no referrers API, and the cache passes none on: a client takes the 404 as
 * the sign to look for the `sha256-…` tag instead, as the specification asks it to (spec.md, "Unavailable Referrers API"). `empty` and `read-only`
 * are the groups of these two cases.
 */
const exempt = ["empty", "empty/referrers", "read-only", "read-only/referrers"];

test("the pull category of the distribution specification, through the cache as at the upstream", async (t) => {
  const { registry, cache } = await startChain(scope(t));
  const data = await contents();
  for (const content of data) await push(registry.url, content);

  const results = {
    upstream: await ociConformance(registry.url, data),
    cold: await ociConformance(cache.url, data, { caFile: cache.caFile }),
    warm: await ociConformance(cache.url, data, { caFile: cache.caFile }),
  };

  const all = Object.entries(expected).flatMap(([name, times]) => Array<string>(times).fill(name));
  for (const [which, { passed, failed }] of Object.entries(results)) {
    assert.deepEqual(failed, exempt, which);
    assert.deepEqual(passed, all.sort(), which);
  }
});
