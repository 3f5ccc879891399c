import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { podPortCount, podPorts } from "../../components/config/ports.ts";
import { diskBudget, scratchBudget } from "../../components/pod/edge/budget.ts";
import { errorBody } from "../../components/pod/edge/errors.ts";
import { fillMaps } from "../../components/pod/edge/fills.ts";
import { renderEdgeConfig } from "../../components/pod/edge/nginx.ts";
import { podOptions } from "../support/pod-options.ts";

/** From 1 GiB to 16 TiB. */
const sizeGiB = fc.oneof(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 16 * 1024 }));

test("divides a disk into whole, positive parts, with space for fills in progress", () => {
  fc.assert(
    fc.property(sizeGiB, (size) => {
      const { blobsMiB, manifestsMiB, prometheusMiB, minFreeMiB } = diskBudget(size);
      for (const part of [blobsMiB, manifestsMiB, prometheusMiB, minFreeMiB]) {
        assert.ok(Number.isInteger(part) && part > 0, `${part} MiB`);
      }
      const left = size * 1024 - blobsMiB - manifestsMiB - prometheusMiB;
      assert.ok(left >= 64, `${left} MiB are left`);
      // Even on a small disk, fills in progress need their space.
      const least = size >= 16 ? 0.8 : 0.3;
      assert.ok(blobsMiB / (size * 1024) > least, `${blobsMiB} MiB of ${size} GiB are for blobs`);
    }),
  );
});

test("leaves space for fills in progress in a part of a node's disk, and never assigns all of it", () => {
  fc.assert(
    fc.property(sizeGiB, fc.double({ min: 0.1, max: 64, noNaN: true }), (size, fillsGiB) => {
      const { blobsMiB, manifestsMiB, prometheusMiB, fillsMiB } = scratchBudget(size, fillsGiB);
      const parts = [blobsMiB, manifestsMiB, prometheusMiB, fillsMiB];
      for (const part of parts) assert.ok(Number.isInteger(part) && part > 0, `${part} MiB`);
      const left = size * 1024 - parts.reduce((sum, part) => sum + part);
      assert.ok(left >= Math.max(256, size * 102), `${left} MiB are left`);
    }),
  );
});

test("doesn't store a blob of half of the space for fills, whatever the digits of its size", () => {
  // Half of each of the constants, in bytes, begins with 9.
  const sizes = fc.oneof(fc.double({ min: 0.1, max: 200, noNaN: true }), fc.constantFrom(1.8, 18, 180));
  fc.assert(
    fc.property(sizes, fc.double({ min: 0.01, max: 20, noNaN: true }), (fillsGiB, ratio) => {
      const budget = scratchBudget(1000, fillsGiB);
      const maps = fillMaps({ budget, ports: podPorts(15000, 1) });
      const patterns = maps.flatMap(({ block = [] }) => block.map(({ name }) => name));
      const pattern = patterns.find((name) => name.startsWith("~")) ?? assert.fail();
      const half = (budget.fillsMiB / 2) * 1024 ** 2;
      const bytes = Math.round(half * ratio);
      const isUnstored = new RegExp(pattern.slice(1)).test(`200 ${bytes}`);
      if (bytes >= half) assert.ok(isUnstored, `${bytes} of ${half}`);
      // The limit is rounded down to two digits.
      if (bytes < half * 0.9) assert.ok(!isUnstored, `${bytes} of ${half}`);
    }),
  );
});

test("makes no part of a larger disk smaller", () => {
  fc.assert(
    fc.property(sizeGiB, sizeGiB, (one, other) => {
      const smaller = diskBudget(Math.min(one, other));
      const larger = diskBudget(Math.max(one, other));
      for (const part of Object.keys(smaller) as (keyof typeof smaller)[]) {
        assert.ok(smaller[part] <= larger[part], part);
      }
    }),
  );
});

test("refuses impossible sizes and ports", () => {
  for (const size of [0, -1, Number.NaN]) assert.throws(() => diskBudget(size), RangeError);
  for (const first of [0, 65_525, 70_000]) assert.throws(() => podPorts(first, 1), RangeError);
  assert.equal(podPorts(65_524, 1).origins[0]?.debug, 65_535);
});

test("gives each container different ports, within the range that the Pod claims", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60_000 }), fc.integer({ min: 1, max: 100 }), (first, upstreams) => {
      const { origins, ...others } = podPorts(first, upstreams);
      assert.equal(origins.length, upstreams);
      const ports = [...Object.values(others), ...origins.flatMap(({ http, debug }) => [http, debug])];
      const all = [...ports, ...origins.map(({ stored }) => stored)];
      assert.equal(new Set(all).size, all.length);
      assert.ok(ports.every((port) => port >= first && port < first + podPortCount(upstreams)));
      assert.ok(all.every((port) => port >= first && port < first + podPortCount(upstreams) + upstreams));
    }),
  );
});

test("writes errors in the body that OCI clients read", () => {
  assert.deepEqual(JSON.parse(errorBody("DENIED", 'a "reason"')), {
    errors: [{ code: "DENIED", message: 'a "reason"' }],
  });
});

test("limits the transfers in progress to the memory", () => {
  const transfers = (change: Partial<Parameters<typeof podOptions>[0]>) => {
    const upstream = { name: "one", registry: "one.example.com", url: "https://one.example.com" };
    const config = renderEdgeConfig(
      podOptions({ upstreams: [{ ...upstream, repositories: ["**"] }], ...change }),
    );
    return [...config.matchAll(/limit_conn transfers (\d+);/g)].map(([, most]) => Number(most));
  };
  assert.deepEqual(transfers({ edgeMemoryMiB: 1024 }), [1493]);
  assert.deepEqual(transfers({ edgeMemoryMiB: 100 }), [256]);
  // On a machine of its own, the container's limit is no limit.
  assert.deepEqual(transfers({ edgeMemoryMiB: 256 * 1024, transfersMiB: 512 }), [853]);
  // A replica also limits what the others get.
  const peers = { port: 8444, servers: ["one:8444", "two:8444"] };
  assert.deepEqual(transfers({ edgeMemoryMiB: 1024, peers }), [1493, 1493]);
});
