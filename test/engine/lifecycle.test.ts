/** The life of every local stack, from its first preview to the next one after its end. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { podman } from "../../components/hosts/local/podman.ts";
import { observePod, podExists } from "../../components/hosts/local/podman-pod.ts";
import type { Blob } from "../../scripts/seed/content.ts";
import { push } from "../../scripts/seed/push.ts";
import { download } from "../support/http.ts";
import { randomImage } from "../support/images.ts";
import { scope } from "../support/scope.ts";
import { type TestStack, testStack } from "../support/stack.ts";
import { type Config, keysOf, stackFiles } from "../support/stack-files.ts";
import { type TestUpstream, testUpstream } from "../support/upstream.ts";

for (const { file, provider } of stackFiles) {
  if (provider === "local") describe(file, () => testLifecycle(file));
}

/** What the file says of its region, but for what a stack under test has in places of its own. */
function regionOf(file: string): Config {
  const [region = {}] = keysOf(file).regions as Config[];
  const own = ["name", "dataDir", "storage", "endpoint", "internalPort"];
  return Object.fromEntries(Object.entries(region).filter(([key]) => !own.includes(key)));
}

/** The tests go on from each other. */
function testLifecycle(file: string): void {
  const resources = scope({ after });
  let upstream: TestUpstream;
  let stack: TestStack;
  let layer: Blob;
  /** Of the first `up`. */
  let certificate: string;

  before(async () => {
    upstream = resources.use(await testUpstream());
    const image = await randomImage({ repository: "team/app", tag: "1", layerMB: 2 });
    await push(upstream.url, image);
    layer = image.blobs.find(({ size }) => size > 1e6) as Blob;
    stack = resources.use(
      await testStack({
        upstreams: [
          { name: "team", registry: "registry.test", url: upstream.url.origin, repositories: ["team/**"] },
        ],
        region: regionOf(file),
      }),
    );
  });

  /** Pulls the layer through the cache, and returns whether the cache had it. */
  async function pull(): Promise<unknown> {
    const { caches } = await stack.outputs();
    const [cache] = Object.values(caches);
    const url = new URL(`/v2/team/app/blobs/${layer.digest}`, cache?.endpoint);
    const { digest, headers } = await download(url, { ca: cache?.ca?.certificate ?? "" });
    assert.equal(digest, layer.digest);
    return headers["x-cache"];
  }

  async function assertUnchanged(): Promise<void> {
    const { failed, changes, messages } = await stack.run("preview", { args: ["--expect-no-changes"] });
    assert.deepEqual(changes, {}, messages);
    assert.ok(!failed, messages);
  }

  test("a preview says what would be made, and makes nothing", async () => {
    const { failed, changes, messages } = await stack.run("preview");
    assert.ok(!failed, messages);
    assert.deepEqual(changes, {
      RegionalCache: "create",
      VmHost: "create",
      EndpointCertificate: "create",
      PodmanPod: "create",
    });
    assert.ok(!(await podExists(stack.layout.podName)));
  });

  test("the first up makes a cache that serves; the second has nothing to do", async () => {
    const { failed, changes, messages } = await stack.run("up");
    assert.ok(!failed, messages);
    assert.equal(changes.PodmanPod, "create");
    certificate = Object.values((await stack.outputs()).caches)[0]?.ca?.certificate ?? "";
    assert.match(certificate, /^-----BEGIN CERTIFICATE-----/);
    assert.equal(await pull(), "MISS");
    assert.equal(await pull(), "HIT");
    const second = await stack.run("up", { args: ["--expect-no-changes"] });
    assert.ok(!second.failed, second.messages);
    await assertUnchanged();
  });

  test("another configuration or image updates the Pod in place, and the data stays", async () => {
    const exporter = "localhost/registry-cache-test/exporter:changed";
    await podman(["tag", stack.images.exporter, exporter]);
    resources.defer(async () => {
      await podman(["untag", exporter, exporter]);
    });
    const images = { ...stack.images, exporter };
    for (const keys of [{}, { images }]) {
      await stack.configure(keys, { freshnessSeconds: 30 });
      const preview = await stack.run("preview");
      assert.deepEqual(preview.changes, { PodmanPod: "update" }, preview.messages);
      const { failed, changes, messages } = await stack.run("up");
      assert.ok(!failed, messages);
      assert.deepEqual(changes, { PodmanPod: "update" });
      assert.equal(await pull(), "HIT");
      await assertUnchanged();
    }
  });

  test("a refresh notices a Pod that is gone, and up brings it back", async () => {
    await podman(["pod", "rm", "--force", "--time", "0", stack.layout.podName]);
    const refresh = await stack.run("refresh");
    assert.ok(!refresh.failed, refresh.messages);
    assert.equal(refresh.changes.PodmanPod, "delete");
    const { failed, changes, messages } = await stack.run("up");
    assert.ok(!failed, messages);
    assert.deepEqual(changes, { PodmanPod: "create" });
    assert.equal(await pull(), "HIT");
  });

  test("a refresh notices a stopped container, and up makes the Pod whole", async () => {
    await podman(["stop", "--time", "0", `${stack.layout.podName}-prometheus`]);
    const refresh = await stack.run("refresh");
    assert.ok(!refresh.failed, refresh.messages);
    assert.equal(refresh.changes.PodmanPod, "update");
    const { failed, changes, messages } = await stack.run("up");
    assert.ok(!failed, messages);
    assert.deepEqual(changes, { PodmanPod: "update" });
    assert.equal((await observePod(stack.layout.podName))?.states.prometheus, "running");
    await assertUnchanged();
  });

  test("destroy leaves no Pod, volume or process, and keeps the data: the next cache is warm, under the same authority", async () => {
    const { failed, messages } = await stack.run("destroy");
    assert.ok(!failed, messages);
    assert.ok(!(await podExists(stack.layout.podName)));
    const left = await podman(["volume", "ls", "--quiet", "--filter", `name=${stack.layout.podName}`]);
    assert.equal(left, "");
    assert.ok(!(await stack.run("up")).failed);
    assert.equal(await pull(), "HIT");
    assert.equal(Object.values((await stack.outputs()).caches)[0]?.ca?.certificate, certificate);
  });
}
