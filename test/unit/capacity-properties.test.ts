import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { deliveryOf } from "../../components/capacity/demand.ts";
import type { Cloud } from "../../components/capacity/machine.ts";
import { candidates, machines } from "../../components/capacity/machines.ts";
import { type CapacityPlan, type CapacityRequest, planCapacity } from "../../components/capacity/plan.ts";
import type { Workload } from "../../components/config/schema.ts";
import { diskBudget } from "../../components/pod/edge/budget.ts";

/** From zero to what no machine sustains, mostly around what machines do. */
const amount = (usual: number, most: number) =>
  fc.oneof({ weight: 5, arbitrary: fc.nat(usual) }, { weight: 1, arbitrary: fc.nat(most) });
const workload: fc.Arbitrary<Workload> = fc.record(
  {
    nodes: amount(2000, 1_000_000),
    pullsPerNodeGiB: fc.oneof(fc.double({ min: 0, max: 20, noNaN: true }), amount(10, 1_000_000)),
    nodeChurnPerMonth: fc.oneof(fc.double({ min: 0, max: 10, noNaN: true }), amount(10, 1_000_000)),
    workingSetGiB: amount(2000, 1_000_000),
    growthGiBPerMonth: amount(100, 1_000_000),
    peakNodes: amount(200, 1_000_000),
    peakMinutes: fc.integer({ min: 1, max: 1440 }),
  },
  {
    requiredKeys: [
      "nodes",
      "pullsPerNodeGiB",
      "nodeChurnPerMonth",
      "workingSetGiB",
      "growthGiBPerMonth",
      "peakMinutes",
    ],
  },
);
const place = fc.constantFrom(
  ["aws", "eu-central-1"] as const,
  ["azure", "westeurope"] as const,
  // Premium SSD v2 isn't offered here.
  ["azure", "jioindiawest"] as const,
);
const storage = fc.constantFrom<CapacityRequest["region"]["storage"]>(
  { kind: "disk", sizeGiB: "auto" },
  { kind: "bucket", delivery: "proxied" },
  { kind: "bucket", delivery: "redirect" },
);
const request: fc.Arbitrary<CapacityRequest> = fc
  .record({
    place,
    storage,
    architecture: fc.constantFrom("arm64", "amd64"),
    workload,
    upstreams: fc.integer({ min: 1, max: 5 }),
  })
  .map(({ place: [cloud, name], storage, architecture, workload, upstreams }) => ({
    cloud,
    region: { name, machine: { type: "auto", architecture }, storage },
    workload,
    upstreams,
  }));

function planOf(request: CapacityRequest): CapacityPlan {
  const { plan, problems } = planCapacity(request);
  assert.deepEqual(problems, []);
  return plan;
}

function withMachine(request: CapacityRequest, type: string): CapacityRequest {
  return { ...request, region: { ...request.region, machine: { type } } };
}

function rank(cloud: Cloud, { machine }: CapacityPlan): number {
  return candidates(cloud, machine.architecture).findIndex(({ type }) => type === machine.type);
}

test("makes plans of plain JSON with finite numbers", () => {
  fc.assert(
    fc.property(request, (request) => {
      const plan = planOf(request);
      const numbers: number[] = [];
      const copy = JSON.parse(JSON.stringify(plan), (_, value) => {
        if (typeof value === "number") numbers.push(value);
        return value;
      });
      // JSON turns NaN and infinity into null.
      assert.deepEqual(copy, plan);
      assert.ok(numbers.every((value) => value >= 0));
      assert.doesNotMatch(plan.warnings.map(({ message }) => message).join(), /NaN|undefined|∞/);
    }),
  );
});

