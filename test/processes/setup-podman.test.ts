import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import { parse } from "smol-toml";
import { defaultImages } from "../../components/config/images.ts";
import { PodmanError, podman, renderContainersConf } from "../../components/hosts/local/podman.ts";
import { ensureImages } from "../../scripts/setup/images.ts";
import { isNewEnough, removeCheckPods } from "../../scripts/setup/podman.ts";

const limits = `Limit                     Soft Limit           Hard Limit           Units
Max processes             unlimited            unlimited            processes
Max open files            1024                 20000                files
`;

test("sets no limit in containers.conf above the process's own, and runc only without cgroup v2", () => {
  assert.deepEqual(structuredClone(parse(renderContainersConf({ cgroup2: false, limits }))), {
    containers: { default_ulimits: ["nofile=20000:20000", "nproc=32768:32768"] },
    engine: { cgroup_manager: "cgroupfs", events_logger: "file", runtime: "runc" },
  });
  assert.doesNotMatch(renderContainersConf({ cgroup2: true, limits }), /runtime/);
});

test("compares podman's version as numbers", () => {
  assert.deepEqual(["3.4.4", "4.2.9", "4.3.1", "4.10.0", "5.0.0-rc1"].map(isNewEnough), [
    false,
    false,
    true,
    true,
    true,
  ]);
});

test("has podman's own message and exit code in an error", async () => {
  await withPodman('echo "Error: no such pod" >&2; exit 125', async () => {
    await assert.rejects(podman(["pod", "inspect", "x"]), (error) => {
      assert.ok(error instanceof PodmanError);
      assert.equal(error.message, "podman pod inspect: no such pod");
      assert.equal(error.exitCode, 125);
      return true;
    });
  });
});

test("removes the check's Pods of killed runs, and keeps those of running ones", async () => {
  const script = `case "$2" in
  ps) printf 'registry-cache-check-%s\\n' ${process.pid} 9999999 ;;
  rm) echo "$*" >"$(dirname "$0")/removed" ;;
esac`;
  await withPodman(script, async (directory) => {
    await removeCheckPods();
    assert.equal(
      await readFile(join(directory, "removed"), "utf8"),
      "pod rm --force registry-cache-check-9999999\n",
    );
  });
});

test("fails for a user's own image that can't be pulled, instead of building a replacement", async () => {
  const edge = "registry.example.com/edge:1";
  await withPodman('[ "$1" = pull ] && echo "Error: denied" >&2; exit 1', async () => {
    await assert.rejects(ensureImages({ ...defaultImages, edge }), {
      name: "StepError",
      message: /^Pulling registry\.example\.com\/edge:1 failed.*denied/s,
    });
  });
});

/** Runs `work` with a shell script in place of podman. */
async function withPodman(script: string, work: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "podman-"));
  const { PATH, XDG_STATE_HOME } = process.env;
  try {
    await writeFile(join(directory, "podman"), `#!/bin/sh\n${script}\n`);
    await chmod(join(directory, "podman"), 0o755);
    process.env.PATH = `${directory}${delimiter}${PATH}`;
    process.env.XDG_STATE_HOME = directory;
    await work(directory);
  } finally {
    Object.assign(process.env, { PATH });
    if (XDG_STATE_HOME === undefined) delete process.env.XDG_STATE_HOME;
    else process.env.XDG_STATE_HOME = XDG_STATE_HOME;
    await rm(directory, { recursive: true });
  }
}
