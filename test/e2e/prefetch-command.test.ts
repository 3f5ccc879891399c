/** `npm run prefetch` makes a stack's caches fetch the images that clusters are about to pull. */
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { stringify } from "yaml";
import { namespace } from "../../components/config/schema.ts";
import { prefetched } from "../../scripts/pipeline/prefetched.ts";
import { artifact, blob } from "../../scripts/seed/content.ts";
import { push } from "../../scripts/seed/push.ts";
import { registryName, startChain } from "../support/chain.ts";
import { costProject } from "../support/cost-project.ts";
import { importedStacks } from "../support/imported-stacks.ts";
import { freePort } from "../support/ports.ts";
import { projectDirectory } from "../support/project.ts";
import { assertServed, fetchedBlobs, smallImage } from "../support/small-images.ts";

const repositories = ["giantswarm/**", "charts/giantswarm/**"];
const path = (name: string) => `${registryName}/giantswarm/${name}`;

test("fetches images into a stack's caches, not to this machine, and reports what can't be fetched", async () => {
  await using parts = new AsyncDisposableStack();
  const chain = await startChain(parts, { repositories });
  const content = await smallImage("by-hand", ["1.0"]);
  const chart = artifact({
    ...{ repository: "charts/giantswarm/coredns", tags: ["1.22.0"] },
    layers: [blob("application/vnd.cncf.helm.chart.content.v1.tar+gzip", Buffer.from("chart"))],
  });
  for (const one of [content, chart, await smallImage("alpine", ["3.24.1"])])
    await push(chain.registry.url, one);
  const backend = parts.use(await importedStacks());
  const project = parts.use(await costProject());
  const cache = {
    ...{ endpoint: chain.cache.url.origin, topology: "vm", storage: { kind: "disk" } },
    ca: { certificate: chain.cache.ca },
    upstreams: [{ registry: registryName, repositories }],
  };
  await backend.withOutputs("one", { caches: { "eu-central-1": cache } });
  const prefetch = (...args: string[]) => prefetchOf("one", ...args);
  const prefetchOf = async (...args: string[]) => {
    const { exitCode, stdout, stderr } = await execa(
      "node",
      [join(projectDirectory, "scripts/prefetch.ts"), ...args],
      { cwd: project.directory, env: backend.environment, reject: false, stdin: "ignore" },
    );
    return { exitCode, lines: stdout.split("\n"), stderr };
  };
  const line = (what: string) => `eu-central-1  ${path("by-hand")}:1.0  5 blobs, 0.0 MB${what}`;
  const images = [`${path("by-hand")}:1.*`, "--platform", "all"];

  chain.proxy.forget();
  const unknown = await prefetch(...images, "--dry-run");
  assert.deepEqual(unknown.lines, [
    line("; which of them the cache has can't be told without fetching them"),
  ]);
  await chain.cache.apply({ prefetch: {} });
  const dry = await prefetch(...images, "--dry-run");
  assert.deepEqual([dry.exitCode, dry.lines], [1, [line(": 5 missing (0.0 MB)")]]);
  assert.match(dry.stderr, /^✗ eu-central-1: registry\.test\/giantswarm\/by-hand:1\.0: 5 missing/);
  assert.deepEqual(fetchedBlobs(chain), []);
  const first = await prefetch(...images, `${path("nowhere")}:1`);
  assert.equal(first.lines[0], line(": 5 fetched"));
  assert.match(
    first.stderr,
    /^✗ eu-central-1: registry\.test\/giantswarm\/nowhere:1: .*not found.*MANIFEST_UNKNOWN/m,
  );
  assert.equal(first.exitCode, 1);
  assert.doesNotMatch(first.stderr, /may have it/);
  for (const [status, reason] of Object.entries({ 401: "DENIED", 429: "UNAVAILABLE", 502: "UNAVAILABLE" })) {
    using _ = chain.proxy.inject({ kind: "status", status: Number(status) }, "/manifests/");
    // One repository each, because the edge keeps errors for a second.
    const { stderr } = await prefetch(`${path(`fails-${status}`)}:2`);
    assert.match(stderr, new RegExp(`fails-${status}:2: the registry may have it, but .*${reason}`), status);
  }
  for (const again of [[], ["--dry-run"]])
    assert.deepEqual(await prefetch(...images, ...again), {
      exitCode: 0,
      lines: [line(": there")],
      stderr: "",
    });
  const refused = await prefetch(`${registryName}/other/app:1`, "quay.io/app:1");
  assert.deepEqual([refused.exitCode, refused.lines], [1, [""]]);
  assert.match(
    refused.stderr,
    /other\/app:1 is of a repository that the cache may not serve[^✗]*✗ .*quay\.io\/app:1 is of a registry that is none/s,
  );
  assert.match(
    (await prefetch("--region", "mars", ...images)).stderr,
    /✗ one: has no region mars: it has eu-central-1/,
  );
  const away = { ...cache, endpoint: `https://localhost:${await freePort()}` };
  await backend.withOutputs("away", { caches: { "eu-west-1": away } });
  const silent = await prefetchOf("away", ...images);
  assert.deepEqual([silent.exitCode, silent.lines], [1, [""]]);
  assert.match(silent.stderr, /^✗ eu-west-1: https:\/\/localhost:\d+: .*refused/m);
  const mistyped = await prefetchOf("onne", ...images);
  assert.deepEqual(
    [mistyped.exitCode, mistyped.stderr],
    [1, "✗ onne: the backend has no such stack: it has away, one"],
  );
  await backend.init("begun");
  const begun = await prefetchOf("begun", path("by-hand:1.0"), "--platform=linux/arn64");
  assert.deepEqual(begun.stderr.split("\n"), [
    '! --platform: "linux/arn64" is not a platform that images are known to have: did you mean "linux/arm64"?',
    "✗ begun: isn't up: `pulumi up` makes its caches",
  ]);
  // As `pulumi stack init` writes it.
  await project.setStack("one", stringify({ encryptionsalt: "v1:…" }));
  assert.match((await prefetch()).stderr, /✗ .*Pulumi\.one\.yaml: config: is missing/);

  // As in docs/prefetch.md.
  const image = `${path("alpine")}:3.24.1`;
  const releases = join(project.directory, "releases");
  await mkdir(releases);
  await writeFile(join(releases, "images.txt"), `# of today\n${image}\n`);
  const apps = [{ name: "coredns", version: "1.22.0" }];
  await writeFile(join(releases, "aws-29.2.0.yaml"), stringify({ kind: "Release", spec: { apps } }));
  const upstream = { name: "gsoci", registry: registryName, repositories };
  const config = {
    provider: "local",
    regions: [{ name: "local" }],
    upstreams: [upstream],
    prefetch: { images: [image] },
  };
  const keys = Object.entries(config).map(([key, value]) => [`${namespace}:${key}`, value]);
  await project.setStack("one", stringify({ config: Object.fromEntries(keys) }));
  const outputsOnly = { outputs: async () => ({ caches: { "eu-central-1": cache } }) };
  const waiting = await prefetched(["acme/one"], { directory: project.directory, backend: outputsOnly });
  assert.deepEqual(await waiting("acme/one"), [`eu-central-1: ${image}: 4 missing (0.0 MB)`]);
  const documented = await readFile(join(projectDirectory, "docs/prefetch.md"), "utf8");
  const commands = [...documented.matchAll(/^npm run prefetch -- aws-eu-central-1 ?(.*)$/gm)];
  assert.equal(commands.length, 4);
  const outputs: string[] = [];
  for (const [, text = ""] of commands) {
    const words = text
      .replaceAll("gsoci.azurecr.io", registryName)
      .replaceAll("'", "")
      .split(" ")
      .filter(Boolean);
    const { exitCode, lines, stderr } = await prefetch(...words);
    assert.deepEqual([exitCode, stderr], [0, ""], text);
    outputs.push(lines.join().replace(/^eu-central-1 {2}(\S+) .*/, "$1"));
  }
  assert.deepEqual(await waiting("acme/one"), []);
  assert.deepEqual(outputs, [image, image, `${registryName}/charts/giantswarm/coredns:1.22.0`, image]);

  await chain.registry.stop();
  try {
    await assertServed(chain, content);
  } finally {
    await chain.registry.start();
  }
});
