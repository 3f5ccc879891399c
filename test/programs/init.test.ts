/** `npm run init` in a directory with this project's own files. */
import assert from "node:assert/strict";
import { cp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { projectDirectory } from "../support/project.ts";
import { scope, tempDir } from "../support/scope.ts";

async function project(t: Parameters<typeof scope>[0]) {
  const { path } = scope(t).use(await tempDir());
  for (const name of ["Pulumi.yaml", "stacks"]) {
    await cp(join(projectDirectory, name), join(path, name), { recursive: true });
  }
  const file = () => readFile(join(path, "Pulumi.yaml"), "utf8");
  const remove = () => rm(join(path, "Pulumi.yaml"));
  const init = (...args: string[]) =>
    execa("node", [join(projectDirectory, "scripts", "init.ts"), ...args], {
      cwd: path,
      reject: false,
      stdin: "ignore",
    });
  return { file, init, remove };
}

test("what is named changes, and no other line", async (t) => {
  const { file, init } = await project(t);
  const lines = new Set((await file()).split("\n"));
  const { exitCode, stdout, stderr } = await init(
    "--registry=ghcr.io",
    "--repositories=example/**, charts/example/**",
    "--probe=example/app:1.0",
    "--team=caches",
    "--state=s3://states",
  );
  assert.equal(exitCode, 0);
  assert.match(stdout, /^the team that alerts go to: caches$/m);
  assert.match(stdout, /Next: docs\/state\.md/);
  assert.equal(stderr, "! a short name for it: still gsoci, as for gsoci.azurecr.io (--upstream)");
  const added = (await file()).split("\n").filter((line) => !lines.has(line));
  assert.deepEqual(
    added.map((line) => line.trim()),
    [
      "registry: ghcr.io",
      "- example/**",
      "- charts/example/**",
      "probe: example/app:1.0",
      "labels: { area: platform, team: caches }",
      "backend:",
      "url: s3://states",
    ],
  );
  const text = await file();
  assert.match((await init("--team=caches")).stdout, /is as it was/);
  assert.equal(await file(), text);

  assert.match((await init("--state=")).stdout, /state of stacks .*: none$/m);
  assert.doesNotMatch(await file(), /backend|s3:/);
});

test("what is wrong is told all at once, and nothing is written", async (t) => {
  const { file, init, remove } = await project(t);
  const text = await file();
  const { exitCode, stderr } = await init(
    "--registry=https://ghcr.io",
    "--upstream=Not A Name",
    "--state=states",
  );
  assert.equal(exitCode, 1);
  assert.match(
    stderr,
    /backend\.url: "states" must .*\n.*upstreams\[0\]\.name: .*\n.*upstreams\[0\]\.registry: /,
  );
  assert.equal(await file(), text);
  assert.equal((await init("--no-such-option")).exitCode, 2);
  assert.match((await init()).stderr, /^error: nobody to ask/);

  await remove();
  const absent = await init("--team=caches");
  assert.equal(absent.exitCode, 1);
  assert.match(absent.stderr, /^Pulumi\.yaml can't be read: ENOENT[^\n]*$/);
});
