import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import manifest from "pulumi/package.json" with { type: "json" };
import { engineEnvironment } from "../../scripts/setup/engine.ts";
import { goTools } from "../../scripts/setup/from-source/go-tools.ts";

test("the engine that is built is the one that the npm package looks for", () => {
  assert.equal(goTools.pulumi.version, `v${manifest.version}`);
});

test("the passphrase is made once, for its owner alone, and the user's own settings win", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "engine-"));
  const before = { ...process.env };
  t.after(async () => {
    process.env = before;
    await rm(directory, { recursive: true });
  });
  process.env = { PATH: before.PATH, XDG_STATE_HOME: directory };

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

  Object.assign(process.env, { PULUMI_CONFIG_PASSPHRASE: "", PULUMI_BACKEND_URL: "s3://states" });
  assert.deepEqual(Object.keys(engineEnvironment()).sort(), ["PATH", "PULUMI_SKIP_UPDATE_CHECK"]);
});
