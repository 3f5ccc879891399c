/** The life of every local stack, from its first preview to the preview after its destruction. */
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { execa } from "execa";
import { podman } from "../../components/hosts/local/podman.ts";
import { observePod } from "../../components/hosts/local/podman-pod.ts";
import type { Blob } from "../../scripts/seed/content.ts";
import { push } from "../../scripts/seed/push.ts";
import { download } from "../support/http.ts";
import { randomImage } from "../support/images.ts";
import { projectDirectory, succeeds, withPolicies } from "../support/project.ts";
import { scope } from "../support/scope.ts";
import { type TestStack, testStack } from "../support/stack.ts";
import { type Config, keysOf, stackFiles } from "../support/stack-files.ts";
import { type TestUpstream, testUpstream } from "../support/upstream.ts";
import { waitUntil } from "../support/wait.ts";

for (const { file, provider } of stackFiles) {
  if (provider === "local") describe(file, () => testLifecycle(file));
}

/** The region's keys in the file, except those that a stack under test sets itself. */
function regionOf(file: string): Config {
  const [region = {}] = keysOf(file).regions as Config[];
  const own = ["name", "dataDir", "storage", "endpoint", "internalPort"];
  return Object.fromEntries(Object.entries(region).filter(([key]) => !own.includes(key)));
}

