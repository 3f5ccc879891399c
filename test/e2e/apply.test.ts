/** How apply.sh changes a running cache, and what happens when a change fails. */
import assert from "node:assert/strict";
import { readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { stringify } from "yaml";
import type { Images } from "../../components/config/images.ts";
import { podman, podmanHas } from "../../components/hosts/local/podman.ts";

import { push } from "../../scripts/seed/push.ts";
import { startCache, type TestCache } from "../support/cache.ts";
import { get } from "../support/http.ts";
import { randomImage } from "../support/images.ts";
import { podImages } from "../support/pod-images.ts";
import { scope, tempDir } from "../support/scope.ts";
import { type SmallDisk, smallDisk } from "../support/small-disk.ts";
import { openTransfer } from "../support/transfer.ts";
import { type TestUpstream, testUpstream } from "../support/upstream.ts";
import { waitUntil } from "../support/wait.ts";

// A setting of apply.sh.
process.env.WELL_SECONDS = "10";

/** The longest time without a listener while the edge is replaced. */
const maxGapMs = 5000;

const parts = scope({ after });
const names = ["one", "two", "three"] as const;
type Name = (typeof names)[number];
const registries = new Map<Name, TestUpstream>();
/** The disk of the files that the containers mount. */
let disk: SmallDisk;
let cache: TestCache;
/** Other names of the same images. Each makes another container with the same program. */
const changed = { edge: named("edge"), exporter: named("exporter"), ends: named("ends") };
let images: Images;

function named(image: string): string {
  return `localhost/registry-cache-test/${image}:apply-${process.pid}`;
}

/** Upstreams as in a stack file. All have the same repositories and tags, with different content. */
function upstreams(...wanted: Name[]) {
  return wanted.map((name) => ({
    name,
    registry: `${name}.test`,
    url: registries.get(name)?.url.origin ?? "",
    repositories: ["giantswarm/**"],
  }));
}

before(async () => {
  images = await podImages();
  const { path: dataDir } = parts.use(await tempDir());
  disk = parts.use(await smallDisk(2));
  await symlink(disk.path, join(dataDir, "files"));
  for (const name of names) {
    const registry = parts.use(await testUpstream());
    registries.set(name, registry);
    await push(registry.url, await randomImage({ repository: "giantswarm/app", tag: "1", layerMB: 30 }));
  }
  await podman(["tag", images.edge, changed.edge]);
  await podman(["tag", images.exporter, changed.exporter]);
  await buildEnding(changed.ends);
  parts.defer(async () => {
    for (const image of Object.values(changed)) await podman(["rmi", "--force", image]);
  });
  cache = parts.use(
    await startCache({
      upstreams: upstreams("one", "two"),
      region: { dataDir, freshnessSeconds: 2 },
      hasPrometheus: true,
    }),
  );
});

/** Builds an exporter image whose program exits immediately. */
async function buildEnding(image: string): Promise<void> {
  const container = await podman(["create", "--entrypoint", "/bin/sh", images.edge]);
  await using directory = await tempDir();
  const program = join(directory.path, "program");
  await writeFile(program, "#!/bin/sh\nexit 1\n", { mode: 0o755 });
  await podman(["cp", program, `${container}:/prometheus-nginxlog-exporter`]);
  await podman(["commit", "--quiet", container, image]);
  await podman(["rm", container]);
}

/** The containers' ids by part. */
async function ids(): Promise<Record<string, string>> {
  const region = cache.layout.podName.replace("registry-cache-", "");
  const list = ["ps", "--all", "--no-trunc", "--filter", `label=app.kubernetes.io/instance=${region}`];
  const lines = await podman([...list, "--format", "{{.Names}} {{.ID}}"]);
  const entries = lines.split("\n").map((line) => line.split(" ") as [string, string]);
  return Object.fromEntries(entries.map(([name, id]) => [name.replace(/^.*?-[0-9a-f]{12}-/, ""), id]));
}

function changedOf(before: Record<string, string>, after: Record<string, string>): string[] {
  const all = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...all].filter((name) => before[name] !== after[name]).sort();
}

function manifestOf(name: Name): URL {
  return new URL(`/v2/giantswarm/app/manifests/1?ns=${name}.test`, cache.url);
}

/** The cache's answer for an upstream's tag. */
async function tagOf(name: Name) {
  const { status, headers, body } = await get(manifestOf(name), { ca: cache.ca });
  return { status, xCache: headers["x-cache"], digest: headers["docker-content-digest"], body };
}

async function digestAt(name: Name): Promise<string | null> {
  const url = new URL("/v2/giantswarm/app/manifests/1", registries.get(name)?.url);
  const accept = "application/vnd.oci.image.manifest.v1+json";
  return (await fetch(url, { headers: { accept } })).headers.get("docker-content-digest");
}

