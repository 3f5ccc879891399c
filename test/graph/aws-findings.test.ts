/** What AWS is asked before a region is made, and what is told when it hasn't got it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { type Findings, findingsFor } from "../../components/hosts/aws/findings.ts";
import { planAwsVm } from "../../components/hosts/aws/plan.ts";
import { awsProvider } from "../../components/hosts/aws/provider.ts";
import type { LookedUp } from "../../components/hosts/kind.ts";
import { offersIn, routeTable, toInternet } from "../support/aws-graph.ts";
import { registeredBy } from "../support/graph.ts";
import { planRequest } from "../support/plan-request.ts";

const vpc = "vpc-0aaaaaaaaaaaaaaa0";
const subnet = "subnet-0bbbbbbbbbbbbbbb0";
const image = "ami-0feedfacefeedface";
const list = "pl-0123456789abcdef0";

type Answers = Record<string, (inputs: Record<string, unknown>) => Record<string, unknown>>;

/** As the engine hands over what a provider refuses. */
const refused = (details: string) => () => {
  throw Object.assign(new Error(), {
    details: `invocation of aws:module/get:get returned an error: invoking aws:module/get:get: ${details}`,
  });
};

/** What an update left of another region. */
const keptImage = "ami-0badcafebadcafe00";
const state = {
  "urn:pulumi:test::registry-cache::type$pulumi:index:Stash::eu-west-1-image-arm64": {
    type: "pulumi:index:Stash",
    outputs: { output: keptImage },
  },
};

/** By the last part of a function's token. */
const answers: Answers = {
  getInstanceTypeOfferings: offersIn(["eu-central-1c", "eu-central-1-ham-1a", "eu-central-1b"]),
  getRouteTable: () => routeTable(...toInternet),
  getManagedPrefixList: () => ({ addressFamily: "IPv6", maxEntries: 40, entries: [] }),
  getServiceQuota: refused("AccessDenied"),
  getSubnet: () => ({
    vpcId: vpc,
    availabilityZone: "eu-central-1c",
    ipv6CidrBlock: "2001:db8:1:ff00::/64",
  }),
  getZone: () => ({ zoneId: "Z1", arn: "arn:aws:route53:::hostedzone/Z1" }),
  getAmi: () => ({ architecture: "arm64" }),
  getCallerIdentity: () => ({ accountId: "123456789012" }),
  readStackResourceOutputs: () => ({ outputs: state }),
  getBucket: refused("reading S3 Bucket (registry-cache): couldn't find resource"),
  getParameter: ({ name }) => ({ insecureValue: "ami-0123456789abcdef0", arn: `arn:${name}` }),
};

async function lookedUp(
  change: Record<string, unknown> = {},
  other: Answers = {},
): Promise<LookedUp<Findings>> {
  const request = planRequest("aws vm", {
    provider: "aws",
    regions: [
      {
        name: "eu-central-1",
        topology: "vm",
        storage: { kind: "disk", size: "240GiB" },
        endpoint: { hostname: "cache.example.com", tls: { mode: "private" } },
        access: { clients: ["203.0.113.0/24"] },
        ...change,
      },
    ],
    upstreams: [{ name: "gsoci", registry: "gsoci.azurecr.io", repositories: ["giantswarm/**"] }],
  });
  const { plan } = planAwsVm(request);
  assert.ok(plan);
  let result: LookedUp<Findings> | undefined;
  await registeredBy(
    async () => {
      result = await findingsFor(plan, { provider: awsProvider(plan.region.name) });
    },
    undefined,
    (token, inputs) => {
      const answer = { ...answers, ...other }[token.split(":").at(-1) ?? ""];
      assert.ok(answer, token);
      return answer(inputs);
    },
  );
  assert.ok(result);
  return result;
}

const zone = { zone: "example.com" };

