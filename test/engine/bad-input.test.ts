/** Mistakes are reported, each with its path and the remedy, before anything is created or changed. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { podman } from "../../components/hosts/local/podman.ts";
import { issue, makeAuthority } from "../../components/hosts/private-ca.ts";
import { get } from "../support/http.ts";
import { freePort } from "../support/ports.ts";
import { succeeds, withPreview } from "../support/project.ts";
import { scope, tempDir } from "../support/scope.ts";
import { type TestStack, testStack } from "../support/stack.ts";

const upstream = {
  name: "team",
  registry: "registry.test",
  url: "http://127.0.0.1:1",
  repositories: ["team/**"],
};
const resources = scope({ after });
let stack: TestStack;

/** Keys of a stack and of its region, and the expected error. */
interface Mistake {
  readonly keys?: Record<string, unknown>;
  readonly region?: Record<string, unknown>;
  readonly told: readonly RegExp[];
}

const certificates = resources.use(await tempDir()).path;
const busyPort = await freePort();

const mistakes: Record<string, Mistake> = {
  "all that is wrong with the text": {
    keys: { upstreems: [], upstreams: [upstream, { ...upstream, repositories: ["Team/**"] }] },
    region: { internalPrt: 1 },
    told: [
      /The stack configuration has \d problems:/,
      / upstreems: unknown key; did you mean "upstreams"\?/,
      /upstreams\[1\]\.name: "team" is already taken by upstreams\[0\]/,
      /upstreams\[1\]\.registry: "registry\.test" is already taken by upstreams\[0\]/,
      /upstreams\[1\]\.repositories\[0\]: /,
      /regions\[0\]\.internalPrt: unknown key; did you mean "internalPort"\?/,
    ],
  },
  "all that this machine can't do": {
    region: {
      storage: { kind: "disk", size: "9000TiB" },
      endpoint: {
        port: busyPort,
        hostname: "other.test",
        tls: { mode: "provided", ...keyPair("cache.test") },
      },
    },
    told: [
      /regions\[0\]\.storage\.size: 9216000GiB don't fit on the disk .*: set a smaller size, or a dataDir elsewhere/,
      new RegExp(`regions\\[0\\]\\.endpoint\\.port: port ${busyPort} is in use .*: choose another one`),
      /regions\[0\]\.endpoint\.tls\.certificateFile: the certificate is for DNS:cache\.test, not for .* other\.test/,
    ],
  },
};

/** Ids of the cache's containers. */
function containers(): Promise<string> {
  return podman(["ps", "--all", "--quiet", "--filter", `label=app.kubernetes.io/instance=${stack.region}`]);
}

function keyPair(name: string) {
  return { certificateFile: join(certificates, `${name}.crt`), keyFile: join(certificates, `${name}.key`) };
}

before(async () => {
  await mkdir(join(certificates, "ca"));
  const authority = await makeAuthority(["cache.test"], join(certificates, "ca"));
  await issue(authority, ["cache.test"], keyPair("cache.test"));
  const server = createServer().listen(busyPort, "127.0.0.1");
  await once(server, "listening");
  resources.defer(() => void server.close());
  stack = resources.use(await testStack({ upstreams: [upstream] }));
});

for (const [what, { keys = {}, region = {}, told }] of Object.entries(mistakes)) {
  test(`reports ${what} before it creates anything`, async () => {
    await stack.configure(keys, region);
    // A test below runs `up` without a preview.
    const { failed, changes, messages } = await stack.run("up", { args: [withPreview] });
    assert.ok(failed);
    assert.deepEqual(changes, {});
    for (const text of told) assert.match(messages, text);
    assert.doesNotMatch(messages, /\n +at /, "no stack trace");
    assert.ok(!existsSync(stack.layout.directory));
    assert.equal(await containers(), "");
  });
}

test("reports a missing or broken podman before it creates anything", async () => {
  await stack.configure({});
  const broken = resources.use(await tempDir()).path;
  await writeFile(join(broken, "podman"), '#!/bin/sh\necho "Error: no subuid ranges found" >&2\nexit 125\n', {
    mode: 0o755,
  });
  for (const [path, told] of [
    ["/nowhere", /regions\[0\]\.topology: podman doesn't work .*podman is not installed/],
    [broken, /regions\[0\]\.topology: podman doesn't work .*no subuid ranges found/],
  ] as const) {
    const { failed, changes, messages } = await stack.run("up", { path });
    assert.ok(failed);
    assert.deepEqual(changes, {});
    assert.match(messages, told);
  }
  assert.ok(!existsSync(stack.layout.directory));
});

test("keeps a running cache in service through every failed change", async () => {
  await stack.configure({});
  await succeeds(stack, "up");
  const [cache] = Object.values((await stack.outputs()).caches);
  const serves = async () =>
    (await get(new URL("/v2/", cache?.endpoint), { ca: cache?.ca?.certificate ?? "" })).status === 200;
  for (const { keys = {}, region = {} } of Object.values(mistakes)) {
    await stack.configure(keys, region);
    assert.ok((await stack.run("up")).failed);
    assert.ok(await serves());
  }

  // No check finds these in advance: an image that can't be pulled, one without the program, and one whose program exits.
  const missing = "localhost/registry-cache-test/missing:1";
  const before = await containers();
  for (const [images, told] of [
    [{ edge: missing }, /image: can't pull localhost\/registry-cache-test\/missing:1/],
    [{ edge: stack.images.exporter }, /image: edge: .*nginx/],
    [{ exporter: stack.images.blackbox }, /unhealthy: .*; what ran before is back/],
  ] as const) {
    await stack.configure({ images: { ...stack.images, ...images } });
    const { failed, messages } = await stack.run("up");
    assert.ok(failed);
    assert.match(messages, told);
    assert.ok(await serves());
    if (!("exporter" in images)) assert.equal(await containers(), before);
  }

  await stack.configure({});
  await succeeds(stack, "up", { args: ["--expect-no-changes", "--refresh"] });
});
