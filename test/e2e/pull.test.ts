import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Content, Digest } from "../../scripts/seed/content.ts";
import { push } from "../../scripts/seed/push.ts";
import { sampleArtifact, sampleChart, sampleImage } from "../../scripts/seed/samples.ts";
import { signatureOf } from "../../scripts/seed/signature.ts";
import { startCache, type TestCache } from "../support/cache.ts";
import { asked, frontedUpstream, registryName, startChain } from "../support/chain.ts";
import { startContainerd } from "../support/clients/containerd.ts";
import { craneDigest, craneManifest, cranePull } from "../support/clients/crane.ts";
import { helmTemplate } from "../support/clients/helm.ts";
import { writeHostsDir } from "../support/clients/hosts-dir.ts";
import { orasBlob, orasCopy, orasManifest } from "../support/clients/oras.ts";
import { podmanClient } from "../support/clients/podman.ts";
import { skopeoCopy } from "../support/clients/skopeo.ts";
import { digestsOf, layoutContent } from "../support/content.ts";
import { randomImage } from "../support/images.ts";
import { scope, tempDir } from "../support/scope.ts";

/** The clients' configuration from the stack outputs, unchanged, in files. */
async function clientFiles(parts: AsyncDisposableStack, { clients, caFile }: TestCache) {
  const hostsDir = parts.use(await tempDir()).path;
  await writeHostsDir(hostsDir, clients);
  const registriesConf = join(parts.use(await tempDir()).path, "registries.conf");
  await writeFile(registriesConf, clients.registriesConf);
  return { hostsDir, containers: { registriesConf, caFile } };
}

async function emptyDir(t: TestContext): Promise<string> {
  return scope(t).use(await tempDir()).path;
}

/** Longer than a test, so that no tag expires. */
const region = { freshnessSeconds: 3600 };

test("serves every kind of content to every client, and fetches each object once", async (t) => {
  const parts = scope(t);
  const names = { registry: registryName, namespace: "giantswarm" };
  const repositories = ["giantswarm/**", "charts/giantswarm/**"];
  const { registry, proxy, cache } = await startChain(parts, { repositories, region });
  const image = await sampleImage(names);
  const [amd64, arm64] = image.children as [Content, Content];
  const chart = await sampleChart(names);
  const bom = sampleArtifact(names);
  const signature = signatureOf(image, registryName);
  for (const content of [image, chart, bom, signature]) await push(registry.url, content);

  const { hostsDir, containers } = await clientFiles(parts, cache);
  const named = ({ repository, tags: [tag] }: Content) => `${registryName}/${repository}:${tag}`;
  const digested = ({ repository, manifest }: Content) => `${registryName}/${repository}@${manifest.digest}`;
  // Clients without mirrors name the cache, with the registry as the first part of the path.
  const atCache = (reference: string) => `${cache.url.host}/${reference}`;
  const containerd = parts.use(await startContainerd());
  const podman = parts.use(await podmanClient());

  const all = new Set([image, chart, bom, signature].flatMap((content) => [...digestsOf(content)]));

  /** Digests that the upstream served. It served the other manifests by tag. */
  const given = () =>
    proxy.requests
      .filter(({ method }) => method === "GET")
      .flatMap(({ path }) => path.match(/sha256:[a-f0-9]{64}$/)?.[0] ?? [])
      .sort();

  /** The digests that containerd fetches: all except the other platform's own layer. */
  const without = (platform: Content, digests: ReadonlySet<Digest>) =>
    new Set([...digests].filter((digest) => digest !== platform.blobs.at(-1)?.digest));

  await t.test("serves containerd, all cold, for one platform", async () => {
    await containerd.pull(named(image), { hostsDir });
    for (const content of [chart, bom, signature]) await containerd.fetch(named(content), { hostsDir });
    assert.deepEqual(new Set(await containerd.content()), without(arm64, all));
  });

  await t.test("serves podman, cold, for the other platform", async () => {
    await podman.pull(named(image), { ...containers, platform: "linux/arm64" });
    await podman.removeAll();
    assert.deepEqual(given(), [...new Set(given())], "nothing twice");
    // From here on, the cache has everything.
    proxy.forget();
  });

  await t.test("serves containerd by tag and by digest from what it has", async () => {
    for (const platform of ["linux/amd64", "linux/arm64"]) {
      for (const reference of [named(image), digested(image)]) {
        await containerd.removeAll();
        await containerd.fetch(reference, { hostsDir, platform });
        const expected = without(platform === "linux/amd64" ? arm64 : amd64, digestsOf(image));
        assert.deepEqual(new Set(await containerd.content()), expected);
      }
    }
    assert.deepEqual(asked(proxy), []);
  });

  await t.test("serves podman by tag and by digest, and the pulled image runs", async () => {
    for (const reference of [named(image), digested(image)]) {
      await podman.pull(reference, containers);
      assert.equal(await podman.run(reference), image.tags[0]);
      await podman.removeAll();
    }
    assert.deepEqual(asked(proxy), []);
  });

  await t.test("serves skopeo all platforms, by its mirror and by the cache's own name", async (t) => {
    for (const [reference, options] of [
      [named(image), containers],
      [atCache(digested(image)), { caFile: cache.caFile }],
    ] as const) {
      const layout = await emptyDir(t);
      await skopeoCopy(reference, layout, options);
      assert.deepEqual(await layoutContent(layout), digestsOf(image));
    }
    assert.deepEqual(asked(proxy), []);
  });

  await t.test("serves crane", async (t) => {
    const layout = await emptyDir(t);
    await cranePull(atCache(named(image)), cache.caFile, layout);
    assert.deepEqual(await layoutContent(layout), digestsOf(image));
    assert.equal(await craneDigest(atCache(named(image)), cache.caFile), image.manifest.digest);
    const manifest = await craneManifest(atCache(digested(amd64)), cache.caFile);
    assert.equal(manifest, Buffer.from(amd64.manifest.bytes).toString());
    assert.deepEqual(asked(proxy), []);
  });

  await t.test("serves oras an artifact and its signature", async (t) => {
    for (const content of [bom, signature, image]) {
      const layout = await emptyDir(t);
      await orasCopy(atCache(named(content)), cache.caFile, layout);
      assert.deepEqual(await layoutContent(layout), digestsOf(content));
    }
    assert.match(signature.tags[0] ?? "", /^sha256-[a-f0-9]{64}\.sig$/);
    const manifest = await orasManifest(atCache(named(signature)), cache.caFile);
    assert.equal(manifest, Buffer.from(signature.manifest.bytes).toString());
    const [payload] = signature.blobs.slice(1);
    const file = join(await emptyDir(t), "payload");
    await orasBlob(atCache(`${registryName}/${signature.repository}@${payload?.digest}`), cache.caFile, file);
    assert.deepEqual(asked(proxy), []);
  });

  await t.test("serves helm", async () => {
    const [[from, to]] = Object.entries(cache.clients.chartUrls) as [[string, string]];
    const url = `oci://${registryName}/${chart.repository}`.replace(from, to);
    const rendered = await helmTemplate(url, chart.tags[0] as string, cache.caFile);
    assert.match(rendered, new RegExp(`image: ["']?${named(image)}`));
    assert.deepEqual(asked(proxy), []);
  });

  await t.test("needs no prefix for the default upstream", async () => {
    const reference = atCache(`${image.repository}:${image.tags[0]}`);
    assert.equal(await craneDigest(reference, cache.caFile), image.manifest.digest);
    assert.deepEqual(asked(proxy), []);
  });

  await t.test("fetches a layer that two repositories share once", async (t) => {
    const same = { tag: "1", layerMB: 1, seed: "shared" };
    const one = await randomImage({ repository: "giantswarm/one", ...same });
    const two = await randomImage({ repository: "giantswarm/two", ...same });
    for (const content of [one, two]) {
      await push(registry.url, content);
      const layout = await emptyDir(t);
      await cranePull(`${cache.url.host}/${content.repository}:1`, cache.caFile, layout);
      assert.deepEqual(await layoutContent(layout), digestsOf(content));
    }
    for (const { digest } of one.blobs) assert.equal(proxy.count(digest, "GET"), 1);
  });
});

