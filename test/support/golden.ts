import assert from "node:assert/strict";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";

const isUpdate = process.execArgv.includes("--test-update-snapshots");

/**
 * Tests each rendered file against its copy in the folder, and that the folder has no other file. An update deletes the others.
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
    const others = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => files[path.slice(folder.length + 1)] === undefined);
    if (isUpdate) for (const path of others) rmSync(path);
    else assert.deepEqual(others, [], "aren't rendered any more: npm run generate");
  });
}
