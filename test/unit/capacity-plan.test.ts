import assert from "node:assert/strict";
import { test } from "node:test";
import { demandOf } from "../../components/capacity/demand.ts";
import { pageCacheGiB } from "../../components/capacity/limits.ts";
import type { ClusterCloud } from "../../components/capacity/machine.ts";
import { machineNamed } from "../../components/capacity/machines.ts";
import { type CapacityPlan, type CapacityRequest, planCapacity } from "../../components/capacity/plan.ts";
import { planVariant } from "../../components/capacity/plan-region.ts";

/** The configuration's defaults. */
const workload = {
  nodes: 300,
  pullsPerNodeGiB: 3,
  nodeChurnPerMonth: 4,
  workingSetGiB: 150,
  growthGiBPerMonth: 10,
  peakMinutes: 30,
};
const frankfurt: CapacityRequest = {
  cloud: "aws",
  region: { name: "eu-central-1", machine: { type: "auto" }, storage: { kind: "disk", sizeGiB: "auto" } },
  workload,
  upstreams: 1,
};
const amsterdam: CapacityRequest = {
  ...frankfurt,
  cloud: "azure",
  region: { ...frankfurt.region, name: "westeurope" },
};

interface Changes {
  machine?: CapacityRequest["region"]["machine"];
  storage?: CapacityRequest["region"]["storage"];
  name?: string;
  workload?: Partial<CapacityRequest["workload"]>;
}

function changed(request: CapacityRequest, { workload: used, ...region }: Changes): CapacityRequest {
  return {
    ...request,
    region: { ...request.region, ...region },
    workload: { ...request.workload, ...used },
  };
}

function planOf(request: CapacityRequest, changes: Changes = {}): CapacityPlan {
  const { plan, problems } = planCapacity(changed(request, changes));
  assert.deepEqual(problems, []);
  return plan;
}

function linesOf(problems: readonly { path: string; message: string }[]): string[] {
  return problems.map(({ path, message }) => `${path}: ${message}`);
}

/** Required and available, for the limit that most restricts how fast the cache serves. Memory isn't one. */
function tightestOf({ limits }: CapacityPlan): [name: string, required: number, available: number] {
  const [tightest] = limits
    .filter(({ unit }) => unit !== "GiB")
    .sort((one, other) => other.required / other.available - one.required / one.available);
  assert.ok(tightest);
  return [tightest.name, tightest.required, tightest.available];
}

function networkMbps({ limits }: CapacityPlan): number | undefined {
  return limits.find(({ name }) => name === "network")?.required;
}

/** The memory for cached files, on a machine with one upstream. */
function cachedGiB({ machine }: CapacityPlan): number {
  const listed = machineNamed("aws", machine.type);
  assert.ok(listed);
  return pageCacheGiB(listed, { upstreams: 1 });
}

test("plans the default workload on AWS", () => {
  const plan = planOf(frankfurt);
  // Peak: 300 / 10 = 30 nodes × 3 GiB = 90 GiB × 8,589.93 Mbit / 1,800 s = 429.5 Mbps.
  assert.equal(networkMbps(plan), 430);
  // Busy hour: 300 × 4 × 3 GiB = 3,600 GiB / 730 h × 10 = 49.32 GiB × 8,589.93 Mbit / 3,600 s = 117.7 Mbps.
  assert.equal(demandOf({ ...workload, peakNodes: 0 }, "disk").networkMbps, 118);
  // The 2 and 4 GiB of c7g.medium and m7g.medium, minus 1.5 for Pod and system, don't hold the 3 GiB that the nodes of a peak pull. So these are read
  // from the disk, and 315 Mbps to it are less than 430. c6gn.medium sustains 760.
  assert.equal(plan.machine.type, "c6gn.medium");
  assert.equal(cachedGiB(plan), 0.5);
  assert.deepEqual(tightestOf(plan), ["machine's disk throughput", 430, 760]);
  // 150 + 6 × 10 = 210 GiB of blobs. Of 240 GiB, 10 % reserve, 1 GiB of manifests and 2 GiB of metrics (at most 2 % each) leave 213 GiB; 230 would leave 204 GiB.
  assert.deepEqual(plan.disk, {
    type: "gp3",
    sizeGiB: 240,
    iops: 3000,
    throughput: 125,
  });
  assert.deepEqual(plan.warnings, []);
});

