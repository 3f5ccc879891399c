import assert from "node:assert/strict";
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from "node:fs/promises";
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

const bootstrap = () =>
  execa(process.execPath, [join(project, "scripts", "bootstrap.mjs")], {
    env: { npm_execpath: join(project, "npm.cjs") },
    reject: false,
  });

const calls = () => readFile(join(project, "calls"), "utf8");

test("installs if nothing is installed or the lockfile is newer, and otherwise does nothing", async () => {
  assert.equal((await bootstrap()).exitCode, 0);
  assert.equal(await calls(), "ci\n");
  const again = await bootstrap();
  assert.deepEqual([again.exitCode, again.stderr], [0, ""]);
  assert.equal(await calls(), "ci\n");
  const later = new Date(Date.now() + 60_000);
  await utimes(join(project, "package-lock.json"), later, later);
  await bootstrap();
  assert.equal(await calls(), "ci\nci\n");
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
  assert.match(missing.stderr, /Finding a Node .*ENOENT.*way out: allow its install script/s);
  assert.doesNotMatch(missing.stderr, /^ +at /m);
});
