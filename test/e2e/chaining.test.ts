/** Another registry cache whose upstream is ours. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";
import { stringify } from "yaml";
import { push } from "../../scripts/seed/push.ts";
import { signatureOf } from "../../scripts/seed/signature.ts";
import { ensureTool } from "../setup/go-tools.ts";
import type { TestCache } from "../support/cache.ts";
import { asked, type Chain, registryName, startChain } from "../support/chain.ts";
import { cranePull } from "../support/clients/crane.ts";
import { regctlCopy, regctlTags } from "../support/clients/regctl.ts";
import { digestsOf, layoutContent } from "../support/content.ts";
import { randomIndex } from "../support/images.ts";
import { freePort } from "../support/ports.ts";
import { startProcess } from "../support/process.ts";
import { scope, tempDir } from "../support/scope.ts";
import { waitUntil } from "../support/wait.ts";

/** Longer than a test, so that no tag expires. */
const region = { freshnessSeconds: 3600 };

const parts = scope(test);
let chain: Chain;
before(async () => {
  chain = await startChain(parts, { region });
});

/** CNCF distribution as a cache in front of ours. It can't set a path at its upstream, so it caches our default upstream. */
async function distributionBefore(parts: AsyncDisposableStack, cache: TestCache): Promise<URL> {
  const directory = parts.use(await tempDir()).path;
  const url = new URL(`http://127.0.0.1:${await freePort()}`);
  const config = join(directory, "config.yaml");
  await writeFile(
    config,
    stringify({
      version: 0.1,
      storage: { filesystem: { rootdirectory: join(directory, "data") } },
      http: { addr: url.host },
      proxy: { remoteurl: cache.url.origin },
    }),
  );
  parts.use(
    await startProcess(await ensureTool("registry"), ["serve", config], {
      logFile: join(directory, "registry.log"),
      env: { OTEL_TRACES_EXPORTER: "none", SSL_CERT_FILE: cache.caFile },
    }),
  );
  await waitUntil("distribution serves", async () => (await fetch(new URL("/v2/", url))).ok);
  return url;
}

async function layoutOf(copy: (directory: string) => Promise<void>): Promise<Set<string>> {
  await using layout = await tempDir();
  await copy(layout.path);
  return await layoutContent(layout.path);
}

// The current zot can't be built here. This library does its fetching.
test("serves regclient, zot's client library, an image with its signature under its registry's path", async () => {
  const { registry, proxy, cache } = chain;
  const image = await randomIndex({ repository: "giantswarm/signed", tags: ["1", "latest"], layerMB: 2 });
  const signature = signatureOf(image, registryName);
  for (const content of [image, signature]) await push(registry.url, content);
  const [zot] = cache.clients.zot[registryName] ?? [];
  const { prefix, destination } = zot?.content[0] ?? assert.fail("zot has nothing to fetch");
  // The path by which zot finds one of its own repositories at the cache.
  const below = `/${image.repository}`.slice(`${destination}/`.length);
  const repository = `${cache.url.host}${prefix.replace("**", below)}`;
  const copied = () =>
    layoutOf((layout) => regctlCopy(`${repository}:${image.tags[0]}`, cache.caFile, layout));
  const expected = new Set([...digestsOf(image), ...digestsOf(signature)]);

  assert.deepEqual(await copied(), expected);
  proxy.forget();
  assert.deepEqual(await copied(), expected);
  assert.deepEqual(
    asked(proxy).filter((request) => !request.includes("/tags/list")),
    [],
  );
  assert.deepEqual(
    new Set(await regctlTags(repository, cache.caFile)),
    new Set([...image.tags, ...signature.tags]),
  );
});

// This test stops the cache.
test("serves distribution as its upstream", async (t) => {
  const { registry, proxy, cache } = chain;
  const image = await randomIndex({ repository: "giantswarm/chained", tags: ["1"], layerMB: 2 });
  await push(registry.url, image);
  const chained = await distributionBefore(scope(t), cache);
  const reference = `${chained.host}/${image.repository}:${image.tags[0]}`;
  const pull = () => layoutOf((layout) => cranePull(reference, cache.caFile, layout));

  assert.deepEqual(await pull(), digestsOf(image));
  for (const { digest } of image.children.flatMap(({ blobs }) => blobs)) {
    assert.equal(proxy.count(digest, "GET"), 1, "one transfer");
  }
  proxy.forget();
  assert.deepEqual(await pull(), digestsOf(image));
  assert.deepEqual(asked(proxy), []);
  await cache.stop();
  assert.deepEqual(await pull(), digestsOf(image), "from its own store");
});
