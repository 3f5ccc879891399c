/** What AWS says of the ways to a machine before a region is made. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { routeTable, toInternet } from "../support/aws-graph.ts";
import { type Answers, list, lookedUp, refused, subnet, vpc } from "./aws-looked-up.ts";

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