test("plans the default workload on Azure", () => {
  const plan = planOf(amsterdam);
  // 85 MB/s × 8 = 680 Mbps to the disk; 2 vCPU × 30 % × 2,500 Mbps = 1,500 Mbps encrypted; 6,250 Mbps on the network.
  assert.equal(plan.machine.type, "Standard_B2pls_v2");
  assert.deepEqual(tightestOf(plan), ["machine's disk throughput", 430, 680]);
  assert.deepEqual(plan.disk, {
    type: "PremiumV2_LRS",
    sizeGiB: 240,
    iops: 3000,
    throughput: 125,
  });
  assert.deepEqual(plan.warnings, []);
});

test("reads a peak that fits into memory from the disk once", () => {
  // 100 nodes × 3 GiB × 8,589.93 / 1,800 s = 1,431.7 Mbps on the network; 3 GiB × 8,589.93 / 1,800 s = 14.3 Mbps from the disk, less than the busy hour's
  // 117.7 Mbps for pulls and 2 × 10 GiB / 730 h × 10 × 8,589.93 / 3,600 s = 0.7 for fills, written at the origin and at the edge.
  const plan = planOf(frankfurt, { machine: { type: "m7g.xlarge" }, workload: { peakNodes: 100 } });
  const disk = plan.limits.find(({ name }) => name === "machine's disk throughput");
  assert.equal(cachedGiB(plan), 14.5);
  assert.deepEqual([networkMbps(plan), disk?.required], [1432, 119]);
});

test("uses the disk only for fills without nodes", () => {
  const plan = planOf(frankfurt, { machine: { type: "m7g.large" }, workload: { nodes: 0, peakMinutes: 1 } });
  const disk = plan.limits.find(({ name }) => name === "machine's disk throughput");
  // 2 × 10 GiB / 730 h × 10 × 8,589.93 Mbit / 3,600 s = 0.65 Mbps.
  assert.deepEqual([networkMbps(plan), disk?.required], [0, 1]);
});

test("buys a disk's throughput above the free one only as far as the machine sustains it", () => {
  // 20 GiB per node don't fit into the remaining 2.5 of 4 GiB: 40 × 20 GiB × 8,589.93 / 3,600 s = 1,908.9 Mbps, which is 227.6 MiB/s.
  // c6gn.xlarge sustains 2,375 Mbps; 8 GiB - 1.5 GiB don't hold the 20 either.
  const heavy = { pullsPerNodeGiB: 20, peakNodes: 40, peakMinutes: 60, nodes: 100, nodeChurnPerMonth: 1 };
  const fast = planOf(frankfurt, { workload: heavy });
  assert.equal(fast.machine.type, "c6gn.xlarge");
  assert.deepEqual([fast.disk.throughput, fast.disk.iops], [228, 3000]);
  // m7g.xlarge sustains 1,250 Mbps = 149.01 MiB/s; its 16 GiB hold 14.5.
  const slow = planOf(frankfurt, { workload: heavy, machine: { type: "m7g.xlarge" } });
  assert.equal(slow.disk.throughput, 150);
  assert.deepEqual(linesOf(slow.warnings), [
    "machine.type: m7g.xlarge sustains 1,250 Mbps of the 1,909 needed to its disk: that takes 1.6 times as long; better: c6gn.xlarge",
    "machine.type: m7g.xlarge sustains 1,876 Mbps of the 1,909 needed on its network: that takes 1.1 times as long; better: c6gn.xlarge",
  ]);
});

test("uses amd64 by choice, or for the named machine", () => {
  // m7i.large: 781 Mbps, 650 Mbps to the disk, and less expensive than c6in.large. t3.large has 512 Mbps, enough for 430, and costs less than both.
  assert.equal(
    planOf(frankfurt, { machine: { type: "auto", architecture: "amd64" } }).machine.type,
    "t3.large",
  );
  assert.equal(
    planOf(amsterdam, { machine: { type: "auto", architecture: "amd64" } }).machine.type,
    "Standard_D2as_v6",
  );
  assert.equal(planOf(frankfurt, { machine: { type: "m7i.large" } }).machine.architecture, "amd64");
});

