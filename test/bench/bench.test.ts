import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { scope, tempDir } from "../support/scope.ts";
import type { ContestantName, Measurement } from "./measurement.ts";
import { ratios, verdict } from "./measurement.ts";
import { pairwise, percentile, summarize } from "./statistics.ts";

test("measures everything in a quick run, and results that don't depend on the machine's speed are right", async (t) => {
  const { path } = scope(t).use(await tempDir());
  const json = join(path, "bench.json");
  const { stdout } = await execa("node", ["test/bench/bench.ts", "--quick", "--json", json], {
    preferLocal: true,
  });
  const { results } = JSON.parse(await readFile(json, "utf8")) as {
    results: (Measurement & { verdict?: string })[];
  };
  for (const { what, series } of results) {
    assert.ok(stdout.includes(what), what);
    for (const values of Object.values(series))
      assert.ok(values.length > 0 && values.every(Number.isFinite), what);
  }
  const measured = (part: string) => results.filter(({ what }) => what.includes(part));
  const fromUpstream = measured("bytes from upstream");
  assert.equal(fromUpstream.length, 3);
  for (const part of ["bytes from upstream", "memory", "user data"]) {
    assert.ok(measured(part).length > 0, part);
    for (const { what, verdict } of measured(part)) assert.equal(verdict, "reached", what);
  }
  // The link and its counter work: with many clients, distribution alone fetches the blob more than once.
  const [alone] = measured("16 clients: bytes from upstream");
  assert.ok((alone?.series.distribution?.[0] ?? 0) > 1.5);
});

test("answers a word that is in no measure's name with the names", async () => {
  const { exitCode, stderr } = await execa("node", ["test/bench/bench.ts", "nonsense"], {
    preferLocal: true,
    reject: false,
  });
  assert.equal(exitCode, 2);
  assert.match(stderr, /warm-blob, .*preview.*boot, size, .*engines/s);
});

const measurement = (
  series: Partial<Record<ContestantName, number[]>>,
  goal: NonNullable<Measurement["goal"]>,
): Measurement => ({ what: "x", unit: "s", series, goal });

test("judges a goal by the median of the pairs' ratios, or by the Pod's own median", () => {
  const series = { pod: [1, 9, 3], limit: [1, 3, 2] };
  const found = ratios(measurement(series, { atMost: 1 }), "limit");
  assert.deepEqual(found, { median: 1.5, quartiles: [1.25, 2.25], interval: [1, 3] });
  assert.equal(verdict(measurement(series, { against: "limit", atMost: 3 })), "reached");
  assert.equal(verdict(measurement(series, { against: "limit", atLeast: 1.6 })), "undecided");
  assert.equal(verdict(measurement(series, { against: "limit", atLeast: 3.1 })), "missed");
  assert.equal(verdict(measurement(series, { atMost: 0.9 })), "missed");
  assert.throws(() => verdict(measurement(series, { against: "direct", atMost: 1 })), RangeError);
});

test("calculates statistics", () => {
  assert.deepEqual(summarize([3, 1, 2, 4]), { median: 2.5, quartiles: [1.75, 3.25], interval: [1, 4] });
  // By tables of the sign test: the 2nd and the 8th of 9 values, and the 6th and the 15th of 20.
  const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
  assert.deepEqual(summarize(upTo(9)).interval, [2, 8]);
  assert.deepEqual(summarize(upTo(20)).interval, [6, 15]);
  assert.equal(percentile([10, 20, 30], 99), 29.8);
  assert.throws(() => percentile([], 50), RangeError);
  assert.throws(() => pairwise([1], [1, 2]), RangeError);
});
