/** Who can reach a machine in AWS, and on which path. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import type { AwsGraph } from "../support/aws-graph.ts";
import { exposureOf, violationsIn } from "../support/posture.ts";
import { access, existing, graphOf, hostname, pod, short } from "./aws-vm-region.ts";

describe("a region with a network of its own", () => {
  let graph: AwsGraph;
  before(async () => {
    graph = await graphOf();
  });

  test("opens 443 to the clients and the metrics to monitoring, each in its IP family, and nothing else", () => {
    const { ingress, egress, ...inputs } = graph.resource("aws:ec2/securityGroup:SecurityGroup").inputs;
    assert.deepEqual(ingress, [
      {
        description: "registry clients",
        protocol: "tcp",
        fromPort: 443,
        toPort: 443,
        cidrBlocks: ["203.0.113.0/24"],
        ipv6CidrBlocks: ["2001:db8::/32"],
      },
      {
        description: "metrics",
        protocol: "tcp",
        fromPort: 9443,
        toPort: 9443,
        cidrBlocks: ["198.51.100.10/32"],
        ipv6CidrBlocks: [],
      },
    ]);
    const out = (egress as { protocol: string; fromPort: number; toPort: number }[]).map(
      ({ protocol, fromPort, toPort }) => `${protocol} ${fromPort}-${toPort}`,
    );
    assert.deepEqual(out, [
      "tcp 53-53",
      "tcp 80-80",
      "tcp 443-443",
      "tcp 5000-5000",
      "udp 53-53",
      "udp 123-123",
    ]);
    // A new group can exist next to the old one.
    assert.equal(inputs.namePrefix, "registry-cache-test-eu-central-1-");
    assert.equal(inputs.name, undefined);
  });

  test("empties the VPC's default security group, and has a free path to S3", () => {
    const unused = graph.resource("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup").inputs;
    assert.equal(unused.ingress, undefined);
    assert.equal(unused.egress, undefined);
    const endpoint = graph.resource("aws:ec2/vpcEndpoint:VpcEndpoint").inputs;
    assert.equal(endpoint.serviceName, "com.amazonaws.eu-central-1.s3");
    assert.equal(endpoint.vpcEndpointType, "Gateway");
  });

  test("points the name at the addresses that stay", () => {
    const record = (name: string) => graph.resource("aws:route53/record:Record", name).inputs;
    const common = { zoneId: "Z0123456789", name: hostname, ttl: 300 };
    assert.deepEqual(record("eu-central-1"), { ...common, type: "A", records: ["192.0.2.7"] });
    assert.deepEqual(record("eu-central-1-ipv6"), {
      ...common,
      type: "AAAA",
      records: ["2001:db8:1:ff00::7"],
    });
    assert.deepEqual(graph.resource("aws:ec2/eipAssociation:EipAssociation").inputs, {
      allocationId: "eipalloc-1",
      networkInterfaceId: "eu-central-1-id",
    });
  });
});

describe("a region in an existing subnet", () => {
  let graph: AwsGraph;
  before(async () => {
    graph = await graphOf({ network: existing });
  });

  test("creates no network, and uses the subnet's zone", () => {
    const network = /:(Vpc|Subnet|InternetGateway|Route|RouteTable\w*|VpcEndpoint|DefaultSecurityGroup)$/;
    assert.deepEqual(graph.resources.filter(({ type }) => network.test(type)).map(short), []);
    assert.equal(graph.resource("aws:ec2/securityGroup:SecurityGroup").inputs.vpcId, existing.vpc);
    assert.equal(
      graph.resource("aws:ec2/networkInterface:NetworkInterface").inputs.subnetId,
      existing.subnet,
    );
    assert.equal(graph.resource("aws:ebs/volume:Volume").inputs.availabilityZone, "eu-central-1c");
  });

  test("has no IPv6 where the subnet has none", () => {
    assert.deepEqual(graph.resources.filter(({ type }) => type === "aws:route53/record:Record").map(short), [
      "Record eu-central-1",
    ]);
    assert.equal(
      graph.resource("aws:ec2/networkInterface:NetworkInterface").inputs.ipv6AddressCount,
      undefined,
    );
  });
});

describe("a private endpoint", () => {
  const endpoint = {
    hostname,
    zone: "example.com",
    exposure: "private",
    tls: { mode: "acme", email: "platform@example.com" },
  };
  const privately = { endpoint, access: { clients: ["10.0.0.0/8"] } };

  test("has the interface's own address in DNS and in the outputs, and no IPv6 address", async () => {
    const { host, resource, resources } = await graphOf(privately);
    const types = resources.map(short);
    assert.ok(!types.some((it) => /^(EipAssociation|Eip eu-central-1$)/.test(it)), types.join());
    assert.equal(resource("aws:ec2/networkInterface:NetworkInterface").inputs.ipv6AddressCount, 0);
    assert.deepEqual(resource("aws:route53/record:Record").inputs.records, ["10.0.0.10"]);
    assert.equal(await new Promise((resolve) => host.address.apply(resolve)), "10.0.0.10");
  });

  test("routes its own network out through a NAT gateway, and to S3 without it", async () => {
    const { resource } = await graphOf(privately);
    const route = (name: string) => resource("aws:ec2/route:Route", name).inputs;
    assert.equal(route("eu-central-1").natGatewayId, "eu-central-1-nat-id");
    assert.equal(route("eu-central-1").gatewayId, undefined);
    assert.equal(route("eu-central-1-nat").gatewayId, "eu-central-1-id");
    assert.equal(resource("aws:ec2/natGateway:NatGateway").inputs.subnetId, "eu-central-1-nat-id");
    assert.deepEqual(resource("aws:ec2/vpcEndpoint:VpcEndpoint").inputs.routeTableIds, ["eu-central-1-id"]);
  });

  test("attaches a private zone to its own network, and detaches it before it attaches another of that name", async () => {
    const tls = { ...endpoint.tls, challengeZone: "example.com" };
    const corp = { ...endpoint, hostname: "cache.corp.example.com", zone: "corp.example.com", tls };
    const { resource } = await graphOf({ ...privately, endpoint: corp });
    const { inputs, deleteBeforeReplace } = resource("aws:route53/zoneAssociation:ZoneAssociation");
    assert.deepEqual(inputs, { zoneId: "ZPRIVATE", vpcId: "eu-central-1-id", vpcRegion: "eu-central-1" });
    assert.ok(deleteBeforeReplace);
  });

  test("has a load balancer for a private link, which leaves the choice of clients to the endpoint service", async () => {
    const linked = { ...endpoint, privateLink: { allowed: ["210987654321"] } };
    const { resource } = await graphOf({ ...privately, endpoint: linked });
    const { inputs } = resource("aws:lb/loadBalancer:LoadBalancer");
    assert.equal(inputs.enforceSecurityGroupInboundRulesOnPrivateLinkTraffic, "off");
  });

  test("changes nothing of an existing network", async () => {
    const { resources } = await graphOf({ ...privately, network: existing });
    const network =
      /^(Vpc|Subnet|InternetGateway|NatGateway|Route|RouteTable\w*|VpcEndpoint|Eip\w*|DefaultSecurityGroup) /;
    assert.deepEqual(
      resources.map(short).filter((it) => network.test(it)),
      [],
    );
  });
});

test("leaves a prefix list to the security group, because the edge doesn't know its content", async () => {
  const list = "pl-0123456789abcdef0";
  const graph = await graphOf({ access: { clients: ["203.0.113.0/24", list], metrics: [list] } });
  const { ingress } = graph.resource("aws:ec2/securityGroup:SecurityGroup", "eu-central-1").inputs;
  const [clients] = ingress as { cidrBlocks: string[]; prefixListIds: string[] }[];
  assert.deepEqual([clients?.cidrBlocks, clients?.prefixListIds], [["203.0.113.0/24"], [list]]);
  const { ingress: second, egress } = graph.resource(
    "aws:ec2/securityGroup:SecurityGroup",
    "eu-central-1-2",
  ).inputs;
  const [metrics] = second as { fromPort: number; prefixListIds: string[] }[];
  assert.deepEqual([metrics?.fromPort, metrics?.prefixListIds, egress], [9443, [list], []]);
  assert.deepEqual(graph.resource("aws:ec2/networkInterface:NetworkInterface").inputs.securityGroups, [
    "eu-central-1-id",
    "eu-central-1-2-id",
  ]);
  assert.doesNotMatch(pod(graph), /pl-0123456789abcdef0|203\.0\.113/);
  assert.equal(pod(graph).match(/0\.0\.0\.0\/0 1;|allow 0\.0\.0\.0\/0;/g)?.length, 2);
});

test("has no IPv6 for clients without it", async () => {
  const { resources } = await graphOf({ access: { clients: ["203.0.113.0/24"] } });
  assert.deepEqual(resources.filter(({ type }) => type === "aws:route53/record:Record").map(short), [
    "Record eu-central-1",
  ]);
});

test("creates no records without a zone", async () => {
  const { resources } = await graphOf({ endpoint: { hostname, tls: { mode: "private" } } });
  assert.ok(!resources.some(({ type }) => type === "aws:route53/record:Record"));
});

/** Rules that hold for any configuration. */
describe("the posture", () => {
  const cases: Record<string, Record<string, unknown>> = {
    "own network": {},
    "existing subnet": { network: existing },
    public: { access: { clients: "public" } },
    "provided certificate": {
      endpoint: { hostname, zone: "example.com", tls: { mode: "provided", secretName: "/c" } },
    },
    "private endpoint": {
      endpoint: { hostname, exposure: "private", tls: { mode: "private" } },
      access: { clients: ["10.0.0.0/8"] },
    },
    "private authority": { endpoint: { hostname, tls: { mode: "private" } } },
  };

  for (const [name, change] of Object.entries(cases)) {
    test(`holds for ${name}`, async () => {
      const { resources } = await graphOf(change);
      const judged = resources.map(({ inputs: props, ...it }) => ({ ...it, props }));
      assert.deepEqual(violationsIn(judged, exposureOf([{ access, ...change }])), []);
      assert.ok(!resources.some(({ type }) => type.endsWith(":KeyPair")));
    });
  }
});
