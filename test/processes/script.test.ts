/** A script behaves the same in the form that a machine gets. */
import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { execa } from "execa";
import { script } from "../../components/shell/script.ts";

/** A script as bash understands it: formatted, without comments. Empty lines are left out. Between commands they mean nothing, and in strings script() doesn't remove them. */
async function understood(text: string): Promise<string[]> {
  const { stdout } = await execa("bash", ["--pretty-print"], { input: text });
  return stdout.split("\n").filter((line) => line !== "");
}

const canPrint = (await execa("bash", ["--pretty-print"], { input: ":", reject: false })).exitCode === 0;
const skip = canPrint ? false : "bash is missing, or too old";

for (const path of globSync("components/**/*.sh")) {
  const stripped = script(pathToFileURL(path).href, basename(path));

  test(`leaves no comment lines in ${path}`, () => {
    const [first, ...rest] = stripped.split("\n");
    assert.match(first ?? "", /^#!\/bin\/sh$/);
    assert.deepEqual(
      rest.filter((line) => /^\s*#/.test(line)),
      [],
    );
  });

  test(`keeps the meaning of ${path} without comments`, { skip }, async () => {
    await execa("sh", ["-n"], { input: stripped });
    const whole = await understood(await readFile(path, "utf8"));
    assert.ok(whole.length > 3);
    assert.deepEqual(await understood(stripped), whole);
  });
}

test("would detect a line lost from a here-document", { skip }, async () => {
  const text = "cat <<END\n# text\nEND\n";
  assert.notDeepEqual(await understood(text), await understood(text.replace("# text\n", "")));
});