/** Each test continues from the state that the previous one leaves. */
function testLifecycle(file: string): void {
  const resources = scope({ after });
  let upstream: TestUpstream;
  let stack: TestStack;
  let layer: Blob;
  /** The certificate's fingerprint after the first `up`. */
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

  /** The ids of the cache's containers, by their names without the Pods' prefix. */
  async function ids(): Promise<Record<string, string>> {
    const { region } = stack;
    const list = ["ps", "--all", "--no-trunc", "--filter", `label=app.kubernetes.io/instance=${region}`];
    const lines = (await podman([...list, "--format", "{{.Names}} {{.ID}}"])).split("\n").filter(Boolean);
    return Object.fromEntries(
      lines.map((line) => {
        const [name = "", id = ""] = line.split(" ");
        return [name.replace(/^.*-[0-9a-f]{12}-/, ""), id];
      }),
    );
  }

  /** The names of containers that were replaced or removed. */
  function changedOf(before: Record<string, string>, after: Record<string, string>): string[] {
    return Object.keys(before).filter((name) => before[name] !== after[name]);
  }

  /** Pulls the layer through the cache. @returns the cache's status */
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

  test("previews what it would create, and creates nothing", async () => {
    const { changes, violations } = await succeeds(stack, "preview", { args: withPolicies });
    assert.deepEqual(violations, []);
    assert.deepEqual(changes, {
      RegionalCache: "create",
      VmHost: "create",
      EndpointCertificate: "create",
      PodmanPod: "create",
    });
    assert.deepEqual(await ids(), {});
  });

  test("creates a cache that serves with the first up, and does nothing in the second", async () => {
    const { changes } = await succeeds(stack, "up");
    assert.equal(changes.PodmanPod, "create");
    certificate = Object.values((await stack.outputs()).caches)[0]?.ca?.certificate ?? "";
    assert.match(certificate, /^-----BEGIN CERTIFICATE-----/);
    assert.equal(await pull(), "MISS");
    assert.equal(await pull(), "HIT");
    await succeeds(stack, "up", { args: ["--expect-no-changes"] });
  });

  test("lets somebody on call inspect it by its state, and direct clients past it and back", async () => {
    const onCall = async (...args: string[]) => {
      const { exitCode, all } = await execa("node", ["scripts/oncall.ts", "local", ...args], {
        cwd: projectDirectory,
        env: stack.environment,
        stdin: "ignore",
        reject: false,
        all: true,
      });
      return { exitCode, all };
    };
    const status = await onCall(stack.region, "status");
    assert.equal(status.exitCode, 0, status.all);
    assert.match(status.all, /^verdict {8}serving/m);
    const wrong = await onCall(stack.region, "logs", "nothing", "--tail", "1");
    assert.equal(wrong.exitCode, 2, wrong.all);
    for (const args of [["nowhere"], ["logs", "edge", "--tail", "1"]])
      assert.match(
        (await onCall(...args)).all,
        new RegExp(`local has no region ${args[0]}: .*${stack.region}\\. A command comes after the region`),
      );
    assert.match(
      (await onCall(stack.region, "bypass")).all,
      /nothing was changed: without a terminal, add --yes/,
    );
    const before = await ids();
    const away = await onCall(stack.region, "bypass", "--yes");
    assert.equal(away.exitCode, 0, away.all);
    await assert.rejects(pull(), { code: "ECONNREFUSED" });
    assert.equal((await onCall(stack.region, "status")).exitCode, 1);
    const back = await onCall(stack.region, "unbypass", "--yes");
    assert.equal(back.exitCode, 0, back.all);
    await waitUntil("the cache answers", async () => (await pull()) === "HIT");
    assert.deepEqual(await ids(), before);
  });

  test("keeps every container for another freshness and another allow-list", async () => {
    const [upstream] = stack.upstreams;
    const before = await ids();
    await stack.configure(
      { upstreams: [{ ...upstream, repositories: ["team/**", "other/**"] }] },
      { freshnessSeconds: 30 },
    );
    await update();
    assert.deepEqual(changedOf(before, await ids()), []);
  });

  test("replaces only the container of another image", async () => {
    const exporter = "localhost/registry-cache-test/exporter:changed";
    await podman(["tag", stack.images.exporter, exporter]);
    resources.defer(async () => {
      await podman(["untag", exporter, exporter]);
    });
    const before = await ids();
    await stack.configure({ images: { ...stack.images, exporter } });
    await update();
    assert.deepEqual(changedOf(before, await ids()), ["exporter"]);
  });

  /** Updates in place, as the preview says, and keeps the data. */
  async function update(): Promise<void> {
    const preview = await stack.run("preview");
    assert.deepEqual(preview.changes, { PodmanPod: "update" }, preview.messages);
    const { changes } = await succeeds(stack, "up");
    assert.deepEqual(changes, { PodmanPod: "update" });
    assert.equal(await pull(), "HIT");
    await assertUnchanged();
  }

  test("detects missing Pods with a refresh, and restores them with up", async () => {
    await podman(["rm", "--force", "--time", "0", ...Object.values(await ids())]);
    const refresh = await succeeds(stack, "refresh");
    assert.equal(refresh.changes.PodmanPod, "delete");
    const { changes } = await succeeds(stack, "up");
    assert.deepEqual(changes, { PodmanPod: "create" });
    assert.equal(await pull(), "HIT");
  });

  test("detects a stopped container with a refresh, and starts only that one again with up", async () => {
    const before = await ids();
    await podman(["stop", "--time", "0", before.prometheus ?? ""]);
    const refresh = await succeeds(stack, "refresh");
    assert.equal(refresh.changes.PodmanPod, "update");
    const { changes } = await succeeds(stack, "up");
    assert.deepEqual(changes, { PodmanPod: "update" });
    assert.deepEqual(changedOf(before, await ids()), ["prometheus"]);
    const { directory } = stack.layout;
    const { states } = await observePod({ region: stack.region, directory });
    assert.deepEqual(new Set(Object.values(states)), new Set(["running"]));
    await assertUnchanged();
  });

  test("leaves no Pod, volume or process after destroy, and keeps the data, so the next cache is warm and has the same authority", async () => {
    await succeeds(stack, "destroy");
    assert.deepEqual(await ids(), {});
    for (const kind of ["pod", "volume"]) {
      assert.equal(
        await podman([kind, "ls", "--quiet", "--filter", `name=${stack.layout.podName}`]),
        "",
        kind,
      );
    }
    const kept = await readdir(stack.layout.directory);
    assert.deepEqual(kept.sort(), ["ca", "cache", "origin-team", "prometheus", "tls"]);
    await succeeds(stack, "up");
    assert.equal(await pull(), "HIT");
    assert.equal(Object.values((await stack.outputs()).caches)[0]?.ca?.certificate, certificate);
  });
}
