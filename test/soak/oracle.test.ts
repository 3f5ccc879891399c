import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import type { Digest } from "../../scripts/seed/content.ts";
import { type Blob, type Moment, Oracle, type Outcome, type Phase } from "./oracle.ts";

const digest: Digest = `sha256:${"a".repeat(64)}`;
const other: Digest = `sha256:${"b".repeat(64)}`;
const whole = { status: 200, headers: {}, bytes: 9, digest, firstByteMs: 1, totalMs: 1, complete: true };
const wrong = { ...whole, digest: other };
const refused = { error: "ECONNREFUSED" };

let oracle: Oracle;
let blob: Blob;
beforeEach(() => {
  oracle = new Oracle();
  blob = { repository: "giantswarm/app", digest };
});

function judge(phase: Phase, outcome: Outcome, afterCount = 1): number {
  const before: Moment = { phase, count: 1, what: phase };
  oracle.judge(blob, outcome, { before, after: { ...before, count: afterCount }, begun: Date.now() });
  return oracle.violations.length;
}

describe("the oracle of a soak", () => {
  for (const failure of [refused, { ...whole, status: 503 }, { ...whole, complete: false }]) {
    test(`accepts ${JSON.stringify(failure).slice(0, 40)} only while something is broken`, () => {
      for (const phase of ["upstream", "edge", "recovering"] as const) assert.equal(judge(phase, failure), 0);
      assert.equal(judge("well", failure, 2), 0, "something broke during the pull");
      blob.refusedAt = undefined;
      assert.equal(judge("well", failure), 1);
    });
  }

  test("accepts 503 if another client got it in the previous ten seconds", (t) => {
    t.mock.timers.enable({ apis: ["Date"], now: 0 });
    const silent = { ...whole, status: 503 };
    assert.equal(judge("recovering", silent), 0);
    t.mock.timers.tick(10_000);
    assert.equal(judge("well", silent), 0);
    t.mock.timers.tick(1500);
    assert.equal(judge("well", silent), 1, "what is told again doesn't count as the first");
  });

  test("requires the cache to serve what it has, whatever the upstream does", () => {
    assert.equal(judge("well", whole), 0);
    assert.equal(judge("upstream", refused), 1);
  });

  test("accepts wrong bytes only if the upstream has just sent some, and waits for the right ones", () => {
    assert.equal(judge("upstream", wrong), 1);
    oracle.corrupted();
    assert.equal(judge("upstream", wrong), 1);
    assert.equal(oracle.corrupt.has(blob), true);
    judge("well", whole);
    assert.equal(oracle.corrupt.size, 0);
  });
});