/** Asserts that each tag comes from its upstream. */
async function assertServed(...wanted: Name[]): Promise<void> {
  for (const name of wanted) {
    const { status, digest } = await tagOf(name);
    assert.equal(status, 200, name);
    assert.equal(digest, await digestAt(name), name);
  }
}

/** Starts the transfer of a layer. */
async function layerOf(name: Name) {
  const { body } = await tagOf(name);
  const { digest } = JSON.parse(body.toString()).layers[0];
  const url = new URL(`/v2/giantswarm/app/blobs/${digest}?ns=${name}.test`, cache.url);
  return { digest, transfer: await openTransfer(url, { ca: cache.ca }) };
}

/** Sends requests while the work runs. @returns the longest time without an answer, in ms, and the number of requests without one */
async function askedDuring(work: Promise<unknown>): Promise<{ gap: number; failed: number }> {
  const state = { done: false, last: performance.now(), longest: 0, failed: 0 };
  const ended = work.finally(() => {
    state.done = true;
  });
  ended.catch(() => {});
  while (!state.done) {
    const answer = await get(new URL("/v2/", cache.url), { ca: cache.ca }).catch(() => undefined);
    const now = performance.now();
    if (answer?.status === 200) {
      state.longest = Math.max(state.longest, now - state.last);
      state.last = now;
    } else state.failed++;
    await sleep(100);
  }
  await ended;
  return { gap: Math.max(state.longest, performance.now() - state.last), failed: state.failed };
}

test("keeps every container when only files change, and recovers after a full disk", async () => {
  await assertServed("one", "two");
  const before = await ids();
  {
    await using _full = await disk.fill();
    await assert.rejects(
      cache.apply({ region: { freshnessSeconds: 3 } }),
      /disk: can't write the files of edge$/,
    );
    await assertServed("one", "two");
  }
  await cache.apply({ region: { freshnessSeconds: 3 } });
  assert.deepEqual(changedOf(before, await ids()), []);
  await assertServed("one", "two");
});

