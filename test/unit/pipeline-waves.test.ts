/** When a roll-out continues, waits and stops. test/engine/pipeline-up.test.ts tests it with the real engine. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Change } from "../../scripts/engine/changes.ts";
import { gate } from "../../scripts/pipeline/gate.ts";
import { renderRollout } from "../../scripts/pipeline/reports.ts";
import { rollOut, wavesOf } from "../../scripts/pipeline/waves.ts";
import { startServer } from "../support/server.ts";

const change = (kind: Change["kind"], type: string): Change => ({
  kind,
  type,
  name: "a",
  because: [],
  isRetained: false,
});
const update = change("update", "Volume");

interface Case {
  readonly waves?: readonly (readonly string[])[];
  readonly changes?: readonly Change[];
  /** Stacks that the engine fails to bring up. */
  readonly failing?: readonly string[];
  /** Seconds after the first check until everything is healthy. */
  readonly wellAfter?: number;
  /** Seconds after the first check until everything is prefetched. */
  readonly fetchedAfter?: number;
  /** Seconds until the pipeline is interrupted. */
  readonly interruptedAfter?: number;
}

/** Runs waves with a clock that only waiting advances. */
async function run(
  t: TestContext,
  { waves = [["a"]], changes = [], failing = [], wellAfter = 0, fetchedAfter = 0, interruptedAfter }: Case,
) {
  const begun: string[] = [];
  const interruption = new AbortController();
  let seconds = 0;
  t.mock.method(performance, "now", () => seconds * 1000);
  const outcomes = await rollOut(waves, {
    async problemsOf() {
      if (interruptedAfter !== undefined && seconds >= interruptedAfter) interruption.abort();
      return begun.length > 0 && seconds < wellAfter ? ["isn't well"] : [];
    },
    async missingOf() {
      return seconds < fetchedAfter ? ["an image is missing"] : [];
    },
    async bringUp(stack) {
      begun.push(stack);
      const succeeded = !failing.includes(stack);
      return { stack, succeeded, changes, warnings: [], errors: succeeded ? [] : ["refused"] };
    },
    async sleep(duration) {
      seconds += duration;
    },
    interruption: interruption.signal,
    progress() {},
    repair: false,
    settleSeconds: 180,
    prefetchSeconds: 600,
  });
  t.mock.restoreAll();
  return { outcomes, states: outcomes.map(({ stack, state }) => `${stack} ${state}`), begun, seconds };
}

test("finds a canary by its stack's name, and keeps its organization", () => {
  assert.deepEqual(wavesOf(["a", "acme/b", "c"], "b", 2), [["acme/b"], ["a", "c"]]);
  assert.deepEqual(wavesOf(["a", "b"], "acme/b", 2), [["acme/b"], ["a"]]);
  assert.deepEqual(wavesOf(["a", "b"], "other", 2), [["a"], ["b"]]);
});

test("watches a wave for the whole time, because a machine first serves with its old Pod", async (t) => {
  assert.equal((await run(t, { changes: [update] })).seconds, 180);
  assert.equal((await run(t, { changes: [] })).seconds, 0);
  const unwell = await run(t, { changes: [update], wellAfter: 181 });
  assert.deepEqual([unwell.states, unwell.seconds], [["a unhealthy"], 180]);
});

test("gives the stacks of a failed wave that are up their time to settle", async (t) => {
  const wave = { waves: [["a", "b"], ["c"]], failing: ["a"], changes: [update], wellAfter: 60 };
  assert.deepEqual((await run(t, wave)).states, ["a failed", "b up", "c not begun"]);
});

for (const machine of [change("create", "Instance"), change("replace", "VirtualMachine")]) {
  test(`gives ${machine.kind} ${machine.type} 15 minutes to become healthy, and waits no longer than needed`, async (t) => {
    const late = await run(t, { changes: [update, machine], wellAfter: 600 });
    assert.deepEqual([late.states, late.seconds], [["a up"], 600]);
    const never = await run(t, { changes: [machine], wellAfter: Number.POSITIVE_INFINITY });
    assert.deepEqual([never.states, never.seconds], [["a unhealthy"], 900]);
    assert.equal((await run(t, { changes: [machine] })).seconds, 180);
  });
}

