import assert from "node:assert/strict";
import { test } from "node:test";
import { staticChecks } from "../../scripts/check.ts";

for (const { title, run } of staticChecks) {
  test(title, async (t) => {
    try {
      const leftOut = await run();
      if (leftOut !== undefined) t.skip(leftOut);
    } catch (error) {
      assert.fail((error as Error).message);
    }
  });
}
