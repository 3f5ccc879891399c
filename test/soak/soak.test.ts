import assert from "node:assert/strict";
import { test } from "node:test";
import { soak } from "./soak.ts";

test("keeps its guarantees through each fault once, and no wrong bytes stay", async (t) => {
  const { violations, summary } = await soak({
    minutes: 0.5,
    seed: 1,
    clients: 6,
    say: (line) => t.diagnostic(line),
  });
  t.diagnostic(summary);
  assert.deepEqual(violations, []);
});
