/** What a replica in a cluster asks for. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { demandOf } from "../../components/capacity/demand.ts";
import { contentGiB } from "../../components/capacity/plan-disk.ts";
import { planReplica } from "../../components/capacity/plan-replica.ts";
import { parseConfig } from "../../components/config/parse.ts";
import { diskBudget } from "../../components/pod/edge/budget.ts";
import { kubernetesKeys } from "../support/kubernetes-regions.ts";

const { workload } = parseConfig(kubernetesKeys("volumes"));
const bucket = (delivery: "proxied" | "redirect") => ({ kind: "bucket", delivery }) as const;

test("the default workload, on two replicas", () => {
  const plan = (storage: Parameters<typeof planReplica>[0]["storage"]) =>
    planReplica({ storage, replicas: 2, workload });
  assert.deepEqual(plan({ kind: "disk", sizeGiB: "auto" }), {
    diskGiB: 240,
    edge: { cpuMillis: 100, memoryMiB: 3328, workers: 2 },
    warnings: [],
  });
  assert.deepEqual(plan(bucket("proxied")), {
    diskGiB: 15,
    edge: { cpuMillis: 100, memoryMiB: 3328, workers: 2 },
    warnings: [],
  });
  assert.deepEqual(plan(bucket("redirect")), {
    diskGiB: 4,
    edge: { cpuMillis: 100, memoryMiB: 287, workers: 2 },
    warnings: [],
  });
});

test("the disk holds the content, and the processors their share of the load", () => {
  const workloads = fc.record({
    nodes: fc.integer({ min: 0, max: 20_000 }),
    pullsPerNodeGiB: fc.integer({ min: 0, max: 200 }),
  });
  fc.assert(
    fc.property(workloads, fc.integer({ min: 1, max: 50 }), (change, replicas) => {
      const changed = { ...workload, ...change };
      const { diskGiB, edge } = planReplica({ storage: bucket("proxied"), replicas, workload: changed });
      const content = contentGiB(changed, "proxied");
      assert.ok(diskBudget(diskGiB).blobsMiB / 1024 >= content);
      assert.ok(diskGiB === 4 || diskBudget(diskGiB - 1).blobsMiB / 1024 < content);
      const { networkMbps } = demandOf(changed, "proxied");
      assert.ok(edge.cpuMillis * replicas * 2.5 >= networkMbps);
      // Each worker takes 4 MiB before it serves anybody.
      const restMiB = edge.memoryMiB - 4 * (edge.workers - 2);
      assert.ok(restMiB >= 256 && restMiB <= 256 + 4096);
      assert.ok(
        edge.workers * 1000 >= edge.cpuMillis && edge.workers <= Math.max(2, edge.cpuMillis / 1000 + 1),
      );
    }),
  );
});

test("a volume that is too small for the workload is said", () => {
  const { diskGiB, warnings } = planReplica({
    storage: { kind: "disk", sizeGiB: 100 },
    replicas: 2,
    workload,
  });
  assert.equal(diskGiB, 100);
  assert.deepEqual(
    warnings.map(({ path }) => path),
    ["storage.size"],
  );
  assert.match(warnings[0]?.message ?? "", /better: 240GiB$/);
});
