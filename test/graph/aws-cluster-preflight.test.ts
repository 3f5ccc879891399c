/** What is refused of a region with a cluster in AWS, before any request or change. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { planAwsCluster } from "../../components/hosts/aws/cluster/plan.ts";
import { type AwsSurroundings, awsClusterFindings } from "../../components/hosts/aws/cluster/preflight.ts";
import { planRequest } from "../support/plan-request.ts";

function findingsOf(
  change: Record<string, unknown>,
  surroundings: Partial<AwsSurroundings> = {},
  workload: Record<string, unknown> = {},
) {
  const request = planRequest("aws cluster", {
    provider: "aws",
    regions: [
      {
        name: "eu-central-1",
        topology: "cluster",
        storage: { kind: "bucket" },
        endpoint: { hostname: "cache.example.com", zone: "example.com", tls: { mode: "private" } },
        access: { clients: ["203.0.113.0/24"] },
        apiAccess: ["198.51.100.0/24"],
        ...change,
      },
    ],
    upstreams: [{ name: "gsoci", registry: "gsoci.azurecr.io", repositories: ["giantswarm/**"] }],
    workload,
  });
  const known = { today: "2026-11-25", hasCli: true, ...surroundings };
  const findings = [planAwsCluster(request), awsClusterFindings(request.region, known)];
  const lines = (list: "problems" | "warnings") =>
    findings.flatMap((one) => one[list]).map(({ path, message }) => `${path}: ${message}`);
  return { problems: lines("problems"), warnings: lines("warnings") };
}

function told(...args: Parameters<typeof findingsOf>): string[] {
  return findingsOf(...args).problems;
}

const storage = { kind: "bucket", delivery: "proxied" };

test("accepts a complete region, open to everyone or not", () => {
  assert.deepEqual(told({}), []);
  assert.deepEqual(told({ access: { clients: "public" } }), []);
});

test("refuses an unknown region", () => {
  assert.deepEqual(told({ name: "eu-centrall-1" }), [
    'name: "eu-centrall-1" is not a region of the public AWS cloud: did you mean "eu-central-1"?',
  ]);
});

test("refuses an unsupported version, and one that the cluster can't be upgraded to", () => {
  assert.match(told({ version: "1.33" }).join(), /^version: EKS's support of Kubernetes 1\.33 ended/);
  assert.deepEqual(told({ version: "1.36" }, { previousVersion: "1.34" }), [
    "version: the cluster has 1.34, and goes up by one minor version at a time: set 1.35 first",
  ]);
  assert.deepEqual(told({ version: "1.36" }, { previousVersion: "1.35" }), []);
});

test("refuses ranges of IPv6 anywhere, because they would open nothing", () => {
  const range = "2001:db8::/32";
  const because = `${range} is IPv6, but clients reach a cluster only by IPv4`;
  assert.deepEqual(
    told({ access: { clients: ["203.0.113.0/24", range], metrics: [range] }, apiAccess: [range] }),
    [`access.clients[1]: ${because}`, `access.metrics[0]: ${because}`, `apiAccess[0]: ${because}`],
  );
});

test("refuses reserved ranges, which EKS never accepts, except those for documentation", () => {
  assert.deepEqual(told({ apiAccess: ["203.0.113.0/24", "169.254.0.0/16"] }), [
    "apiAccess[1]: 169.254.0.0/16 is reserved: no client has such an address",
  ]);
  const wide = ["0.0.0.0/1", "128.0.0.0/1"];
  assert.deepEqual(told({ apiAccess: wide }), [], "only a part of them is reserved");
  const reserved = [
    "0.0.0.0/8",
    "127.0.0.0/8",
    "192.0.0.0/24",
    "198.18.0.0/15",
    "224.0.0.0/4",
    "240.0.0.0/4",
  ];
  assert.equal(told({ apiAccess: reserved }).length, reserved.length);
});

test("refuses more ranges than the API's list can have", () => {
  const ranges = (count: number) => Array.from({ length: count }, (_, index) => `198.51.${index}.0/24`);
  assert.deepEqual(told({ apiAccess: ranges(40) }), []);
  assert.deepEqual(told({ apiAccess: ranges(41) }), [
    "apiAccess: has 41 ranges, and EKS takes 40: put some together",
  ]);
});

test("refuses another network than the existing cluster's", () => {
  const vpc = "vpc-0aaaaaaaaaaaaaaa0";
  const subnets = ["subnet-0aaaaaaaaaaaaaaa0", "subnet-0aaaaaaaaaaaaaaa1"];
  const network = { vpc, nodeSubnets: subnets, loadBalancerSubnets: subnets };
  const isIn = (previousVpc: string) => ({ previousVersion: "1.36", previousVpc });
  for (const [change, has] of [
    [{ network }, vpc],
    [{}, "create"],
  ] as const) {
    assert.deepEqual(told(change, isIn(has)), []);
    assert.deepEqual(told(change, isIn("vpc-0bbbbbbbbbbbbbbb0")), [
      "network.vpc: the cluster is in `vpc-0bbbbbbbbbbbbbbb0`, and can't move: destroy the region first, by `pulumi destroy` or an update without it",
    ]);
  }
});

test("refuses a machine without the AWS CLI, with which the cluster is reached", () => {
  assert.match(told({}, { hasCli: false }).join(), /^topology: .*AWS CLI, `aws`, which isn't on the PATH/);
});

test("refuses more data per replica than a node's disk can hold, which only `proxied` requires", () => {
  const workload = { nodes: 2000, pullsPerNodeGiB: 20, workingSetGiB: 2000, peakNodes: 500 };
  const withDelivery = (delivery: string) => told({ storage: { kind: "bucket", delivery } }, {}, workload);
  assert.match(
    withDelivery("proxied").join(),
    /^storage\.scratch: for this workload, each replica keeps \d+GiB on its node, which has room for 64GiB: set 64GiB, or use `delivery: redirect`$/,
  );
  assert.deepEqual(withDelivery("redirect"), []);
});

test("refuses for a new cluster what only an existing one can have", () => {
  const change = {
    access: { clients: ["203.0.113.0/24"], metrics: ["10.0.0.0/8"] },
    operator: { podMonitor: true, prometheusRule: true, dashboard: true },
    replicas: { min: 2, max: 4, connections: 500 },
  };
  const later = "which a new cluster doesn't have: set it when the cluster exists and has that";
  assert.deepEqual(told(change), [
    `operator.podMonitor: takes the Prometheus Operator's kinds, ${later}`,
    `operator.prometheusRule: takes the Prometheus Operator's kinds, ${later}`,
    `replicas.connections: takes the custom metrics API, ${later}`,
  ]);
  assert.deepEqual(told(change, { previousVersion: "1.36" }), []);
});

test("refuses what is wrong with a workload in any cluster", () => {
  assert.deepEqual(told({ operator: { podMonitor: true } }, { previousVersion: "1.36" }), [
    "access.metrics: is empty, and the PodMonitor's Prometheus must be in it: write the labels or the address range of its Pods",
  ]);
});

test("warns of a workload that no machine sustains, with the number of replicas that do", () => {
  const warned = (replicas: number, workload: object) =>
    findingsOf({ storage, replicas: { min: replicas } }, {}, { ...workload }).warnings;
  // 2,400 / 10 nodes × 3 GiB × 8,589.93 / 300 s = 20,616 Mbps.
  const workload = { nodes: 2400, peakMinutes: 5 };
  assert.deepEqual(warned(2, workload), [
    "replicas.min: a node, c6gn.xlarge, gets 5,000 Mbps of the 10,308 that each of 2 replicas needs through the internet gateway: that takes about 5 replicas, or `storage: { delivery: redirect }`",
  ]);
  assert.deepEqual(warned(5, workload), []);
  assert.deepEqual(told({ storage }, {}, workload), []);
});

test("refuses a replica that fits on no machine of Auto Mode that sustains it best", () => {
  const workload = { nodes: 3000, pullsPerNodeGiB: 8, peakMinutes: 4 };
  const problems = (replicas: number) => told({ storage, replicas: { min: replicas } }, {}, workload);
  assert.match(
    problems(2).join(),
    /^replicas\.min: the workload's peak takes at least 3 replicas: a node \(\w+\.4xlarge\) has 15\.\d+ processors for one, and with 2 each would ask for 17\.2$/,
  );
  assert.deepEqual(problems(3), []);
});