test("meets every requirement in a plan without warnings, and warns about every shortfall", () => {
  fc.assert(
    fc.property(request, (request) => {
      const { limits, warnings, disk } = planOf(request);
      const { workingSetGiB, growthGiBPerMonth, pullsPerNodeGiB } = request.workload;
      const content = {
        disk: workingSetGiB + 6 * growthGiBPerMonth,
        proxied: 4 * pullsPerNodeGiB,
        redirect: 0,
      };
      const suffices =
        limits.every(({ required, available }) => required <= available) &&
        diskBudget(disk.sizeGiB).blobsMiB >= content[deliveryOf(request.region.storage)] * 1024;
      assert.equal(suffices, warnings.length === 0);
    }),
  );
});

test("finds nothing less expensive that suffices", () => {
  fc.assert(
    fc.property(request, (request) => {
      const plan = planOf(request);
      fc.pre(plan.warnings.length === 0);
      for (const { type } of candidates(request.cloud, plan.machine.architecture).slice(
        0,
        rank(request.cloud, plan),
      )) {
        assert.notDeepEqual(planOf(withMachine(request, type)).warnings, [], type);
      }
    }),
  );
});

test("makes the same plan without warnings from the values of an automatic plan", () => {
  fc.assert(
    fc.property(request, (request) => {
      const plan = planOf(request);
      fc.pre(plan.warnings.length === 0);
      const { machine, disk } = plan;
      const given: CapacityRequest["region"]["storage"] =
        request.region.storage.kind === "bucket"
          ? request.region.storage
          : { kind: "disk", sizeGiB: disk.sizeGiB };
      const again = planOf({
        ...request,
        region: {
          ...request.region,
          machine: { type: machine.type, architecture: machine.architecture },
          storage: given,
        },
      });
      assert.deepEqual(again, plan);
    }),
  );
});

/** The figures of the workload, each with a step that increases the load. */
const heavier: Record<keyof Workload, (workload: Workload, by: number) => Workload> = {
  nodes: (workload, by) => ({ ...workload, nodes: workload.nodes + by }),
  pullsPerNodeGiB: (workload, by) => ({ ...workload, pullsPerNodeGiB: workload.pullsPerNodeGiB + by / 10 }),
  nodeChurnPerMonth: (workload, by) => ({
    ...workload,
    nodeChurnPerMonth: workload.nodeChurnPerMonth + by / 10,
  }),
  workingSetGiB: (workload, by) => ({ ...workload, workingSetGiB: workload.workingSetGiB + by }),
  growthGiBPerMonth: (workload, by) => ({ ...workload, growthGiBPerMonth: workload.growthGiBPerMonth + by }),
  peakNodes: (workload, by) => ({
    ...workload,
    peakNodes: (workload.peakNodes ?? Math.ceil(workload.nodes / 10)) + by,
  }),
  peakMinutes: (workload, by) => ({ ...workload, peakMinutes: Math.max(1, workload.peakMinutes - by) }),
};

for (const [figure, step] of Object.entries(heavier)) {
  test(`never plans less for more work: ${figure}`, () => {
    fc.assert(
      fc.property(request, fc.integer({ min: 1, max: 500 }), fc.nat(), (request, by, pick) => {
        const more = { ...request, workload: step(request.workload, by) };
        const [before, after] = [planOf(request), planOf(more)];
        if (before.warnings.length === 0 && after.warnings.length === 0) {
          assert.ok(
            rank(request.cloud, after) >= rank(request.cloud, before),
            `${before.machine.type} ${after.machine.type}`,
          );
        }
        // A larger machine can hold more in memory and need less of its disk, so the disks are compared on the same machine.
        const all = machines[request.cloud];
        const type = all[pick % all.length]?.type ?? "";
        const [first, second] = [planOf(withMachine(request, type)), planOf(withMachine(more, type))];
        for (const name of ["sizeGiB", "iops", "throughput"] as const)
          assert.ok(second.disk[name] >= first.disk[name], name);
        first.limits.forEach(({ name, required }, index) => {
          assert.ok(required <= (second.limits[index]?.required ?? 0), name);
        });
      }),
    );
  });
}
