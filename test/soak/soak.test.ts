import assert from "node:assert/strict";
import { test } from "node:test";
import { soak } from "./soak.ts";

test("each fault once: no wrong bytes stay, and nothing fails that the cache owes its clients", async (t) => {
  const { violations, summary } = await soak({ minutes: 0.5, seed: 1, say: (line) => t.diagnostic(line) });
  t.diagnostic(summary);
  assert.deepEqual(violations, []);
});
