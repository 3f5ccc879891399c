/** The resources that a replica in a cluster requests. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { demandOf } from "../../components/capacity/demand.ts";
import { contentGiB } from "../../components/capacity/plan-disk.ts";
import { planReplica } from "../../components/capacity/plan-replica.ts";
import { parseConfig } from "../../components/config/parse.ts";
import { type Item, priceBook, priceOf } from "../../components/cost/prices/price-book.ts";
import { scratchBudget } from "../../components/pod/edge/budget.ts";
import { kubernetesKeys } from "../support/kubernetes-regions.ts";

const { workload } = parseConfig(kubernetesKeys("volumes"));
const bucket = (delivery: "proxied" | "redirect", scratchGiB: number | "auto" = "auto") =>
  ({ kind: "bucket", delivery, scratchGiB }) as const;

test("plans the default workload on two replicas", () => {
  const plan = (storage: Parameters<typeof planReplica>[0]["storage"]) =>
    planReplica({ storage, replicas: 2, workload });
  assert.deepEqual(plan({ kind: "disk", sizeGiB: "auto" }), {
    diskGiB: 240,
    edge: { cpuMillis: 100, memoryMiB: 3328, workers: 2 },
    warnings: [],
  });
  assert.deepEqual(plan(bucket("proxied")), {
    diskGiB: 21,
    fillsGiB: 6,
    edge: { cpuMillis: 100, memoryMiB: 3328, workers: 2 },
    warnings: [],
  });
  assert.deepEqual(plan(bucket("redirect")), {
    diskGiB: 11,
    fillsGiB: 6,
    edge: { cpuMillis: 100, memoryMiB: 287, workers: 2 },
    warnings: [],
  });
});

test("gives replicas that share blobs their part of disk and memory, and counts each blob twice on the network", () => {
  const plan = (replicas: number, sharing: "none" | "hash") =>
    planReplica({ storage: { kind: "disk", sizeGiB: "auto" }, replicas, sharing, workload });
  assert.deepEqual(plan(2, "hash"), {
    diskGiB: 150,
    edge: { cpuMillis: 200, memoryMiB: 2240, workers: 2 },
    warnings: [],
  });
  assert.equal(plan(3, "hash").diskGiB, 110);
  // The figures in docs/kubernetes.md for the default workload.
  const { nodes, pullsPerNodeGiB, nodeChurnPerMonth, growthGiBPerMonth } = workload;
  assert.equal(nodes * pullsPerNodeGiB * nodeChurnPerMonth, 3600);
  assert.equal(growthGiBPerMonth, 10);
  const price = (item: Item) => priceOf(priceBook, "aws", "us-east-1", item)?.price ?? assert.fail(item);
  assert.equal(Math.round((3600 / 2) * 2 * price("transfer-in-region")), 36);
  const savedGiB = 2 * (plan(2, "none").diskGiB - plan(2, "hash").diskGiB);
  assert.equal(Math.round(savedGiB * price("gp3-capacity")), 14);
});

test("has a disk for the content, and processors for a replica's share of the load", () => {
  const workloads = fc.record({
    nodes: fc.integer({ min: 0, max: 20_000 }),
    pullsPerNodeGiB: fc.integer({ min: 0, max: 200 }),
  });
  fc.assert(
    fc.property(workloads, fc.integer({ min: 1, max: 50 }), (change, replicas) => {
      const changed = { ...workload, ...change };
      const plan = planReplica({ storage: bucket("proxied"), replicas, workload: changed });
      const { diskGiB, edge, fillsGiB = 0 } = plan;
      const content = contentGiB(changed, "proxied");
      const holds = (sizeGiB: number) => {
        const { blobsMiB, fillsMiB } = scratchBudget(sizeGiB, fillsGiB);
        return blobsMiB >= content * 1024 && fillsMiB >= fillsGiB * 1024;
      };
      assert.ok(holds(diskGiB) && !holds(diskGiB - 1));
      const { networkMbps } = demandOf(changed, "proxied");
      assert.ok(edge.cpuMillis * replicas * 2.5 >= networkMbps);
      // Each worker needs 4 MiB before it serves anybody.
      const restMiB = edge.memoryMiB - 4 * (edge.workers - 2);
      assert.ok(restMiB >= 256 && restMiB <= 256 + 4096);
      assert.ok(
        edge.workers * 1000 >= edge.cpuMillis && edge.workers <= Math.max(2, edge.cpuMillis / 1000 + 1),
      );
    }),
  );
});

test("warns of a volume that is too small for the workload", () => {
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

test("has space for four cold blobs of 1.15 GB at once, with a full store", () => {
  for (const delivery of ["proxied", "redirect"] as const) {
    const { diskGiB, fillsGiB = 0 } = planReplica({ storage: bucket(delivery), replicas: 2, workload });
    const { blobsMiB, fillsMiB, manifestsMiB, prometheusMiB } = scratchBudget(diskGiB, fillsGiB);
    const coldMiB = (4 * 1.15e9) / 1024 ** 2;
    assert.ok(blobsMiB + coldMiB + manifestsMiB + prometheusMiB <= diskGiB * 1024, delivery);
    // Even if they all arrive in the second before the janitor has seen the first.
    assert.ok(fillsMiB >= coldMiB, delivery);
  }
});

test("warns of configured processor time that is too little for the workload", () => {
  const busy = { ...workload, nodes: 20_000 };
  const planned = planReplica({ storage: bucket("proxied"), replicas: 2, workload: busy });
  const plan = (cpuMillis: number) =>
    planReplica({ storage: bucket("proxied"), replicas: 2, workload: busy, edge: { cpuMillis } });
  assert.deepEqual(plan(planned.edge.cpuMillis).warnings, []);
  const { edge, warnings } = plan(500);
  assert.deepEqual([edge.cpuMillis, edge.workers], [500, 2]);
  assert.equal(warnings[0]?.path, "pods.resources.edge.requests.cpu");
  assert.match(
    warnings[0]?.message ?? "",
    new RegExp(`^500m sustain 1250 of the \\d+ Mbps .*; better: ${planned.edge.cpuMillis}m$`),
  );
});

test("warns of a part of the node's disk that is too small for the largest layers", () => {
  const told = (sizeGiB: number) =>
    planReplica({ storage: bucket("proxied", sizeGiB), replicas: 2, workload }).warnings[0]?.message ?? "";
  assert.match(
    told(3),
    /blobs over 0\.86 GiB aren't cached, as the largest known layers of 1\.1 GiB; better/,
  );
  assert.doesNotMatch(told(5), /largest known/);
});

test("warns of a part of the node's disk that is too small for a roll-out", () => {
  const { diskGiB, warnings } = planReplica({ storage: bucket("redirect", 4), replicas: 2, workload });
  assert.equal(diskGiB, 4);
  assert.deepEqual(
    warnings.map(({ path }) => path),
    ["storage.scratch"],
  );
  assert.match(
    warnings[0]?.message ?? "",
    /^4 GiB hold 1\.1 GiB of cached blobs and 2\.3 of blobs under way, .* has 3 and 6: .*, and blobs over 1\.1 GiB aren't cached; better: 11GiB$/,
  );
});
