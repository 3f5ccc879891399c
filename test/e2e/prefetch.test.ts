/** The Pod's prefetch container fetches listed images into the cache before anyone pulls them. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import pMap from "p-map";
import { podman } from "../../components/hosts/local/podman.ts";
import { diskBudget } from "../../components/pod/edge/budget.ts";
import { artifact, blob, type Content, jsonBlob, mediaTypes } from "../../scripts/seed/content.ts";
import { push } from "../../scripts/seed/push.ts";
import { asked, type Chain, registryName, startChain } from "../support/chain.ts";
import { digestsOf } from "../support/content.ts";
import { randomImage } from "../support/images.ts";
import { scope, tempDir } from "../support/scope.ts";
import { assertServed, fetchedBlobs, smallImage } from "../support/small-images.ts";
import { waitUntil } from "../support/wait.ts";

const imageCount = 15;
const path = (name: string) => `${registryName}/giantswarm/${name}`;

async function metrics({ cache }: Chain): Promise<Record<string, number>> {
  const { edgeStatus } = cache.layout.ports;
  const text = await (await fetch(`http://127.0.0.1:${edgeStatus}/metrics/prefetch`)).text();
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return Object.fromEntries(
    lines.map((line) => {
      const [name = "", value] = line.split(" ");
      return [name.replace("registry_cache_prefetch_", ""), Number(value)];
    }),
  );
}

async function untilPresent(chain: Chain, images: number): Promise<Record<string, number>> {
  const arePresent = async () => {
    const now = await metrics(chain);
    return now.images_wanted === images && now.images_present === images && now;
  };
  // A program starts for each image, which takes time on a busy machine.
  return await waitUntil(`${images} images are there`, arePresent, 120_000);
}

describe("a release", () => {
  const parts = scope(test);
  let chain: Chain;
  let contents: Content[];
  let release: string;

  before(async () => {
    chain = await startChain(parts, { prefetch: {} });
    const numbers = Array.from({ length: imageCount }, (_, number) => number);
    contents = await pMap(numbers, (number) => smallImage(`app-${number}`, ["1.0"]));
    await pMap(contents, (content) => push(chain.registry.url, content), { concurrency: 8 });
    release = join(parts.use(await tempDir()).path, "release.txt");
    await writeFile(
      release,
      contents.map(({ repository }) => `${registryName}/${repository}:1.0\n`).join(""),
    );
  });

  test("is fetched by the running container, and served from the cache while the upstream is down", async (t) => {
    const id = () => podman(["inspect", "--format", "{{.Id}}", chain.cache.container("prefetch")]);
    const before = await id();
    const start = performance.now();
    await chain.cache.apply({ prefetch: { files: [{ path: release }] } });
    const {
      bytes_wanted,
      bytes_present,
      failures_total,
      success_time_seconds = 0,
    } = await untilPresent(chain, imageCount);
    t.diagnostic(`${imageCount} images in ${((performance.now() - start) / 1000).toFixed(1)} s`);
    assert.equal(await id(), before);
    assert.equal(bytes_present, bytes_wanted);
    assert.equal(failures_total, 0);
    assert.ok(success_time_seconds > 1.7e9);
    const blobs = fetchedBlobs(chain);
    assert.equal(new Set(blobs).size, blobs.length, "a blob came twice");
    await chain.registry.stop();
    try {
      for (const content of contents) await assertServed(chain, content);
      assert.equal(fetchedBlobs(chain).length, blobs.length);
    } finally {
      await chain.registry.start();
    }
  });

  test("isn't counted among the clients' requests", async () => {
    const { exporter } = chain.cache.layout.ports;
    const text = await (await fetch(`http://127.0.0.1:${exporter}/metrics`)).text();
    assert.match(text, /http_response_count_total\{.*kind="blob"/);
    assert.doesNotMatch(text, /cache="MISS".*kind="blob"/);
  });

  test("can name signatures by their tags, or by a pattern", async () => {
    const image = await smallImage("signed", ["1.0"]);
    const other = await smallImage("signed-too", ["1.0"]);
    const signature = ({ repository, manifest }: Content) =>
      artifact({
        repository,
        tags: [`${manifest.digest.replace(":", "-")}.sig`],
        config: jsonBlob(mediaTypes.imageConfig, { os: "", architecture: "", repository }),
        layers: [blob("application/vnd.dev.cosign.simplesigning.v1+json", Buffer.from(repository))],
      });
    const signatures = [signature(image), signature(other)];
    for (const content of [image, other, ...signatures]) await push(chain.registry.url, content);
    const images = ["signed:1.0", `signed:${signatures[0]?.tags[0]}`, "signed-too:sha256-*.sig"].map(path);
    await chain.cache.apply({ prefetch: { images } });
    await untilPresent(chain, 3);
    await chain.registry.stop();
    try {
      for (const content of [image, ...signatures]) await assertServed(chain, content);
    } finally {
      await chain.registry.start();
    }
  });

  test("can name tags by a pattern, and only some platforms of its images", async () => {
    const content = await smallImage("tags", ["2.0", "2.1", "3.0"]);
    await push(chain.registry.url, content);
    chain.proxy.forget();
    await chain.cache.apply({ prefetch: { images: [`${path("tags")}:2.*`], platforms: ["linux/arm64"] } });
    await untilPresent(chain, 2);
    const [amd64, arm64] = content.children;
    assert.ok(amd64 && arm64);
    const own = ({ blobs }: Content) =>
      blobs.map(({ digest }) => digest).filter((it) => !digestsOf(contents[0] as Content).has(it));
    assert.deepEqual(new Set(fetchedBlobs(chain)), new Set(own(arm64)));
    assert.equal(
      asked(chain.proxy).some((request) => request.endsWith("/manifests/3.0")),
      false,
    );
  });

  test("can't include what the cache doesn't serve", async () => {
    await assert.rejects(
      chain.cache.apply({ prefetch: { images: [`${registryName}/other/app:1`] } }),
      /prefetch\.images\[0\]: .* is of a repository that the cache may not serve/,
    );
  });

  test("reports what fails, and fetches the rest", async () => {
    await chain.cache.apply({ prefetch: { images: [`${path("nowhere")}:1`, `${path("app-0")}:1.0`] } });
    // The previous list also had two images.
    await waitUntil("the round ends", async () => {
      const { images_wanted, images_present, failures_total = 0 } = await metrics(chain);
      return images_wanted === 2 && images_present === 1 && failures_total > 0;
    });
    assert.match(
      await chain.cache.logs("prefetch"),
      /"failed","image":"registry\.test\/giantswarm\/nowhere:1","detail":".*not found/,
    );
  });

  test("reports why a part of an image can't be fetched", async () => {
    const content = await randomImage({ repository: "giantswarm/parts", tag: "1", layerMB: 1 });
    await push(chain.registry.url, content);
    const errors = [{ code: "BLOB_UNKNOWN", message: "blob unknown to registry" }];
    using _gone = chain.proxy.inject(
      { kind: "status", status: 404, body: `${JSON.stringify({ errors })}\n` },
      content.blobs[0]?.digest,
    );
    await chain.cache.apply({ prefetch: { images: [`${path("parts")}:1`] } });
    await waitUntil("it is said", async () =>
      /"failed","image":"registry\.test\/giantswarm\/parts:1","detail":"[^"]*BLOB_UNKNOWN/.test(
        await chain.cache.logs("prefetch"),
      ),
    );
  });

  test("can have an empty file, a layer twice, and a platform with the default variant", async () => {
    const layer = blob("application/octet-stream", Buffer.from("layer"));
    const empty = blob("application/octet-stream", Buffer.from(""));
    const odd = artifact({ repository: "giantswarm/odd", tags: ["1"], layers: [empty, layer, layer] });
    await push(chain.registry.url, odd);
    chain.proxy.forget();
    const before = await metrics(chain);
    const images = [`${path("odd")}:1`, `${path("app-0")}:1.0`];
    await chain.cache.apply({ prefetch: { images, platforms: ["linux/arm64/v8"] } });
    const after = await untilPresent(chain, 2);
    const bytes = odd.blobs[0] && odd.blobs[0].size + layer.size;
    assert.equal((after.bytes_total ?? 0) - (before.bytes_total ?? 0), bytes);
    assert.equal(fetchedBlobs(chain).filter((digest) => digest === layer.digest).length, 1);
    await assertServed(chain, odd);
  });
});

test("continues an interrupted round, and skips what has no space without evicting anything", async (t) => {
  await using parts = new AsyncDisposableStack();
  const chain = await startChain(parts, {
    prefetch: {},
    region: { storage: { kind: "disk", size: "1GiB" } },
  });
  const names = Array.from({ length: 4 }, (_, number) => `part-${number}`);
  for (const name of names)
    await push(
      chain.registry.url,
      await randomImage({ repository: `giantswarm/${name}`, tag: "1", layerMB: 1 }),
    );
  const images = names.map((name) => `${path(name)}:1`);

  // At this rate, 1 MB takes a second.
  await chain.cache.apply({ prefetch: { images, mbps: 8 } });
  await waitUntil(
    "the second blob is under way",
    async () => ((await metrics(chain)).bytes_total ?? 0) > 1e6,
  );
  const start = performance.now();
  await chain.cache.stop();
  t.diagnostic(`stopped within ${((performance.now() - start) / 1000).toFixed(1)} s`);
  assert.ok(fetchedBlobs(chain).length < 2 * names.length, "the rate isn't bounded");
  await chain.cache.start();
  await untilPresent(chain, names.length);
  assert.equal(new Set(fetchedBlobs(chain)).size, 2 * names.length);

  // Its manifest claims more bytes than the whole store has.
  const layer = blob("application/octet-stream", Buffer.from("small"));
  const huge = artifact({ repository: "giantswarm/huge", tags: ["1"], layers: [{ ...layer, size: 500e6 }] });
  await push(chain.registry.url, { ...huge, blobs: [huge.blobs[0] ?? layer, layer] });
  chain.proxy.forget();
  await chain.cache.apply({ prefetch: { images: [`${path("huge")}:1`, ...images] } });
  const { images_present, images_without_room } = await waitUntil("the round ends", async () => {
    const now = await metrics(chain);
    return now.images_wanted === 5 && now.images_without_room === 1 && now;
  });
  assert.deepEqual([images_present, images_without_room], [4, 1]);
  assert.match(
    await chain.cache.logs("prefetch"),
    /"no room","image":"registry\.test\/giantswarm\/huge:1","detail":"5000000\d\d bytes are missing/,
  );
  assert.deepEqual(fetchedBlobs(chain), []);
});

test("counts the images of an earlier list, even before the janitor has counted them", async () => {
  await using parts = new AsyncDisposableStack();
  const chain = await startChain(parts, {
    prefetch: {},
    region: { storage: { kind: "disk", size: "1GiB" } },
  });
  const pushed = async (name: string, layerMB: number) => {
    const content = await randomImage({ repository: `giantswarm/${name}`, tag: "1", layerMB });
    await push(chain.registry.url, content);
    return content;
  };
  const { blobsMiB } = diskBudget(1);
  // Two of them fit, and three don't.
  const layerMB = Math.floor(blobsMiB * 0.4);
  const inUse = await pushed("in-use", layerMB);
  for (const name of ["first", "second"]) await pushed(name, layerMB);
  await assertServed(chain, inUse);
  const stored = async () => {
    const { edgeStatus } = chain.cache.layout.ports;
    const text = await (await fetch(`http://127.0.0.1:${edgeStatus}/metrics/janitor`)).text();
    return Number(/^registry_cache_store_bytes\{zone="blobs"\} (\d+)$/m.exec(text)?.[1]);
  };
  // After a slow count, metrics.sh waits longer until the next.
  await waitUntil("the janitor has counted", async () => (await stored()) > layerMB * 1e6, 210_000);
  await chain.cache.apply({ prefetch: { images: [`${path("first")}:1`] } });
  await untilPresent(chain, 1);
  await chain.cache.apply({ prefetch: { images: ["first", "second"].map((name) => `${path(name)}:1`) } });
  await waitUntil("the round ends", async () => {
    const now = await metrics(chain);
    return now.images_wanted === 2 && now.images_without_room === 1;
  });
  chain.proxy.forget();
  await assertServed(chain, inUse);
  assert.deepEqual(fetchedBlobs(chain), []);
});
