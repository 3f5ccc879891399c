import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import manifest from "pulumi/package.json" with { type: "json" };
import { engineEnvironment, localEnvironment, stateBackend } from "../../scripts/engine/environment.ts";
import { projectDirectory } from "../support/project.ts";

/** A directory for the state, in place of everything that this machine's user has set, until the test ends. */
async function emptyHome(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "engine-"));
  const before = { ...process.env };
  t.after(async () => {
    process.env = before;
    await rm(directory, { recursive: true });
  });
  process.env = { PATH: before.PATH, XDG_STATE_HOME: directory, PULUMI_CREDENTIALS_PATH: directory };
  return directory;
}

test("makes the passphrase once, readable only for its owner, and prefers the user's own settings", async (t) => {
  await emptyHome(t);
  const { PULUMI_CONFIG_PASSPHRASE_FILE: file = "", PULUMI_BACKEND_URL: backend = "" } = engineEnvironment();
  assert.ok(
    (await stat(fileURLToPath(backend))).isDirectory(),
    "the engine doesn't make the directory itself",
  );
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  const passphrase = await readFile(file, "utf8");
  assert.ok(passphrase.length >= 43);
  engineEnvironment();
  assert.equal(await readFile(file, "utf8"), passphrase);

  process.env.PULUMI_CONFIG_PASSPHRASE = "";
  assert.equal(engineEnvironment().PULUMI_CONFIG_PASSPHRASE_FILE, undefined);
});

test("an empty passphrase, such as a CI system's unset secret, encrypts no shared state", async (t) => {
  await emptyHome(t);
  process.env.PULUMI_CONFIG_PASSPHRASE = "";
  const shared = engineEnvironment({ url: "s3://states", from: "PULUMI_BACKEND_URL" });
  assert.ok("PULUMI_CONFIG_PASSPHRASE" in shared && shared.PULUMI_CONFIG_PASSPHRASE === undefined);
  process.env.PULUMI_CONFIG_PASSPHRASE = "the team's";
  assert.ok(
    !("PULUMI_CONFIG_PASSPHRASE" in engineEnvironment({ url: "s3://states", from: "PULUMI_BACKEND_URL" })),
  );
});

test("doesn't replace a lost passphrase while there is a stack that needs it", async (t) => {
  await emptyHome(t);
  const { PULUMI_CONFIG_PASSPHRASE_FILE: file = "", PULUMI_BACKEND_URL: backend = "" } = localEnvironment();
  const states = join(fileURLToPath(backend), ".pulumi", "stacks", "registry-cache");
  await mkdir(states, { recursive: true });
  await rm(file);
  await writeFile(join(states, "aws-eu-north-1.json"), "");
  assert.equal(engineEnvironment().PULUMI_CONFIG_PASSPHRASE_FILE, file);
  await assert.rejects(stat(file), { code: "ENOENT" });
  localEnvironment();
  await rm(file);
  await writeFile(join(states, "local.json"), "");
  assert.equal(localEnvironment().PULUMI_CONFIG_PASSPHRASE_FILE, file);
  await assert.rejects(stat(file), { code: "ENOENT" });
});

test("finds the state by the environment, then by the project, then by the login, then on this machine", async (t) => {
  const directory = await emptyHome(t);
  await writeFile(join(directory, "Pulumi.yaml"), "name: registry-cache\nruntime: nodejs\n");
  const own = stateBackend(directory);
  assert.equal(own.from, "this machine");

  await writeFile(join(directory, "credentials.json"), '{ "current": "file://~" }');
  const login = stateBackend(directory);
  assert.deepEqual(login, { url: "file://~", from: "pulumi login" });
  assert.equal(engineEnvironment(login).PULUMI_CONFIG_PASSPHRASE_FILE, undefined, "what the user made");

  await writeFile(join(directory, "Pulumi.yaml"), "name: registry-cache\nbackend: { url: s3://states }\n");
  const shared = stateBackend(directory);
  assert.deepEqual(shared, { url: "s3://states", from: "Pulumi.yaml" });
  assert.equal(engineEnvironment(shared).PULUMI_CONFIG_PASSPHRASE_FILE, undefined, "what a team shares");

  process.env.PULUMI_BACKEND_URL = "azblob://states";
  process.env.PULUMI_CONFIG_PASSPHRASE = "the team's";
  assert.deepEqual(stateBackend(directory), { url: "azblob://states", from: "PULUMI_BACKEND_URL" });
  const local = localEnvironment();
  assert.deepEqual([local.PULUMI_BACKEND_URL, local.PULUMI_CONFIG_PASSPHRASE], [own.url, undefined]);
  assert.equal(local.PULUMI_CONFIG_PASSPHRASE_FILE, join(directory, "registry-cache", "pulumi-passphrase"));
});

test("names both ways out and the archive's directory if the engine can be neither downloaded nor built", async (t) => {
  const directory = await emptyHome(t);
  const { stderr } = await ensureEngine(directory, join(directory, "pulumi"));
  assert.match(stderr, /^StepError: Building pulumi\S* v\S+ from its Go module failed/m);
  assert.match(stderr, /^ {2}way out: install Go /m);
  const archive = `pulumi-v${manifest.version}-${process.platform}-`;
  const target = join(directory, "pulumi", "versions", manifest.version, "bin");
  assert.match(stderr, /^ {2}or: {6}make sure that get\.pulumi\.com, which gave no engine, can be reached/m);
  assert.ok(stderr.includes(archive) && stderr.includes(target), stderr);
});

test("says first, and without a build, that the engine's directory can't be written", async (t) => {
  const directory = await emptyHome(t);
  await writeFile(join(directory, "file"), "");
  const { stderr } = await ensureEngine(directory, join(directory, "file"));
  const target = join(directory, "file", "versions", manifest.version, "bin");
  assert.match(stderr, /^StepError: Making the directory of the Pulumi engine failed/m);
  assert.ok(stderr.includes(`way out: make sure that ${target} can be written, or set PULUMI_HOME`), stderr);
  assert.doesNotMatch(stderr, /Building|Go/);
});

/** Runs ensureEngine() on a machine without Go and network. */
function ensureEngine(directory: string, pulumiHome: string) {
  const script = `import(${JSON.stringify(join(projectDirectory, "scripts/setup/engine.ts"))}).then((it) => it.ensureEngine())`;
  return execa(process.execPath, ["--eval", script], {
    env: {
      ...{ PATH: directory, HOME: directory, PULUMI_HOME: pulumiHome, XDG_CACHE_HOME: directory },
      ...{ HTTPS_PROXY: "http://127.0.0.1:1", NO_PROXY: "" },
    },
    reject: false,
  });
}