test("plans the smallest machine and disk for redirected blobs", () => {
  const storage = { kind: "bucket", delivery: "redirect" } as const;
  const aws = planOf(frankfurt, { storage });
  assert.deepEqual([aws.machine.type, aws.disk.sizeGiB], ["t4g.small", 20]);
  // 1 % of 430 Mbps.
  assert.equal(networkMbps(aws), 5);
  assert.equal(planOf(amsterdam, { storage }).machine.type, "Standard_B2pls_v2");
});

test("plans a disk only for the most used objects with a bucket behind the cache", () => {
  const plan = planOf(frankfurt, { storage: { kind: "bucket", delivery: "proxied" } });
  // 4 × 3 = 12 GiB; the minimum is 20.
  assert.equal(plan.disk.sizeGiB, 20);
  assert.equal(networkMbps(plan), 430);
});

test("chooses a tier that is fast enough where only Premium SSD is offered", () => {
  const plan = planOf(amsterdam, { name: "jioindiawest" });
  assert.deepEqual(
    [plan.disk.type, plan.disk.sizeGiB, plan.disk.iops, plan.disk.throughput],
    ["Premium_LRS", 256, 1100, 125],
  );
  // 20 GiB would be a P4 of 25 MB/s; 430 Mbps are 53.75 MB/s and 411 IOPS, which a P10 has.
  const small = planOf(amsterdam, { name: "jioindiawest", storage: { kind: "bucket", delivery: "proxied" } });
  assert.deepEqual([small.disk.sizeGiB, small.disk.iops, small.disk.throughput], [128, 500, 100]);
});

test("adds memory for each registry", () => {
  const request = changed(frankfurt, { storage: { kind: "bucket", delivery: "redirect" } });
  // 0.5 + 1 + 0.125 × 5 = 2.125 GiB is more than t4g.small has.
  assert.equal(planOf({ ...request, upstreams: 6 }).machine.type, "t4g.medium");
});

test("warns about given values by the rules of `auto`, with the better value", () => {
  assert.deepEqual(linesOf(planOf(frankfurt, { machine: { type: "t4g.small" } }).warnings), [
    "machine.type: t4g.small sustains 128 Mbps of the 430 needed on its network: that takes 3.4 times as long; better: c6gn.medium",
    "machine.type: t4g.small sustains 174 Mbps of the 430 needed to its disk: that takes 2.5 times as long; better: c6gn.medium",
  ]);
  assert.deepEqual(linesOf(planOf(frankfurt, { storage: { kind: "disk", sizeGiB: 100 } }).warnings), [
    "storage.size: 100 GiB hold 87 of 150 GiB in use and 6 months of 10 GiB: the rest is fetched again; better: 240GiB",
  ]);
  assert.deepEqual(linesOf(planOf(frankfurt, { machine: { type: "c7gn.medium" } }).warnings), [
    "machine.type: c7gn.medium was not in the price list of eu-central-1 on 2025-05-28: see whether it is offered there; c6gn.medium is",
  ]);
  // Only Premium SSD is offered there: 430 Mbps are 53.75 MB/s and 411 IOPS; 256 GiB is the tier that `auto` takes.
  const small = { name: "jioindiawest", storage: { kind: "disk", sizeGiB: 32 } } as const;
  assert.deepEqual(linesOf(planOf(amsterdam, small).warnings), [
    "storage.size: 32 GiB hold 28 of 150 GiB in use and 6 months of 10 GiB: the rest is fetched again; better: 256GiB",
    "storage.size: 32 GiB have 25 MB/s and 120 IOPS, and 54 and 411 are needed; better: 256GiB",
  ]);
});

