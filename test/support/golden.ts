import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";

/**
 * A test for each rendered file against its copy in the folder, and one that the folder has no other.
 * @param files texts by their path in the folder
 * @param prefix of the tests' names
 */
export function testGolden(folder: string, files: Readonly<Record<string, string>>, prefix = ""): void {
  for (const [path, text] of Object.entries(files)) {
    test(`${prefix}${path}`, (t) => {
      t.assert.fileSnapshot(text, join(folder, path), { serializers: [(value) => value] });
    });
  }

  after(() => {
    const kept = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
    assert.deepEqual(
      kept.sort(),
      Object.keys(files).sort(),
      `remove from ${folder} what isn't rendered any more`,
    );
  });
}