test("serves several upstreams behind one endpoint that have the same repository", async (t) => {
  const parts = scope(t);
  const registries = ["registry.test", "other.test", "registry.test:5000"];
  const served = await Promise.all(
    registries.map(async (registry, index) => {
      const upstream = await frontedUpstream(parts);
      const content = await randomImage({
        repository: "giantswarm/app",
        tag: "1",
        layerMB: 1,
        seed: registry,
      });
      await push(upstream.registry.url, content);
      const { proxy } = upstream;
      const entry = {
        name: `upstream-${index}`,
        registry,
        url: proxy.url.origin,
        repositories: ["giantswarm/**"],
      };
      return { registry, content, proxy, entry };
    }),
  );
  const cache = parts.use(await startCache({ upstreams: served.map(({ entry }) => entry), region }));
  const { hostsDir, containers } = await clientFiles(parts, cache);

  /** Only the upstream that was meant is asked, and only the first time. */
  const onlyAsked = (expected: number) => {
    for (const { content, proxy } of served) {
      const counts = served.map((it) => proxy.count(it.content.blobs[0]?.digest as string, "GET"));
      assert.deepEqual(
        counts,
        served.map((it) => (it.content === content ? expected : 0)),
      );
    }
  };

  await t.test("distinguishes them by ?ns=", async () => {
    const containerd = parts.use(await startContainerd());
    for (const { registry, content } of served) {
      await containerd.removeAll();
      await containerd.fetch(`${registry}/giantswarm/app:1`, { hostsDir });
      assert.deepEqual(new Set(await containerd.content()), digestsOf(content));
    }
    onlyAsked(1);
  });

  await t.test("distinguishes them by the path", async (t) => {
    for (const { proxy } of served) proxy.forget();
    const podman = parts.use(await podmanClient());
    // A registry with a port can't be part of a path; podman asks it itself.
    for (const { registry, content } of served.filter(({ registry }) => !registry.includes(":"))) {
      await podman.pull(`${registry}/giantswarm/app:1`, containers);
      const layout = await emptyDir(t);
      await cranePull(`${cache.url.host}/${registry}/giantswarm/app:1`, cache.caFile, layout);
      assert.deepEqual(await layoutContent(layout), digestsOf(content));
    }
    for (const { proxy } of served) assert.deepEqual(asked(proxy), []);
  });
});