test("what is there is found, and each thing is asked for only where it is named", async () => {
  const unnamed = ["getSubnet", "getRouteTable", "getManagedPrefixList", "getZone", "getAmi", "getBucket"];
  const { found, problems } = await lookedUp(
    {},
    Object.fromEntries(unnamed.map((name) => [name, () => assert.fail(name)])),
  );
  assert.deepEqual(problems, []);
  assert.ok(found);
  const { machine, access, ...others } = found;
  assert.deepEqual(others, {
    image: "ami-0123456789abcdef0",
    hostedZone: undefined,
    subnet: undefined,
    certificateArn: undefined,
    bucket: undefined,
  });
  assert.deepEqual(
    [machine.capacity.machine.type, machine.zone, machine.unavailable],
    ["c6gn.medium", "eu-central-1b", []],
  );
  assert.deepEqual(access, {
    groups: [[{ port: 443, source: "203.0.113.0/24" }]],
    hasIpv6Clients: false,
  });
  const all = await lookedUp({
    machine: { image },
    network: { vpc, subnet },
    endpoint: { hostname: "cache.example.com", ...zone, tls: { mode: "provided", secretName: "/tls" } },
    access: { clients: ["203.0.113.0/24", list] },
  });
  assert.deepEqual(all.problems, []);
  assert.ok(all.found);
  assert.equal(all.found.image, image);
  assert.equal(all.found.machine.zone, "eu-central-1c");
  assert.deepEqual(all.found.access.groups[0]?.[1], {
    port: 443,
    source: list,
    rules: 40,
    family: "ipv6",
  });
  assert.equal(all.found.access.hasIpv6Clients, true);
  assert.deepEqual(all.found.hostedZone, { id: "Z1", arn: "arn:aws:route53:::hostedzone/Z1" });
  assert.deepEqual(all.found.subnet, {
    id: subnet,
    vpcId: vpc,
    availabilityZone: "eu-central-1c",
    hasIpv6: true,
  });
  assert.equal(all.found.certificateArn, "arn:/tls");
});

test("all that isn't there is told at once, each with its path and what AWS says", async () => {
  const { found, problems } = await lookedUp(
    {
      machine: { image },
      network: { vpc, subnet },
      endpoint: { hostname: "cache.example.com", ...zone, tls: { mode: "provided", secretName: "/tls" } },
    },
    {
      getZone: refused("no matching Route 53 Hosted Zone found"),
      getSubnet: refused("the subnet ID does not exist"),
      getAmi: refused("your query returned no results"),
      getParameter: refused("couldn't find resource"),
    },
  );
  assert.equal(found, undefined);
  assert.deepEqual(
    problems.map(({ path, message }) => `${path}: ${message}`),
    [
      "endpoint.tls.secretName: the SSM parameter /tls can't be found: couldn't find resource",
      "endpoint.zone: the public hosted zone example.com can't be found: no matching Route 53 Hosted Zone found",
      `machine.image: ${image} can't be found: your query returned no results`,
      `network.subnet: ${subnet} can't be found: the subnet ID does not exist`,
    ],
  );
});

test("credentials that AWS refuses, about which nothing else is asked or told", async () => {
  const getCallerIdentity = refused("api error InvalidClientTokenId: The security token is invalid");
  assert.deepEqual((await lookedUp({}, { getCallerIdentity })).problems, [
    {
      path: "name",
      message: "AWS doesn't answer: api error InvalidClientTokenId: The security token is invalid",
    },
  ]);
});

test("a subnet of another network", async () => {
  const elsewhere = await lookedUp(
    { network: { vpc, subnet } },
    { getSubnet: () => ({ vpcId: "vpc-0ccccccccccccccc0", availabilityZone: "eu-central-1b" }) },
  );
  assert.deepEqual(elsewhere.problems, [
    { path: "network.subnet", message: `${subnet} is in vpc-0ccccccccccccccc0, not in ${vpc}` },
  ]);
});

