import assert from "node:assert/strict";
import { generateKeyPairSync, verify } from "node:crypto";
import { after, before, test } from "node:test";
import { type Digest, mediaTypes } from "../../scripts/seed/content.ts";
import { sampleArtifact, sampleChart, sampleImage } from "../../scripts/seed/samples.ts";
import { signatureOf } from "../../scripts/seed/signature.ts";
import { type Seeded, seed } from "../../scripts/seed/upstream.ts";
import { runClient } from "./clients/run.ts";
import { scope, tempDir } from "./scope.ts";
import { type TestUpstream, testUpstream } from "./upstream.ts";

const names = { registry: "registry.example.com", namespace: "team" };
const resources = scope({ after });
let upstream: TestUpstream;
let seeded: Seeded;

before(async () => {
  upstream = resources.use(await testUpstream());
  seeded = await seed(upstream.url, names);
});

/** The parts of an index or image manifest that the tests read. */
interface Manifest {
  readonly manifests: { readonly digest: Digest }[];
  readonly layers: { readonly digest: Digest }[];
}

async function manifest(repository: string, reference: string): Promise<Manifest> {
  const response = await fetch(new URL(`/v2/${repository}/manifests/${reference}`, upstream.url), {
    headers: { accept: `${mediaTypes.index}, ${mediaTypes.manifest}` },
  });
  assert.equal(response.status, 200);
  return (await response.json()) as Manifest;
}

test("builds the same content twice, byte by byte", async () => {
  assert.equal((await sampleImage(names)).manifest.digest, seeded.image.manifest.digest);
  assert.equal((await sampleChart(names)).manifest.digest, seeded.chart.manifest.digest);
  assert.equal(sampleArtifact(names).manifest.digest, seeded.artifact.manifest.digest);
});

test("lets a registry client copy the image with both platforms, which share a layer", async () => {
  const dir = resources.use(await tempDir());
  const source = `docker://${upstream.url.host}/team/esbuild:latest`;
  const copy = ["copy", "--insecure-policy", "--all", "--src-tls-verify=false", source, `dir:${dir.path}`];
  await runClient("skopeo", copy);
  const { manifests } = await manifest("team/esbuild", "latest");
  const images = await Promise.all(manifests.map(({ digest }) => manifest("team/esbuild", digest)));
  assert.equal(images.length, 2);
  assert.equal(new Set(images.map(({ layers }) => layers[0]?.digest)).size, 1);
  assert.equal(new Set(images.map(({ layers }) => layers[1]?.digest)).size, 2);
});

test("signs image and artifact, with signatures that name them", async () => {
  for (const { repository, manifest: signed } of [seeded.image, seeded.artifact]) {
    const [layer] = (await manifest(repository, `${signed.digest.replace(":", "-")}.sig`)).layers;
    const response = await fetch(new URL(`/v2/${repository}/blobs/${layer?.digest}`, upstream.url));
    const { critical } = JSON.parse(await response.text());
    assert.equal(critical.image["docker-manifest-digest"], signed.digest);
    assert.equal(critical.identity["docker-reference"], `registry.example.com/${repository}`);
  }
});

test("signs with its key and no other", () => {
  const [key, other] = [1, 2].map(() => generateKeyPairSync("ec", { namedCurve: "P-256" }));
  assert.ok(key && other);
  const [, payload] = signatureOf(seeded.artifact, names.registry, key.privateKey).blobs;
  const signature = Buffer.from(payload?.annotations?.["dev.cosignproject.cosign/signature"] ?? "", "base64");
  assert.ok(payload && verify("sha256", payload.bytes, key.publicKey, signature));
  assert.ok(!verify("sha256", payload.bytes, other.publicKey, signature));
});

test("changes nothing, not even the signatures, when it seeds again", async () => {
  const tag = `${seeded.image.manifest.digest.replace(":", "-")}.sig`;
  const before = await manifest("team/esbuild", tag);
  assert.deepEqual(await seed(upstream.url, names), seeded);
  assert.deepEqual(await manifest("team/esbuild", tag), before);
});

test("keeps the registry's content across a restart", async () => {
  await upstream.stop();
  await assert.rejects(manifest("team/esbuild", "latest"));
  await upstream.start();
  await manifest("team/esbuild", "latest");
});
