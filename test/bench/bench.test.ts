import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { scope, tempDir } from "../support/scope.ts";
import type { ContestantName, Measurement } from "./measurement.ts";
import { ratios, reaches } from "./measurement.ts";
import { pairwise, percentile, summarize } from "./statistics.ts";

test("a quick run measures everything, and what doesn't depend on the machine's speed is as it must be", async (t) => {
  const { path } = scope(t).use(await tempDir());
  const json = join(path, "bench.json");
  const { stdout } = await execa("node", ["test/bench/bench.ts", "--quick", "--json", json], {
    preferLocal: true,
  });
  const { results } = JSON.parse(await readFile(json, "utf8")) as {
    results: (Measurement & { reached?: boolean })[];
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
    for (const { what, reached } of measured(part)) assert.ok(reached, what);
  }
  // The link and its counter work: many clients of distribution alone fetch the blob more than once.
  const [alone] = measured("16 clients: bytes from upstream");
  assert.ok((alone?.series.distribution?.[0] ?? 0) > 1.5);
});

test("a word that no measure has in its name is answered with the names", async () => {
  const { exitCode, stderr } = await execa("node", ["test/bench/bench.ts", "nonsense"], {
    preferLocal: true,
    reject: false,
  });
  assert.equal(exitCode, 2);
  assert.match(stderr, /warm-blob, .*preview/);
});

const measurement = (
  series: Partial<Record<ContestantName, number[]>>,
  goal: NonNullable<Measurement["goal"]>,
): Measurement => ({ what: "x", unit: "s", series, goal });

test("a goal is for the median of the ratios of pairs, or for the Pod's own median", () => {
  const series = { pod: [1, 9, 3], limit: [1, 3, 2] };
  assert.deepEqual(ratios(measurement(series, { atMost: 1 }), "limit"), { median: 1.5, min: 1, max: 3 });
  assert.equal(reaches(measurement(series, { against: "limit", atMost: 1.5 })), true);
  assert.equal(reaches(measurement(series, { against: "limit", atLeast: 1.6 })), false);
  assert.equal(reaches(measurement(series, { atMost: 2.9 })), false);
  assert.throws(() => reaches(measurement(series, { against: "direct", atMost: 1 })), RangeError);
});

test("statistics", () => {
  assert.deepEqual(summarize([3, 1, 2, 4]), { median: 2.5, min: 1, max: 4 });
  assert.equal(percentile([10, 20, 30], 99), 29.8);
  assert.throws(() => percentile([], 50), RangeError);
  assert.throws(() => pairwise([1], [1, 2]), RangeError);
});
