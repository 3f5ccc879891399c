/** Commands that hand files of the clone to other programs, in a clone whose path a file URL has to encode. */
import assert from "node:assert/strict";
import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { execa } from "execa";
import { projectDirectory } from "../support/project.ts";
import { scope, tempDir } from "../support/scope.ts";

const resources = scope({ after });
let clone: string;

before(async () => {
  clone = join(resources.use(await tempDir()).path, "a clöne");
  await mkdir(clone);
  for (const part of [
    ...["charts", "components", "dashboards", "docs", "policy", "scripts", "stacks"],
    ...[".gitignore", "biome.json", "package.json", "Pulumi.yaml", "tsconfig.json"],
  ]) {
    await cp(join(projectDirectory, part), join(clone, part), { recursive: true });
  }
  await symlink(join(projectDirectory, "node_modules"), join(clone, "node_modules"));
});

const command = (script: string, args: readonly string[] = [], nodeOptions: readonly string[] = []) =>
  execa(process.execPath, [...nodeOptions, join("scripts", script), ...args], { cwd: clone, reject: false });

test("npm run generate", async () => {
  const { exitCode, stdout, stderr } = await command("generate.ts");
  assert.equal(exitCode, 0, stderr);
  assert.match(stdout, /^components\/monitoring\/status-page\/generated\/page\.js: up to date$/m);
  assert.doesNotMatch(stdout, /written/);
});

/** Azure's list, without prices. */
const emptyList = `--import=data:text/javascript,globalThis.fetch=async()=>Response.json({Items:[]})`;

test("npm run prices, which doesn't say that prices stay if it has written them", async () => {
  const file = join(clone, "components/cost/prices/azure.json");
  const renew = () => command("prices.ts", ["azure", "--region", "westeurope"], [emptyList]);
  const renewed = await renew();
  assert.equal(renewed.exitCode, 0, renewed.stderr);
  const formatted = await readFile(file, "utf8");
  assert.match(formatted, /^\{\n {2}"/);

  await writeFile(join(clone, "biome.json"), "{");
  const unformatted = await renew();
  assert.equal(unformatted.exitCode, 1);
  assert.notEqual(await readFile(file, "utf8"), formatted);
  assert.match(unformatted.stderr, /biome/);
  assert.doesNotMatch(unformatted.stderr, /stay as they are/);
});