describe("the route of an existing subnet", () => {
  const network = { vpc, subnet };
  const told = async (getRouteTable: Answers[string]) =>
    (await lookedUp({ network }, { getRouteTable })).problems.map(
      ({ path, message }) => `${path}: ${message}`,
    );

  test("may lead to an internet gateway, or through a firewall", async () => {
    assert.deepEqual(await told(() => routeTable({ cidrBlock: "198.51.100.0/24", gatewayId: "igw-1" })), []);
    assert.deepEqual(await told(() => routeTable({ cidrBlock: "0.0.0.0/0", vpcEndpointId: "vpce-1" })), []);
  });

  test("through a network interface may be a NAT instance's, which is a warning", async (t) => {
    const log = t.mock.method(pulumi.log, "warn", async () => {});
    const warnings = () => log.mock.calls.map(({ arguments: [message] }) => String(message));
    const throughInterface = { cidrBlock: "0.0.0.0/0", networkInterfaceId: "eni-1" };
    assert.deepEqual(await told(() => routeTable(throughInterface)), []);
    const [warning, ...others] = warnings();
    assert.match(
      warning ?? "",
      /^eu-central-1: network\.subnet: the default route of subnet-0b+0 leads to eni-1\. If that is a NAT instance, /,
    );
    assert.deepEqual(others, []);
    log.mock.resetCalls();
    assert.deepEqual(
      await told(() => routeTable(throughInterface, { cidrBlock: "198.51.100.0/24", gatewayId: "igw-1" })),
      [],
    );
    assert.deepEqual(warnings(), []);
  });

  test("must lead to the internet", async () => {
    const natOnly = { cidrBlock: "0.0.0.0/0", natGatewayId: "nat-1" };
    assert.deepEqual(await told(() => routeTable(natOnly, { cidrBlock: "10.0.0.0/8", gatewayId: "local" })), [
      `network.subnet: ${subnet} has no route to an internet gateway, so nobody reaches a public address in it: ` +
        "add one for 0.0.0.0/0 to its route table, rtb-1, or name a public subnet",
    ]);
  });

  test("is that of the main table, where the subnet has none of its own", async () => {
    const main = { vpcId: vpc, filters: [{ name: "association.main", values: ["true"] }] };
    const getRouteTable: Answers[string] = (inputs) => {
      if (inputs.subnetId !== undefined) return refused("query returned no results")();
      assert.deepEqual(inputs, main);
      return routeTable(...toInternet);
    };
    assert.deepEqual(await told(getRouteTable), []);
    assert.match((await told(refused("UnauthorizedOperation")))[0] ?? "", /: UnauthorizedOperation$/);
  });

  test("gives no IPv6 address to a machine that nobody would reach there", async () => {
    const getRouteTable = () => routeTable(toInternet[0]);
    const { found } = await lookedUp({ network }, { getRouteTable });
    assert.equal(found?.subnet?.hasIpv6, false);
  });

  test("is one for IPv6 where it takes all of the internet's addresses", async () => {
    const hasIpv6 = async (ipv6CidrBlock: string) => {
      const getRouteTable = () => routeTable(toInternet[0], { ipv6CidrBlock, gatewayId: "igw-1" });
      return (await lookedUp({ network }, { getRouteTable })).found?.subnet?.hasIpv6;
    };
    assert.deepEqual([await hasIpv6("2000::/3"), await hasIpv6("::/1")], [true, true]);
    assert.deepEqual([await hasIpv6("2000::/4"), await hasIpv6("fc00::/3")], [false, false]);
  });
});