for (const [what, image, told] of [
  ["can't be pulled", "localhost/registry-cache-test/missing:1", /image: can't pull .*missing:1/],
  ["lacks the program", () => images.blackbox, /unhealthy: exporter doesn't start; what ran before is back$/],
  [
    "has a program that exits immediately",
    changed.ends,
    /unhealthy: exporter (?:doesn't run|ends again and again); what ran before is back$/,
  ],
] as const) {
  test(`refuses an image that ${what}, and keeps serving`, async () => {
    const before = await ids();
    const exporter = typeof image === "string" ? image : image();
    const { gap, failed } = await askedDuring(assert.rejects(cache.apply({ images: { exporter } }), told));
    assert.equal(failed, 0, "requests without an answer");
    assert.ok(gap < maxGapMs, `${gap} ms`);
    assert.deepEqual(
      changedOf(before, await ids()).filter((name) => name !== "exporter"),
      [],
    );
    assert.equal(await stateOf("exporter"), "running");
    await assertServed("one", "two");
  });
}

function stateOf(part: string): Promise<string> {
  return podman(["inspect", "--format", "{{.State.Status}}", cache.container(part)]);
}

test("ends an edge's transfers while the next edge already serves", async (t) => {
  const before = await ids();
  const { digest, transfer } = await layerOf("one");
  const { gap } = await askedDuring(cache.apply({ images: { edge: changed.edge } }));
  t.diagnostic(`the listener was away for up to ${Math.round(gap)} ms`);
  assert.ok(gap < maxGapMs, `${gap} ms`);
  await assertServed("one", "two");
  assert.equal(await transfer.finish(), digest);
  await waitUntil(
    "the old edge is gone",
    async () => !Object.values(await ids()).includes(before.edge ?? ""),
  );
  assert.deepEqual(changedOf(before, await ids()), ["edge", "janitor"]);
});

test("ends an idle edge for good, and starts its successor once", async () => {
  const before = await ids();
  await cache.apply({ images: {} });
  await waitUntil(
    "the old edge is gone",
    async () => !(await podman(["ps", "--all", "--quiet", "--no-trunc"])).includes(before.edge ?? ""),
  );
  await sleep(4000);
  assert.equal(await podman(["inspect", "--format", "{{.RestartCount}}", cache.container("edge")]), "0");
  const [begun, kept] = [await nginxStart(), join(cache.layout.cache, "nginx.pid")];
  assert.ok(Math.abs((await stat(kept)).mtimeMs - begun) < 3000, "the janitor knows when it began");
});

/** When the edge's container started, in ms. */
async function nginxStart(): Promise<number> {
  return Date.parse(
    await podman([
      "inspect",
      "--format",
      '{{.State.StartedAt.Format "2006-01-02T15:04:05Z07:00"}}',
      cache.container("edge"),
    ]),
  );
}

test("lets an edge return to its place while it still ends transfers", async () => {
  await cache.apply({ images: {} });
  const first = await layerOf("one");
  await cache.apply({ images: { edge: changed.edge } });
  const second = await layerOf("two");
  await cache.apply({ images: {} });
  await assertServed("one", "two");
  assert.equal(await second.transfer.finish(), second.digest);
  await assert.rejects(first.transfer.finish(), "its container had to give the name back");
  const wanted = Object.keys(await ids());
  await waitUntil("only its own are left", async () => (await podsLeft()) === wanted.length);
});

function podsLeft(): Promise<number> {
  return podman(["pod", "ls", "--quiet", "--filter", `name=${cache.layout.podName}`]).then(
    (listed) => listed.split("\n").length,
  );
}

test("replaces one upstream with another, and answers for each only with its content", async () => {
  await assertServed("one", "two");
  await cache.apply({ upstreams: upstreams("two", "three") });
  await assertServed("two", "three");
  assert.equal((await tagOf("one")).status, 404);
  await cache.apply({ upstreams: upstreams("three", "one", "two") });
  await assertServed("one", "two", "three");
  await cache.apply({ upstreams: upstreams("one", "two") });
  await assertServed("one", "two");
  assert.deepEqual(
    Object.keys(await ids())
      .filter((part) => part.startsWith("origin-"))
      .sort(),
    ["origin-one", "origin-two"],
  );
});

test("keeps an edge's content when it reaches another upstream's registry, and takes nothing from there", async () => {
  const mounts = JSON.parse(
    await podman(["inspect", "--format", "{{json .Mounts}}", cache.container("edge")]),
  );
  const directory = mounts.find(
    (it: { Destination: string }) => it.Destination === "/etc/registry-cache/edge",
  );
  const file = join(directory.Source, "nginx.conf");
  const right = await readFile(file, "utf8");
  const [first, second] = cache.layout.ports.origins.map(({ http }) => `server 127.0.0.1:${http} `);
  assert.ok(first && second);
  const wrong = right.replaceAll(first, "SWAP").replaceAll(second, first).replaceAll("SWAP", second);
  const other = await randomImage({ repository: "giantswarm/cold", tag: "1", layerMB: 1 });
  const url = registries.get("one")?.url;
  assert.ok(url);
  await push(url, other);
  const cold = () => get(new URL("/v2/giantswarm/cold/manifests/1?ns=two.test", cache.url), { ca: cache.ca });
  await writeFile(file, wrong);
  for (const name of ["one", "two"] as const) {
    await waitUntil(`${name} isn't found there`, async () => (await tagOf(name)).xCache === "STALE");
  }
  await assertServed("one", "two");
  assert.notEqual((await cold()).status, 200);
  await writeFile(file, right);
  await waitUntil("it reaches its own again", async () => (await tagOf("one")).xCache !== "STALE");
  await assertServed("one", "two");
  assert.equal((await cold()).status, 404);
});

test("leaves a cache that serves and accepts the next change, at whatever moment it is killed", async () => {
  let killed = 0;
  for (const [turn, afterMs] of [100, 700, 1500, 2500, 4000].entries()) {
    const change = cache.apply({ images: turn % 2 === 0 ? changed : {} }).catch(() => "failed");
    await sleep(afterMs);
    for (const pid of await applying()) if (process.kill(pid, "SIGKILL")) killed += 1;
    await change;
    await waitUntil("it serves", async () => (await tagOf("one")).status === 200, maxGapMs);
  }
  assert.ok(killed > 0);
  await cache.apply({ images: { exporter: changed.exporter } });
  await assertServed("one", "two");
  await waitUntil("one container of each part", async () => (await podsLeft()) === cache.parts().length);
});

/** Child processes that run apply.sh. */
async function applying(): Promise<number[]> {
  const children = await readFile(`/proc/${process.pid}/task/${process.pid}/children`, "utf8");
  const pids = children.trim().split(" ").filter(Boolean).map(Number);
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")),
  );
  return pids.filter((_, index) => lines[index]?.includes("/apply.sh"));
}

test("replaces the single Pod of earlier versions, and keeps its volume", async () => {
  await cache.stop();
  const { podName } = cache.layout;
  const volume = `${podName}-edge`;
  const container = {
    name: "edge",
    image: images.edge,
    command: ["sh", "-c", "trap exit QUIT TERM; while :; do sleep 1; done"],
  };
  const mounted = { ...container, volumeMounts: [{ name: "files", mountPath: "/files" }] };
  const manifests = [
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: volume }, data: { "nginx.conf": "" } },
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: podName },
      spec: {
        hostNetwork: true,
        containers: [mounted],
        volumes: [{ name: "files", configMap: { name: volume } }],
      },
    },
  ];
  await podman(["kube", "play", "-"], { input: manifests.map((it) => stringify(it)).join("---\n") });
  const left = async () =>
    (await podman(["volume", "ls", "--quiet"])).includes(volume) || (await podmanHas("pod", podName));
  assert.ok(await left());
  await cache.start();
  assert.ok(!(await left()));
  await assertServed("one", "two");
});
