/** What AWS is asked before a region with a cluster is created, and what is reported if something is missing. */
import assert from "node:assert/strict";
import { describe, mock, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { lookUpIn } from "../../components/hosts/aws/account.ts";
import { findCluster } from "../../components/hosts/aws/cluster/findings.ts";
import { planAwsCluster } from "../../components/hosts/aws/cluster/plan.ts";
import { awsProvider } from "../../components/hosts/aws/provider.ts";
import type { LookedUp } from "../../components/hosts/kind.ts";
import { instance } from "../doubles/aws/machine.ts";
import { kmsKey, offersIn, routeTable, toInternet, toNat } from "../support/aws-graph.ts";
import { ec2OfSuite } from "../support/ec2.ts";
import { previousState } from "../support/previous-state.ts";
import { type Answers, lookedUpBy } from "./aws-looked-up.ts";

const vpc = "vpc-0aaaaaaaaaaaaaaa0";
const [first, second, third, fourth, fifth] = [0, 1, 2, 3, 4].map(
  (index) => `subnet-0aaaaaaaaaaaaaaa${index}`,
);
const existing = { vpc, nodeSubnets: [first, second], loadBalancerSubnets: [third, fourth] };

/** Throws a provider's refusal in the form in which the engine passes it on. */
function refuse(details: string): never {
  throw Object.assign(new Error(), { details });
}

const isOpen = (id: unknown) => id !== first && id !== second;

/** The security group of the cluster's nodes. */
const group = "sg-0ddddddddddddddd0";

/** Answers by the last part of a function's token. Subnets alternate between two zones. */
const answers: Answers = {
  getAvailabilityZones: () => ({ names: ["eu-central-1c", "eu-central-1a"] }),
  getSubnet: ({ id }) => {
    const index = Number(String(id).at(-1));
    return {
      vpcId: vpc,
      availabilityZone: `eu-central-1${"ab"[index % 2]}`,
      cidrBlock: `10.9.${index}.0/24`,
      mapPublicIpOnLaunch: isOpen(id),
    };
  },
  getRouteTable: ({ subnetId }) => routeTable(...(isOpen(subnetId) ? toInternet : toNat)),
  getZone: () => ({ zoneId: "Z1", arn: "arn:aws:route53:::hostedzone/Z1" }),
  getHostedZoneId: () => ({ id: "Z2" }),
  getClusters: () => ({ names: [] }),
  getCallerIdentity: () => ({ accountId: "123456789012" }),
  getBucket: () => refuse("reading S3 Bucket (registry-cache): couldn't find resource"),
  getLogGroup: () => refuse("reading CloudWatch Logs Log Group (name): empty result"),
};

interface Question {
  readonly change?: Record<string, unknown>;
  readonly other?: Answers;
  readonly isMade?: boolean;
  /** Of the stack. */
  readonly keys?: Record<string, unknown>;
}

function lookedUp({ change = {}, other = {}, isMade = false, keys }: Question = {}) {
  const region = {
    topology: "cluster",
    storage: { kind: "bucket" },
    apiAccess: ["198.51.100.0/24"],
    ...change,
  };
  const made = previousState({
    "aws:eks/cluster:Cluster::eu-central-1": { vpcConfig: { clusterSecurityGroupId: group } },
  });
  const state: Answers = { readStackResourceOutputs: () => ({ outputs: isMade ? made : {} }) };
  return lookedUpBy(
    "aws cluster",
    region,
    { ...answers, ...state, ...other },
    (request) => lookUpIn(planAwsCluster(request).plan, { provider: awsProvider(request, {}) }, findCluster),
    keys,
  );
}

const told = ({ problems }: LookedUp<object>) => problems.map(({ path, message }) => `${path}: ${message}`);

const bucket = "registry-cache-9f86d081-123456789012-eu-central-1-an";

test("finds what exists, and asks for each resource only where it is named", async () => {
  const nothing: Answers = Object.fromEntries(
    ["getSubnet", "getRouteTable", "getZone", "getHostedZoneId"].map((name) => [
      name,
      () => assert.fail(name),
    ]),
  );
  const plain = await lookedUp({ other: nothing });
  assert.deepEqual(told(plain), []);
  assert.deepEqual(plain.found, {
    accountId: "123456789012",
    zones: ["eu-central-1a", "eu-central-1c"],
    loadBalancerRanges: [],
    hostedZone: undefined,
    challengeZone: undefined,
    loadBalancerZoneId: undefined,
    bucket,
  });
  const all = await lookedUp({
    change: {
      network: existing,
      endpoint: { hostname: "cache.example.com", zone: "example.com", tls: { mode: "private" } },
    },
    other: { getAvailabilityZones: () => assert.fail("zones are those of the subnets") },
  });
  assert.deepEqual(told(all), []);
  assert.deepEqual(all.found, {
    accountId: "123456789012",
    zones: ["eu-central-1a", "eu-central-1b"],
    loadBalancerRanges: ["10.9.2.0/24", "10.9.3.0/24"],
    hostedZone: { id: "Z1", arn: "arn:aws:route53:::hostedzone/Z1", isPrivate: false },
    challengeZone: undefined,
    loadBalancerZoneId: "Z2",
    bucket,
  });
});

test("accepts three zones, and refuses one", async () => {
  const names = ["d", "b", "a", "c"].map((letter) => `eu-central-1${letter}`);
  const many = await lookedUp({ other: { getAvailabilityZones: () => ({ names }) } });
  assert.deepEqual(many.found?.zones, ["eu-central-1a", "eu-central-1b", "eu-central-1c"]);
  const few = await lookedUp({ other: { getAvailabilityZones: () => ({ names: ["eu-central-1a"] }) } });
  assert.deepEqual(told(few), [
    "name: eu-central-1 has too few availability zones for a cluster: eu-central-1a. A cluster needs two: use `topology: vm`, or another region",
  ]);
});

test("refuses another stack's cluster of the same name", async () => {
  const other = { getClusters: () => ({ names: ["registry-cache-test-eu-central-1"] }) };
  assert.deepEqual(told(await lookedUp({ other })), [
    "topology: an EKS cluster registry-cache-test-eu-central-1 already exists and isn't this stack's: delete it if nothing uses it. If the stack's state is lost: docs/day-2.md#the-state-is-lost",
  ]);
  assert.deepEqual(told(await lookedUp({ other, isMade: true })), []);
});

test("refuses another key than the cluster has, or none, because EKS can't change it", async () => {
  const of = async (keyArn: string, governance: object = { kmsKey: "alias/cache" }) => {
    const cluster = { encryptionConfig: { provider: { keyArn } }, vpcConfig: {} };
    const outputs = previousState({ "aws:eks/cluster:Cluster::eu-central-1": cluster });
    const other = { getKey: () => kmsKey, readStackResourceOutputs: () => ({ outputs }) };
    return told(await lookedUp({ other, keys: { governance } }));
  };
  assert.deepEqual(await of(kmsKey.arn), []);
  for (const governance of [undefined, {}])
    assert.deepEqual(await of("arn:old", governance), [
      "governance.kmsKey: the cluster of eu-central-1 is encrypted by arn:old, and EKS can't change that: keep the key",
    ]);
});

test("refuses a log group that EKS has created again after its cluster was deleted", async () => {
  const name = "/aws/eks/registry-cache-test-eu-central-1/cluster";
  assert.deepEqual(told(await lookedUp({ other: { getLogGroup: () => ({ name }) } })), [
    `topology: the log group ${name} already exists and isn't this stack's: if it is left from a cluster that was destroyed, \`aws logs delete-log-group --region eu-central-1 --log-group-name ${name}\``,
  ]);
});

const subnetMistakes: Record<string, { network: object; says: string[] }> = {
  "nodes in one zone": {
    network: { ...existing, nodeSubnets: [first, third] },
    says: [
      "network.nodeSubnets: all are in eu-central-1a, and a cluster has two availability zones at least: add a subnet in another zone",
    ],
  },
  "a zone without the load balancer": {
    network: { ...existing, loadBalancerSubnets: [third, fifth] },
    says: [
      `network.loadBalancerSubnets[1]: ${fifth} is in eu-central-1a, like ${third}, and a load balancer has one subnet in each zone: name only one of the two`,
      `network.nodeSubnets[1]: ${second} is in eu-central-1b, where the load balancer has no subnet, only in eu-central-1a: add one to \`network.loadBalancerSubnets\``,
    ],
  },
};

for (const [what, { network, says }] of Object.entries(subnetMistakes)) {
  test(`refuses ${what}`, async () => {
    assert.deepEqual(told(await lookedUp({ change: { network } })), says);
  });
}

test("accepts only the load balancer in a zone without EKS clusters", async () => {
  const getSubnet: Answers[string] = (inputs) => {
    const subnet = answers.getSubnet?.(inputs);
    const isB = subnet?.availabilityZone === "eu-central-1b";
    return { ...subnet, availabilityZoneId: isB ? "use1-az3" : "use1-az1" };
  };
  assert.deepEqual(told(await lookedUp({ change: { network: existing }, other: { getSubnet } })), [
    `network.nodeSubnets[1]: ${second} is in use1-az3, where EKS creates no clusters: name a subnet in another zone`,
  ]);
});

test("reports each subnet that is missing or in another network", async () => {
  const getSubnet: Answers[string] = ({ id }) =>
    id === second || id === fourth
      ? { vpcId: "vpc-0ccccccccccccccc0", availabilityZone: "eu-central-1b", cidrBlock: "10.8.0.0/24" }
      : refuse(`The subnet ID '${id}' does not exist`);
  assert.deepEqual(told(await lookedUp({ change: { network: existing }, other: { getSubnet } })), [
    `network.loadBalancerSubnets[0]: ${third} can't be found: The subnet ID '${third}' does not exist`,
    `network.loadBalancerSubnets[1]: ${fourth} is in vpc-0ccccccccccccccc0, not in ${vpc}`,
    `network.nodeSubnets[0]: ${first} can't be found: The subnet ID '${first}' does not exist`,
    `network.nodeSubnets[1]: ${second} is in vpc-0ccccccccccccccc0, not in ${vpc}`,
  ]);
});

test("refuses a subnet of the load balancer without a route to the internet", async () => {
  const natOnly = { cidrBlock: "0.0.0.0/0", natGatewayId: "nat-1" };
  const other = { getRouteTable: () => routeTable(natOnly) };
  const problems = told(await lookedUp({ change: { network: existing }, other }));
  assert.deepEqual(
    problems.map((it) => it.replace(/ has no route .*/, "")),
    [`network.loadBalancerSubnets[0]: ${third}`, `network.loadBalancerSubnets[1]: ${fourth}`],
  );
});

test("requires another route out for nodes without public addresses, for any endpoint", async () => {
  const network = { ...existing, nodeSubnets: [first, fourth] };
  const gateway = () => routeTable(...toInternet);
  const refused = (target: string, wayOut: string) => [
    `network.nodeSubnets[0]: ${first} has a default route to ${target}, which takes no private address to the internet: ${wayOut} 0.0.0.0/0 in its route table, rtb-1, to a NAT gateway, a transit gateway or a firewall, or name a private subnet`,
  ];
  assert.deepEqual(
    told(await lookedUp({ change: { network }, other: { getRouteTable: gateway } })),
    refused("igw-1", "let the subnet give machines public IPv4 addresses, or route"),
  );
  const peering = () => routeTable({ cidrBlock: "0.0.0.0/0", vpcPeeringConnectionId: "pcx-1" });
  const toPeer = (subnetId: unknown) => (subnetId === first ? peering() : gateway());
  assert.deepEqual(
    told(
      await lookedUp({ change: { network }, other: { getRouteTable: ({ subnetId }) => toPeer(subnetId) } }),
    ),
    refused("pcx-1", "route"),
  );
});

test("refuses somebody else's bucket, and a missing zone", async () => {
  const other = {
    getBucket: () => ({ bucket }),
    getZone: () => refuse("no matching Route 53 Hosted Zone found"),
  };
  const endpoint = { hostname: "cache.example.com", zone: "example.com", tls: { mode: "private" } };
  const [zone, taken] = told(await lookedUp({ change: { endpoint }, other }));
  assert.equal(
    zone,
    "endpoint.zone: the public hosted zone example.com can't be found: no matching Route 53 Hosted Zone found",
  );
  assert.match(taken ?? "", new RegExp(`^storage\\.kind: the bucket ${bucket} already exists`));
});

test("refuses more clients than the account's quota allows in the load balancer's security group", async () => {
  const clients = (count: number) => Array.from({ length: count }, (_, index) => `198.51.${index}.0/24`);
  const told = async (count: number, getServiceQuota: Answers[string]) =>
    (
      await lookedUp({ change: { access: { clients: clients(count) } }, other: { getServiceQuota } })
    ).problems.map(({ path, message }) => `${path}: ${message}`);
  const refused = () => refuse("AccessDenied");
  assert.deepEqual(await told(60, () => assert.fail("asked for nothing")), []);
  assert.match(
    (await told(61, refused))[0] ?? "",
    /^access\.clients: has 61 ranges, and the load balancer's security group takes 60: .*: AccessDenied$/,
  );
  assert.deepEqual(await told(100, () => ({ value: 100 })), []);
  assert.match((await told(101, () => ({ value: 100 })))[0] ?? "", /has 101 ranges, .* takes 100: /);
});

describe("the machines that replicas ask Auto Mode for", { concurrency: 1 }, () => {
  const cloud = ec2OfSuite();

  /** Each replica sends 2,577 Mbps, for which c6gn.xlarge is the least expensive. The zones are eu-central-1a and eu-central-1c. */
  const keys = { workload: { nodes: 1200, peakMinutes: 10 } };
  const storage = { kind: "bucket", delivery: "proxied" };
  const everywhere = offersIn(["eu-central-1a", "eu-central-1b", "eu-central-1c"]);

  const said = async (
    { offers = everywhere, quota = 64 }: { offers?: Answers[string]; quota?: number | Answers[string] },
    { change = {}, ...more }: Question = {},
  ) => {
    const log = mock.method(pulumi.log, "warn", async () => {});
    const getServiceQuota = typeof quota === "number" ? () => ({ value: quota }) : quota;
    const other = { getInstanceTypeOfferings: offers, getServiceQuota };
    const found = await lookedUp({ change: { storage, ...change }, other, keys, ...more });
    const warnings = log.mock.calls.map(({ arguments: [message] }) => String(message));
    log.mock.restore();
    return [...told(found), ...warnings];
  };

  test("are offered in a zone of the nodes, or the region is refused", async () => {
    assert.deepEqual(await said({}), []);
    assert.match(
      (await said({ offers: offersIn(["eu-central-1b"]) })).join(),
      /^replicas\.min: no machine that sustains what each of 2 replicas needs is offered in eu-central-1a, eu-central-1c: c6gn\.xlarge, c7g\.2xlarge, .*, r7g\.4xlarge\. Set more replicas, /,
    );
    const others = offersIn(["eu-central-1c"], (type) => !type.startsWith("c6gn."));
    assert.deepEqual(await said({ offers: others }), [
      "eu-central-1: replicas.min: c6gn.xlarge isn't offered in eu-central-1a, eu-central-1c. The nodes are c7g.2xlarge at least. The estimate of costs counts c6gn.xlarge",
    ]);
    const network = { ...existing, nodeSubnets: [first, second] };
    assert.match(
      (await said({ offers: offersIn(["eu-central-1c"]) }, { change: { network } })).join(),
      /^replicas\.min: no machine .* is offered in eu-central-1a, eu-central-1b: /,
    );
  });

  test("may be of any type if any sustains the workload, and only their number counts", async () => {
    const offers = () => assert.fail("asked for nothing");
    const anyType = (quota: number, replicas?: object) =>
      said({ offers, quota }, { keys: {}, ...(replicas && { change: { replicas } }) });
    assert.deepEqual(await anyType(4), []);
    assert.deepEqual(await anyType(3), [message(3, 3, "2 machines with 2 or more each need 4", 4)]);
    assert.deepEqual(await anyType(9, { min: 2, max: 5 }), [
      `eu-central-1: ${message(9, 9, "5 machines with 2 or more each need 10", 10)}`,
    ]);
  });

  const message = (left: number, quota: number, need: string, desired: number) =>
    `replicas.min: the account's quota of vCPUs in eu-central-1, of Running On-Demand Standard instances, leaves ${left} of ${quota} to this region, and ${need}: ` +
    `stop other machines, or ask for a larger quota: \`aws service-quotas request-service-quota-increase --region eu-central-1 --service-code ec2 --quota-code L-1216C47A --desired-value ${desired}\``;

  test("fit into the account's quota of vCPUs, and one more does for roll-outs", async () => {
    assert.deepEqual(await said({ quota: 12 }), []);
    const withOneMore = "3 of c6gn.xlarge need 12 (1 of them during roll-outs)";
    assert.deepEqual(await said({ quota: 11 }), [`eu-central-1: ${message(11, 11, withOneMore, 12)}`]);
    assert.deepEqual(await said({ quota: 7 }), [message(7, 7, "2 of c6gn.xlarge need 8", 8)]);
    const scaled = { change: { replicas: { min: 2, max: 5 } } };
    assert.deepEqual(await said({ quota: 23 }, scaled), [
      `eu-central-1: ${message(23, 23, "7 of c6gn.xlarge need 28 (2 of them during roll-outs)", 28)}`,
    ]);
    const outputs = {};
    cloud.keep({
      type: instance,
      id: "i-1",
      scope: "eu-central-1",
      inputs: { instanceType: "m7i.large" },
      outputs,
    });
    assert.deepEqual(await said({ quota: 12 }), [`eu-central-1: ${message(10, 12, withOneMore, 14)}`]);
  });

  test("include the cluster's own nodes", async () => {
    const node = (id: string, own: string) =>
      cloud.keep({
        ...{ type: "node", id, name: "node", scope: "eu-central-1", outputs: {} },
        inputs: { group: own, instanceType: "c6gn.xlarge", pods: ["replica"] },
      });
    node("i-own-1", group);
    node("i-own-2", group);
    // 2 of the machine above, 8 of the cluster, so 4 are left for the roll-out.
    assert.deepEqual(await said({ quota: 14 }, { isMade: true }), []);
    assert.deepEqual(await said({ quota: 13 }, { isMade: true }), [
      `eu-central-1: ${message(11, 13, "3 of c6gn.xlarge need 12 (1 of them during roll-outs)", 14)}`,
    ]);
    // Another cluster's nodes.
    assert.deepEqual(await said({ quota: 14 }), [message(4, 14, "2 of c6gn.xlarge need 8", 18)]);
  });

  test("are only warned about if the quota can't be read", async () => {
    const quota = () => refuse("AccessDenied");
    assert.deepEqual(await said({ quota }), [
      "eu-central-1: replicas.min: can't check the quota of vCPUs in eu-central-1: AccessDenied",
    ]);
  });
});
