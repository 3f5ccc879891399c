/** `npm run init` in a directory with this project's own files. */
import assert from "node:assert/strict";
import { cp, readFile, rm, writeFile } from "node:fs/promises";
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
  const write = (text: string) => writeFile(join(path, "Pulumi.yaml"), text);
  const remove = () => rm(join(path, "Pulumi.yaml"));
  const init = (...args: string[]) =>
    execa("node", [join(projectDirectory, "scripts", "init.ts"), ...args], {
      cwd: path,
      reject: false,
      stdin: "ignore",
    });
  return { file, init, remove, write };
}

test("changes the named values, and no other line", async (t) => {
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

test("reports all mistakes at once, and writes nothing", async (t) => {
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
  assert.match((await init()).stderr, /^error: without a terminal/);

  await remove();
  const absent = await init("--team=caches");
  assert.equal(absent.exitCode, 1);
  assert.match(absent.stderr, /^Pulumi\.yaml can't be read: ENOENT[^\n]*$/);
});

test("refuses a file that isn't a project, or that has another value there, and leaves it unchanged", async (t) => {
  const { file, init, write } = await project(t);
  const head = "name: registry-cache\nruntime: nodejs\n";
  for (const [text, told] of [
    ["", /Pulumi\.yaml: isn't a project file: it has no name and no runtime$/m],
    [`${head}config:\n\tkey: 1\n`, /Pulumi\.yaml: Tabs are not allowed as indentation at line 4/],
    [`${head}config: 7\n`, /config: is a value/],
  ] as const) {
    await write(text);
    const { exitCode, stderr } = await init("--team=caches");
    assert.equal(exitCode, 1);
    assert.match(stderr, told);
    assert.doesNotMatch(stderr, /^ +at /m);
    assert.equal(await file(), text);
  }

  await write(`${head}config:\n`);
  const options = ["--registry=ghcr.io", "--upstream=ghcr", "--repositories=example/**", "--team="];
  assert.equal((await init(...options)).stderr, "");
  assert.match(await file(), /^config:\n {2}registry-cache:upstreams:\n {4}- registry: ghcr\.io$/m);
});
