import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";

const page = readFileSync("docs/upgrading.md", "utf8");

test("names existing tests for a newer program, and the files that pin it", () => {
  const [, table = ""] = page.match(/^## Newer programs$(.*?)^## /ms) ?? [];
  const lines = table.split("\n").filter((line) => /^\| (?!program|---)/.test(line));
  assert.ok(lines.length > 5);
  const files = globSync("test/**/*.test.ts");
  for (const line of lines) {
    const cells = line.split(" | ");
    const words = [...(cells.at(-1) ?? "").matchAll(/`([^`]+)`/g)].map(([, word = ""]) => word);
    for (const word of words.filter((word) => !word.startsWith("npm run "))) {
      assert.ok(
        files.some((file) => file.includes(word)),
        word,
      );
    }
    for (const [, path = ""] of (cells[1] ?? "").matchAll(/`([^`]+\/[^`]+\.ts)`/g)) {
      assert.deepEqual(globSync(path), [path]);
    }
  }
});
