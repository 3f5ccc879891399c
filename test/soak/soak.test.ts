import assert from "node:assert/strict";
import { test } from "node:test";
import { soak } from "./soak.ts";

test("two minutes of faults: no wrong bytes stay, and nothing fails that the cache owes its clients", async (t) => {
  const { violations, summary } = await soak({ minutes: 2, seed: 1, say: (line) => t.diagnostic(line) });
  t.diagnostic(summary);
  assert.deepEqual(violations, []);
});