describe("the type of the machine", () => {
  const without = (family: string, zone = "") =>
    offersIn(
      ["eu-central-1a", "eu-central-1b"],
      (type, one) => !(type.startsWith(`${family}.`) && one.endsWith(zone)),
    );
  const offering = async (getInstanceTypeOfferings: Answers[string], change = {}) =>
    lookedUp(change, { getInstanceTypeOfferings });

  test("is the least expensive that is sold, and it is told that it isn't the usual one", async (t) => {
    const log = t.mock.method(pulumi.log, "warn", async () => {});
    const { found, problems } = await offering(without("c6gn"));
    assert.deepEqual(problems, []);
    assert.equal(found?.machine.capacity.machine.type, "r7g.medium");
    assert.equal(found.machine.unavailable.length, 5);
    const [told, ...others] = log.mock.calls.map(({ arguments: [message] }) => String(message));
    assert.match(
      told ?? "",
      /^eu-central-1: machine\.type: c6gn\.medium isn't offered in eu-central-1, .*r7g\.medium/,
    );
    assert.deepEqual(others, []);
  });

  test("is sold in the zone that is taken", async () => {
    const { found } = await offering(without("c6gn", "a"));
    assert.equal(found?.machine.capacity.machine.type, "c6gn.medium");
    assert.equal(found.machine.zone, "eu-central-1b");
    assert.deepEqual(found.machine.unavailable, []);
    // What that zone lacks is kept from the first update on.
    const { found: other } = await offering(
      offersIn(["eu-central-1a", "eu-central-1b"], (type, zone) => {
        return !type.startsWith(zone.endsWith("a") ? "c6gn." : "t4g.");
      }),
    );
    assert.equal(other?.machine.zone, "eu-central-1b");
    assert.ok(other.machine.unavailable.length > 0);
    assert.ok(other.machine.unavailable.every((type) => type.startsWith("t4g.")));
  });

  test("is sold in the zone of an existing subnet", async () => {
    const getSubnet = () => ({ vpcId: vpc, availabilityZone: "eu-central-1a" });
    const network = { vpc, subnet };
    const of = (machine: object) =>
      lookedUp({ network, machine }, { getSubnet, getInstanceTypeOfferings: without("c6gn", "a") });
    assert.equal((await of({})).found?.machine.capacity.machine.type, "r7g.medium");
    assert.deepEqual((await of({ type: "c6gn.medium" })).problems, [
      {
        path: "machine.type",
        message:
          "c6gn.medium isn't offered in eu-central-1a, where network and disk are, only in eu-central-1b: set another",
      },
    ]);
  });

  test("that is misspelt is told, with the one that was meant", async () => {
    const { problems } = await offering(without("c6gnn"), { machine: { type: "c6gnn.large", image } });
    assert.match(problems[0]?.message ?? "", /^c6gnn\.large \(did you mean "c6gn\.large"\?\) isn't offered /);
  });

  test("that the configuration names is the only one, and it is told when it isn't sold", async () => {
    const { problems } = await offering(without("c6gn"), {
      machine: { type: "c6gn.large", image },
    });
    assert.deepEqual(
      problems.map(({ path, message }) => `${path}: ${message}`),
      [
        "machine.type: c6gn.large isn't offered in eu-central-1: set another, or leave it to `auto` with another `machine.architecture`",
      ],
    );
  });
});

test("a region in which nothing is offered, an image for another processor", async () => {
  const { problems } = await lookedUp(
    { machine: { image } },
    { getInstanceTypeOfferings: offersIn([]), getAmi: () => ({ architecture: "x86_64" }) },
  );
  assert.deepEqual(
    problems.map(({ path }) => path),
    ["machine.image", "machine.type"],
  );
  assert.match(problems[0]?.message ?? "", /is for x86_64, and the machine, c6gn\.medium, has arm64/);
});

describe("the image that the machine was made from", () => {
  const told = async (details: string) => {
    const getInstanceTypeOfferings = offersIn(["eu-west-1a"]);
    const other = { getInstanceTypeOfferings, getAmi: refused(details) };
    const { problems } = await lookedUp({ name: "eu-west-1" }, other);
    return problems.map(({ path, message }) => `${path}: ${message}`);
  };

  test("that is gone must be replaced, and the way out is told", async () => {
    for (const details of [
      "Your query returned no results",
      "api error InvalidAMIID.NotFound: no such image",
    ]) {
      assert.deepEqual(await told(details), [
        `machine.image: the machine was made from ${keptImage}, which can't be found any more: ${details}. ` +
          "Set `machine: { image: ami-0123456789abcdef0 }`, Debian's newest: it replaces the machine, and the disk stays",
      ]);
    }
  });

  test("about which AWS doesn't answer isn't called gone, and nobody is told to replace the machine", async () => {
    for (const details of [
      "api error RequestLimitExceeded: Request limit exceeded.",
      "api error UnauthorizedOperation: You are not authorized to perform this operation.",
      "context deadline exceeded",
    ]) {
      assert.deepEqual(await told(details), [
        `machine.image: can't check the image ${keptImage}: ${details}`,
      ]);
    }
  });
});

describe("who may reach the machine", () => {
  const ranges = (count: number) => Array.from({ length: count }, (_, index) => `10.0.${index}.0/24`);

  const told = async (change: Record<string, unknown>, other?: Answers) =>
    (await lookedUp(change, other)).problems.map(({ path, message }) => `${path}: ${message}`);
  const quotas = (rules: number, groups: number) => ({
    getServiceQuota: ({ quotaCode }: Record<string, unknown>) => ({
      value: quotaCode === "L-0EA8095F" ? rules : groups,
    }),
  });

  test("is counted: what no interface takes is refused, with both settings together", async () => {
    const most = await lookedUp({ access: { clients: ranges(180), metrics: ranges(120) } });
    assert.deepEqual(most.problems, []);
    assert.deepEqual(
      most.found?.access.groups.map((group) => group.length),
      [60, 60, 60, 60, 60],
    );
    const access = { clients: ranges(181), metrics: ranges(120) };
    const [problem, ...others] = await told({ access });
    assert.deepEqual(others, []);
    assert.match(
      problem ?? "",
      /^access\.clients: .* 301 rules for IPv4 and 0 for IPv6, .* 5 security groups of 60 each: .*AccessDenied$/,
    );
    assert.doesNotMatch(problem ?? "", /prefix list/);
    assert.deepEqual(await told({ access }, quotas(200, 5)), []);
    assert.deepEqual(await told({ access }, quotas(60, 16)), []);
  });

  test("may be in prefix lists, if they are there and fit into a security group", async () => {
    const access = { clients: [list], metrics: [list] };
    const pathsOf = async (getManagedPrefixList: Answers[string], other = {}) =>
      (await lookedUp({ access }, { getManagedPrefixList, ...other })).problems.map(({ path }) => path);
    const both = ["access.clients[0]", "access.metrics[0]"];
    assert.deepEqual(await pathsOf(refused("does not exist")), both);
    const large = () => ({ addressFamily: "IPv4", maxEntries: 61, entries: [] });
    assert.deepEqual(await pathsOf(large), both);
    assert.deepEqual(await pathsOf(large, quotas(100, 5)), []);
  });

  test("is told that lists can't be split, where that is why they don't fit", async () => {
    const clients = [1, 2, 3, 4, 5, 6].map((index) => `pl-0000000${index}`);
    const [problem] = await told({ access: { clients } });
    assert.match(
      problem ?? "",
      / 0 rules for IPv4 and 240 for IPv6, .* 5 .* of 60 each: a prefix list can't be split \(pl-00000001 counts as 40, /,
    );
  });

  test("may be in lists of AWS's own, which have a weight", async () => {
    const own = (name: string) => ({
      getManagedPrefixList: () => ({
        addressFamily: "IPv4",
        maxEntries: 0,
        ownerId: "AWS",
        name,
        entries: [{}],
      }),
    });
    const rulesOf = async (name: string) =>
      (await lookedUp({ access: { clients: [list] } }, own(name))).found?.access.groups[0]?.[0]?.rules;
    assert.equal(await rulesOf("com.amazonaws.global.cloudfront.origin-facing"), 55);
    assert.equal(await rulesOf("com.amazonaws.eu-central-1.ipv6.route53-healthchecks"), 25);
    assert.deepEqual(await told({ access: { clients: [list] } }, own("com.amazonaws.eu-central-1.new")), [
      `access.clients[0]: ${list} is com.amazonaws.eu-central-1.new, a list of AWS's own, and the stack doesn't know how many rules it counts as: make a list of your own with its ranges`,
    ]);
  });
});

describe("the name of a bucket", () => {
  const storage = { kind: "bucket" };
  // Of the stack "test", which isn't named by convention.
  const name = "registry-cache-9f86d081-123456789012-eu-central-1-an";

  test("is known before the bucket is there", async () => {
    const { found, problems } = await lookedUp({ storage });
    assert.deepEqual([found?.bucket, problems], [name, []]);
  });

  test("is refused when the bucket is there and not this stack's, or may be another account's", async () => {
    const told = async (getBucket: Answers[string]) =>
      (await lookedUp({ storage }, { getBucket })).problems.map(({ path, message }) => `${path}: ${message}`);
    assert.deepEqual(await told(() => ({ bucket: name })), [
      `storage.kind: the bucket ${name} is there already, and not of this stack: delete it, or take it over by \`pulumi import\``,
    ]);
    assert.deepEqual(await told(refused("reading S3 Bucket: HeadBucket, StatusCode: 403, Forbidden")), [
      `storage.kind: the bucket ${name} may be another account's: reading S3 Bucket: HeadBucket, StatusCode: 403, Forbidden`,
    ]);
  });
});
