/** What the quick checks print of tests: only what a reader needs to find a failure. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { tempDir } from "../support/scope.ts";

const reporter = join(import.meta.dirname, "../../scripts/setup/failed-tests.ts");

const files = {
  "passes.test.mjs": `import { test } from "node:test";
test("fine", () => {});`,
  "fails.test.mjs": `import assert from "node:assert/strict";
import { describe, test } from "node:test";
test("fine", () => {});
describe("group", () => { test("differs", () => assert.deepEqual({ a: "found" }, { a: "wanted" })); });
test("hangs", { timeout: 1 }, () => new Promise((resolve) => setTimeout(resolve, 500)));`,
  "unloadable.test.mjs": `import { nothing } from "node:assert/strict";`,
};

test("shows the name, the place and the reason of failed tests, and nothing of others", async () => {
  await using directory = await tempDir();
  for (const [file, text] of Object.entries(files)) await writeFile(join(directory.path, file), text);
  const { stdout, exitCode } = await execa(
    "node",
    ["--test", `--test-reporter=${reporter}`, ...Object.keys(files)],
    // Node runs no test runner in another one.
    { cwd: directory.path, env: { NODE_TEST_CONTEXT: undefined }, reject: false },
  );
  assert.equal(exitCode, 1, stdout);
  assert.match(stdout, /^test at fails\.test\.mjs:4:\d+\n✖ differs /m);
  assert.match(stdout, /^ *\+ +a: 'found'\n *- +a: 'wanted'$/m);
  assert.match(stdout, /^test at fails\.test\.mjs:5:\d+\n✖ hangs .*\n.*timed out/m);
  assert.match(stdout, /^SyntaxError: .*'nothing'$/m);
  assert.match(stdout, /^test at unloadable\.test\.mjs/m);
  assert.doesNotMatch(stdout, /fine|passes|tests \d/);
});
