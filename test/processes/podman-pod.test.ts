import assert from "node:assert/strict";
import { chmod, stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { playPod } from "../../components/hosts/local/podman-pod.ts";
import { sha256 } from "../../components/hosts/naming.ts";
import { fakePodman } from "../support/fake-podman.ts";
import { scope, tempDir } from "../support/scope.ts";

test("lets the Pod's user read its files, also those that a strict umask has closed before", async (t) => {
  const resources = scope(t);
  // There are no Pods, and whoever isn't root changes no owners.
  resources.use(await fakePodman('[ "$1" != pod ] && echo "[]"'));
  const { path: directory } = resources.use(await tempDir());
  const umask = process.umask(0o077);
  resources.defer(() => {
    process.umask(umask);
  });
  const bundle = JSON.stringify({ "apply.sh": "exit 0", "parts/edge/files/nginx.conf": "" });
  const secret = join(directory, "secrets", "one", "file");
  const inputs = {
    ...{ name: "cache", region: "here", directory, bundle, directories: [], ready: [] },
    secrets: { [secret]: "x" },
  };
  const files = ["apply.sh", "parts/edge/files/nginx.conf"].map((file) =>
    join(directory, "pods", sha256(bundle), file),
  );
  const modes = () =>
    Promise.all([...files, join(secret, ".."), secret].map(async (path) => (await stat(path)).mode & 0o777));
  const readable = [0o644, 0o644, 0o755, process.getuid?.() === 0 ? 0o400 : 0o600];
  await playPod(inputs);
  assert.deepEqual(await modes(), readable);
  for (const path of files) await chmod(path, 0o600);
  await chmod(join(secret, ".."), 0o700);
  await playPod(inputs);
  assert.deepEqual(await modes(), readable);
});