test("calls a machine better only for a limit that it raises", () => {
  // 60 nodes × 20 GiB × 8,589.93 / 1,800 s = 5,726.6 Mbps, more than the gateway's 5,000.
  const workload = { peakNodes: 60, pullsPerNodeGiB: 20 };
  const ways = linesOf(planOf(frankfurt, { machine: { type: "c7g.xlarge" }, workload }).warnings);
  // c7g.4xlarge has more than 1,250 Mbps to its disk and than 1,876 on its network, but not behind the gateway.
  assert.deepEqual(
    ways.map((way) => way.replace(/ \(`.*/, "")),
    [
      "machine.type: c7g.xlarge sustains 1,250 Mbps of the 5,727 needed to its disk: that takes 4.6 times as long; better: c7g.4xlarge",
      "machine.type: c7g.xlarge sustains 1,876 Mbps of the 5,727 needed on its network: that takes 3.1 times as long; better: c7g.4xlarge",
      "machine.type: c7g.xlarge gets 5,000 Mbps of the 5,727 needed through the internet gateway: that takes 1.2 times as long; no known machine sustains the workload. Allow more time",
    ],
  );
  // Only the gateway limits c7gn.4xlarge, and nothing gets more through it.
  const [gateway, ...others] = linesOf(
    planOf(frankfurt, { name: "us-east-1", machine: { type: "c7gn.4xlarge" }, workload }).warnings,
  );
  assert.match(
    gateway ?? "",
    /through the internet gateway: .*; no known machine sustains the workload\. Allow more time/,
  );
  assert.deepEqual(others, []);
});

test("accepts an unlisted machine, with a disk for the whole workload", () => {
  const plan = planOf(frankfurt, { machine: { type: "m9g.large" } });
  assert.deepEqual(plan.machine, { type: "m9g.large", architecture: "arm64" });
  assert.deepEqual(tightestOf(plan), ["disk throughput", 430, 1048]);
  assert.deepEqual(linesOf(plan.warnings), [
    "machine.type: the limits of \"m9g.large\" aren't known. If AWS has the type, it is used: whether its network, processor and memory sustain the workload isn't checked, and the disk is planned as if no pull came from memory",
  ]);
  const { machine } = planOf(amsterdam, { machine: { type: "Standard_X8", architecture: "arm64" } });
  assert.deepEqual([machine.type, machine.architecture], ["Standard_X8", "arm64"]);
});

test("plans the closest machine for a workload that none sustains, and says what to do", () => {
  // 300 × 3 GiB × 8,589.93 / 300 s = 25,770 Mbps.
  const plan = planOf(frankfurt, { workload: { peakNodes: 300, peakMinutes: 5 } });
  assert.deepEqual(tightestOf(plan), ["internet gateway", 25_770, 5000]);
  // The least expensive of the machines that the gateway limits. It has 6.5 GiB for the 3.
  assert.equal(plan.machine.type, "c6gn.xlarge");
  assert.match(
    linesOf(plan.warnings).join(),
    /^machine\.type: no known arm64 machine .* 5\.2 times as long\. Allow more time/,
  );
});

test("warns about more content than one disk can hold", () => {
  const plan = planOf(frankfurt, { workload: { workingSetGiB: 100_000 } });
  assert.equal(plan.disk.sizeGiB, 65_536);
  assert.match(
    linesOf(plan.warnings).join(),
    /^storage\.size: .*no single gp3 disk does better: use a bucket/,
  );
});

test("reports everything impossible together, each with its path, and plans the closest possible values", () => {
  const problemsOf = (request: CapacityRequest, changes: Changes) =>
    linesOf(planCapacity(changed(request, changes)).problems);
  assert.deepEqual(problemsOf(frankfurt, { machine: { type: "m7i.large", architecture: "arm64" } }), [
    "machine.architecture: is arm64, but m7i.large is amd64: change one of them, or leave this out",
  ]);
  const storage = { kind: "disk", sizeGiB: 40_000 } as const;
  assert.deepEqual(problemsOf(amsterdam, { name: "jioindiawest", storage }), [
    "storage.size: is 40,000: Premium SSD has 4 to 32,767 GiB",
  ]);
  const { plan, problems } = planCapacity(
    changed(amsterdam, {
      name: "jioindiawest",
      machine: { type: "Standard_D2s_v6", architecture: "arm64" },
      storage,
    }),
  );
  assert.deepEqual(
    problems.map(({ path }) => path),
    ["machine.architecture", "storage.size"],
  );
  assert.deepEqual([plan.machine.type, plan.machine.architecture], ["Standard_D2s_v6", "amd64"]);
  assert.equal(plan.disk.sizeGiB, 256);
});

/** The plan of a cluster's nodes, by default with all blobs through the cache. */
function nodesOf(
  cloud: ClusterCloud,
  replicas: number,
  change: object,
  type = "auto",
  delivery: "proxied" | "redirect" = "proxied",
): CapacityPlan {
  return planVariant(
    {
      ...{ topology: "cluster", replicas, machine: { type } },
      storage: { kind: "bucket", delivery },
    },
    {
      ...{ cloud, region: { name: cloud === "aws" ? "eu-central-1" : "westeurope" }, upstreams: [] },
      workload: { ...workload, peakMinutes: 10, ...change },
    },
  ).plan;
}

test("counts no more memory for pulls than the edge of a replica has, however large its node is", () => {
  const onDisk = (cloud: ClusterCloud, pullsPerNodeGiB: number, type?: string) =>
    nodesOf(cloud, 2, { pullsPerNodeGiB }, type).limits.find(({ name }) => name === "disk throughput")
      ?.required;
  // 4 GiB come from memory, so the busy hour needs the most: 150 × 4 × 4 GiB / 730 h × 10 × 8,589.93 Mbit / 3,600 s = 78.4 Mbps, and 0.3 for fills.
  // Of 5.5 GiB, every pull is read: 15 × 5.5 GiB × 8,589.93 / 600 s = 1,181.1 Mbps.
  for (const cloud of ["aws", "azure"] as const)
    assert.deepEqual([onDisk(cloud, 4), onDisk(cloud, 5.5)], [79, 1182], cloud);
  assert.equal(onDisk("azure", 5.5, "Standard_D16ps_v6"), 1182);
  // The memory of an unknown machine is unknown, and the edge's isn't.
  assert.equal(onDisk("azure", 4, "Standard_D4pls_v9"), 79);
});

test("plans Auto Mode's nodes on the disk that they have, and chooses no faster machine than that disk", () => {
  const large = nodesOf("aws", 2, { nodes: 600, pullsPerNodeGiB: 8 });
  assert.deepEqual(large.disk, { type: "gp3", sizeGiB: 80, iops: 3000, throughput: 125 });
  // 125 MiB/s are 1,048 Mbps. Every pull of 8 GiB is read: 30 × 8 GiB × 8,589.93 / 600 s = 3,436 Mbps, which c6gn.xlarge has on its network.
  assert.equal(large.machine.type, "c6gn.xlarge");
  assert.deepEqual(linesOf(large.warnings), [
    "replicas.min: the disk of a node, 80 GiB of gp3, sustains 1,048 Mbps of the 3,436 that each of 2 replicas needs: that takes about 7 replicas, or `storage: { delivery: redirect }`",
  ]);
  const enough = nodesOf("aws", 7, { nodes: 600, pullsPerNodeGiB: 8 });
  assert.deepEqual([enough.machine.type, enough.warnings], ["c7g.xlarge", []]);
});

test("plans AKS's nodes on the disk that they have, and names how many replicas their share takes", () => {
  const nodes = (count: number, replicas: number) => nodesOf("azure", replicas, { nodes: count });
  const { disk, warnings } = nodes(3000, 2);
  assert.deepEqual(disk, { type: "Premium_LRS", sizeGiB: 64, iops: 240, throughput: 50 });
  // Busy hour of 1,500 nodes: 1,500 × 4 × 3 GiB = 18,000 GiB / 730 h × 10, and 10 / 730 × 10 new: 589 Mbps, in operations of 128 KiB.
  assert.deepEqual(linesOf(warnings), [
    "replicas.min: the disk of a node, 64 GiB of Premium SSD, sustains 240 IOPS of the 562 that each of 2 replicas needs: that takes about 5 replicas, or `storage: { delivery: redirect }`",
  ]);
  assert.deepEqual([nodes(3000, 5).warnings, nodes(300, 2).warnings], [[], []]);
  const redirect = nodesOf("azure", 2, { nodes: 30_000, pullsPerNodeGiB: 20 }, "auto", "redirect");
  assert.match(linesOf(redirect.warnings).join(), /that takes about \d+ replicas$/);
});