test("waits with the next wave until prefetched images are there, and continues without them in the end", async (t) => {
  const waves = [["a"], ["b"]];
  const late = await run(t, { waves, fetchedAfter: 60 });
  assert.deepEqual([late.states, late.seconds], [["a up", "b up"], 60]);
  assert.doesNotMatch(renderRollout(late.outcomes, waves, false).whole, /prefetch/);
  const never = await run(t, { waves, changes: [update], fetchedAfter: Number.POSITIVE_INFINITY });
  assert.deepEqual([never.states, never.seconds], [["a up", "b up"], 2 * (180 + 600)]);
  const { whole: report } = renderRollout(never.outcomes, waves, false);
  assert.match(report, /\| 1 \| a \| up, \*\*not prefetched\*\* \| 1 update \|/);
  assert.match(report, /\*\*b doesn't have all.*an image is missing/s);
  const unwell = await run(t, { changes: [update], wellAfter: 181, fetchedAfter: 10_000 });
  assert.deepEqual([unwell.states, unwell.seconds], [["a unhealthy"], 180]);
});

test("starts nothing of a wave if it is interrupted while the wave is checked", async (t) => {
  const { states, begun } = await run(t, { waves: [["a"], ["b"]], interruptedAfter: 0 });
  assert.deepEqual([states, begun], [["a not begun", "b not begun"], []]);
});

test("reports an interruption while the last wave settles, with the wave up", async (t) => {
  const { outcomes, states, seconds } = await run(t, { changes: [update], interruptedAfter: 30 });
  assert.deepEqual([states, seconds], [["a up"], 30]);
  assert.match(renderRollout(outcomes, [["a"]], true).whole, /\*\*The run was interrupted\.\*\*/);
  assert.doesNotMatch(renderRollout(outcomes, [["a"]], false).whole, /interrupted/);
});

test("names what can't be asked: Prometheus, or the backend", async () => {
  const asked = (outputs: () => object) =>
    gate({
      backend: { outputs: async () => ({ ...outputs() }) },
      prometheus: {
        async query() {
          throw new Error("http://127.0.0.1:9/ can't be reached: refused");
        },
        externalLabels: async () => ({}),
      },
      maxErrorRatio: 0.01,
    })("a");
  const cache = {
    endpoint: "https://cache.invalid",
    topology: "vm",
    storage: { kind: "disk" },
    upstreams: [],
  };
  assert.deepEqual(await asked(() => ({ caches: { one: cache } })), [
    "http://127.0.0.1:9/ can't be reached: refused",
  ]);
  const refused = await asked(() => {
    throw new Error("no credentials");
  });
  assert.deepEqual(refused, ["its outputs can't be read: no credentials"]);
  assert.match((await asked(() => ({ caches: [] })))[0] ?? "", /^its outputs can't be read: /);
});

test("without Prometheus, a region that can't be reached may only be closed to this network, or runs another Pod", async () => {
  const metric = { __name__: "registry_cache_pod_applied_info", digest: "0123456789ab" };
  const data = { resultType: "vector", result: [{ metric, value: [1, "1"] }] };
  await using server = await startServer((_, response) =>
    response.end(JSON.stringify({ status: "success", data })),
  );
  const statusPage = `${server.url}/`;
  const cache = { endpoint: "https://127.0.0.1:9", topology: "vm", storage: { kind: "disk" }, upstreams: [] };
  for (const [pod, others] of [
    ["0123456789abcdef", []],
    ["abcdef0123456789", ["one: runs another Pod than it is told to"]],
  ] as const) {
    const outputs = { caches: { one: { ...cache, pod } }, monitoring: { one: { statusPage } } };
    const backend = { outputs: async () => outputs };
    const [closed, ...more] = await gate({ backend, maxErrorRatio: 0.01 })("a");
    assert.match(closed ?? "", /^one: https:\/\/127\.0\.0\.1:9: .*`access\.clients`.*PROMETHEUS_URL$/);
    assert.deepEqual(more, others);
  }
});
