import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";
import { artifact, type Content, index, jsonBlob } from "../../scripts/seed/content.ts";
import { push } from "../../scripts/seed/push.ts";
import { type Chain, registryName, startChain } from "../support/chain.ts";
import { ociConformance } from "../support/clients/oci-conformance.ts";
import { orasAttach, orasReferrers } from "../support/clients/oras.ts";
import { randomImage } from "../support/images.ts";
import { scope, tempDir } from "../support/scope.ts";

const repository = "giantswarm/conformance";

/** An image, an index of two images, and an artifact, in one repository, because the suite tests only one. */
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

/** How often a case runs: once per tag, manifest or blob. */
const pulls = { tags: 4, manifests: 5, blobs: 11 };

/** The number of times that each case must pass. */
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
 * Cases that may fail. distribution, which is the upstream and the cache's origin here, has no referrers API, and the cache doesn't add one. `empty`
 * and `read-only` are the groups of these two cases.
 */
const exempt = ["empty", "empty/referrers", "read-only", "read-only/referrers"];

const parts = scope(test);
let chain: Chain;
before(async () => {
  chain = await startChain(parts);
});

test("passes the pull category of the distribution specification, as the upstream does", async () => {
  const { registry, cache } = chain;
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

test("lets oras fail instead of finding nothing attached to an image", async (t) => {
  const { registry, cache } = chain;
  const repository = "giantswarm/signed";
  const image = await randomImage({ repository, tag: "signed", layerMB: 1 });
  await push(registry.url, image);
  const file = join(scope(t).use(await tempDir()).path, "signature");
  await writeFile(file, "signature");
  const artifactType = "application/vnd.example.signature";
  await orasAttach(`${registry.url.host}/${repository}:signed`, artifactType, file);

  for (const path of ["", `${registryName}/`]) {
    const reference = `${cache.url.host}/${path}${repository}:signed`;
    await assert.rejects(orasReferrers(reference, cache.caFile), /no referrers: .* at the registry itself/);
  }
});
