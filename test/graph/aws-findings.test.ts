/** What AWS is asked before a region is created, and what is reported if something is missing. */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { groupName } from "../../components/hosts/aws/vm/access.ts";
import { kmsKey, routeTable, toInternet } from "../support/aws-graph.ts";
import { previousState } from "../support/previous-state.ts";
import {
  type Answers,
  image,
  list,
  lookedUp,
  refused,
  subnet,
  vpc,
  withoutQuota,
  zone,
} from "./aws-looked-up.ts";

test("finds what exists, and asks for each resource only where it is named", async () => {
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
    challengeZone: undefined,
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
  assert.deepEqual(all.found.hostedZone, {
    id: "Z1",
    arn: "arn:aws:route53:::hostedzone/Z1",
    isPrivate: false,
  });
  assert.deepEqual(all.found.subnet, {
    id: subnet,
    vpcId: vpc,
    range: "10.1.2.0/24",
    availabilityZone: "eu-central-1c",
    hasIpv6: true,
  });
  assert.equal(all.found.certificateArn, "arn:/tls");
});

test("reports everything that is missing at once, each with its path and AWS's message", async () => {
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

test("reports refused credentials, and nothing else", async () => {
  const getCallerIdentity = refused("api error InvalidClientTokenId: The security token is invalid");
  assert.deepEqual((await lookedUp({}, { getCallerIdentity })).problems, [
    {
      path: "name",
      message: "AWS doesn't answer: api error InvalidClientTokenId: The security token is invalid",
    },
  ]);
});

test("refuses a subnet of another network", async () => {
  const elsewhere = await lookedUp(
    { network: { vpc, subnet } },
    { getSubnet: () => ({ vpcId: "vpc-0ccccccccccccccc0", availabilityZone: "eu-central-1b" }) },
  );
  assert.deepEqual(elsewhere.problems, [
    { path: "network.subnet", message: `${subnet} is in vpc-0ccccccccccccccc0, not in ${vpc}` },
  ]);
});

describe("the stack's governance", () => {
  const told = async (t: TestContext, other: Answers, governance: object) => {
    const log = t.mock.method(pulumi.log, "warn", async () => {});
    const { problems } = await lookedUp({}, other, { governance });
    const warnings = log.mock.calls.map(({ arguments: [message] }) => `warning: ${message}`);
    log.mock.restore();
    return [...problems.map(({ message }) => message), ...warnings.filter(withoutQuota)].join();
  };

  test("needs a key that encrypts, and isn't one of AWS's own or another one than an existing disk's", async (t) => {
    const outputs = previousState({ "aws:ebs/volume:Volume::eu-central-1": { kmsKeyId: kmsKey.arn } });
    const of = (change: object) => {
      const getKey = () => ({ ...kmsKey, ...change });
      return told(t, { getKey, readStackResourceOutputs: () => ({ outputs }) }, { kmsKey: "alias/cache" });
    };
    assert.equal(await of({}), "");
    assert.match(
      await of({ keyState: "Disabled" }),
      /^alias\/cache in eu-central-1 is in the state Disabled/,
    );
    assert.match(
      await of({ keySpec: "RSA_2048" }),
      / is a key for ENCRYPT_DECRYPT of the kind RSA_2048: name/,
    );
    assert.match(await of({ keyManager: "AWS" }), / is one of AWS's own, for one service only: name one of/);
    assert.match(
      await of({ arn: "arn:new" }),
      /^warning: .* the data disk of eu-central-1 is encrypted by \S+key\/1, and a disk keeps its key/,
    );
  });

  test("doesn't take away the key of a machine that has one", async (t) => {
    const type = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration";
    const outputs = previousState({ [`${type}::eu-central-1`]: {} });
    const message = await told(t, { readStackResourceOutputs: () => ({ outputs }) }, {});
    assert.equal(
      message,
      "eu-central-1 has stored objects, secrets and a disk with a key, and they keep it: name that key or another one",
    );
  });

  test("needs a boundary of the account or of AWS that allows what the machine needs, and perhaps Session Manager", async (t) => {
    const under = (NotAction: string, account = "123456789012") => {
      const policy = JSON.stringify({ Statement: { Effect: "Allow", NotAction, Resource: "*" } });
      const permissionsBoundary = `arn:aws:iam::${account}:policy/boundary`;
      return told(t, { getPolicy: () => ({ policy }) }, { permissionsBoundary });
    };
    assert.equal(await under("iam:*"), "");
    assert.equal(await under("iam:*", "aws"), "");
    assert.match(
      await under("iam:*", "210987654321"),
      /^is a policy of the account 210987654321, and the roles/,
    );
    assert.match(await under("s3:GetObject"), /^forbids what the machine needs: s3:GetObject\. Add/);
    assert.match(
      await under("ssmmessages:*"),
      /^warning: .* forbids what Session Manager needs: ssmmessages:/,
    );
    const refusal = (reason: string) =>
      told(t, { getPolicy: refused(reason) }, { permissionsBoundary: "arn:aws:iam::aws:policy/boundary" });
    assert.match(
      await refusal("AccessDenied"),
      /^warning: .* can't be read, so what it forbids isn't checked/,
    );
    assert.match(await refusal("NoSuchEntity"), /^arn:aws:iam::aws:policy\/boundary can't be found: /);
  });
});

describe("the name of a bucket", () => {
  const storage = { kind: "bucket" };
  // The bucket of the stack "test", whose name doesn't follow the convention.
  const name = "registry-cache-9f86d081-123456789012-eu-central-1-an";

  test("is known before the bucket exists", async () => {
    const { found, problems } = await lookedUp({ storage });
    assert.deepEqual([found?.bucket, problems], [name, []]);
  });

  test("is refused if the bucket exists and isn't this stack's, or may be another account's", async () => {
    const told = async (getBucket: Answers[string]) =>
      (await lookedUp({ storage }, { getBucket })).problems.map(({ path, message }) => `${path}: ${message}`);
    assert.deepEqual(await told(() => ({ bucket: name })), [
      `storage.kind: the bucket ${name} already exists and isn't this stack's: delete it, or take it over: docs/day-2.md#take-over-existing-resources`,
    ]);
    assert.deepEqual(await told(refused("reading S3 Bucket: HeadBucket, StatusCode: 403, Forbidden")), [
      `storage.kind: the bucket ${name} may be another account's: reading S3 Bucket: HeadBucket, StatusCode: 403, Forbidden`,
    ]);
  });
});

describe("the route of an existing subnet", () => {
  const network = { vpc, subnet };
  const told = async (getRouteTable: Answers[string]) =>
    (await lookedUp({ network }, { getRouteTable })).problems.map(
      ({ path, message }) => `${path}: ${message}`,
    );

  test("can lead to an internet gateway, or through a firewall", async () => {
    assert.deepEqual(await told(() => routeTable({ cidrBlock: "198.51.100.0/24", gatewayId: "igw-1" })), []);
    assert.deepEqual(await told(() => routeTable({ cidrBlock: "0.0.0.0/0", vpcEndpointId: "vpce-1" })), []);
  });

  test("causes a warning if it leads through a network interface, which may be a NAT instance's", async (t) => {
    const log = t.mock.method(pulumi.log, "warn", async () => {});
    const warnings = () =>
      log.mock.calls.map(({ arguments: [message] }) => String(message)).filter(withoutQuota);
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
    for (const target of [
      { gatewayId: "local" },
      { vpcEndpointId: "vpce-1" },
      { networkInterfaceId: "eni-1" },
    ])
      assert.deepEqual(await told(() => routeTable(natOnly, { cidrBlock: "10.0.0.0/8", ...target })), [
        `network.subnet: ${subnet} has no route to an internet gateway, so nobody reaches a public address in it: ` +
          "add one for 0.0.0.0/0 to its route table, rtb-1, or name a public subnet",
      ]);
  });

  test("comes from the main table if the subnet has none of its own", async () => {
    const main = { vpcId: vpc, filters: [{ name: "association.main", values: ["true"] }] };
    const getRouteTable: Answers[string] = (inputs) => {
      if (inputs.subnetId !== undefined) return refused("query returned no results")();
      assert.deepEqual(inputs, main);
      return routeTable(...toInternet);
    };
    assert.deepEqual(await told(getRouteTable), []);
    assert.match((await told(refused("UnauthorizedOperation")))[0] ?? "", /: UnauthorizedOperation$/);
  });

  test("gives a machine no IPv6 address at which nobody could reach it", async () => {
    const getRouteTable = () => routeTable(toInternet[0]);
    const { found } = await lookedUp({ network }, { getRouteTable });
    assert.equal(found?.subnet?.hasIpv6, false);
  });

  test("is one for IPv6 if it covers all of the internet's addresses", async () => {
    const hasIpv6 = async (ipv6CidrBlock: string) => {
      const getRouteTable = () => routeTable(toInternet[0], { ipv6CidrBlock, gatewayId: "igw-1" });
      return (await lookedUp({ network }, { getRouteTable })).found?.subnet?.hasIpv6;
    };
    assert.deepEqual([await hasIpv6("2000::/3"), await hasIpv6("::/1")], [true, true]);
    assert.deepEqual([await hasIpv6("2000::/4"), await hasIpv6("fc00::/3")], [false, false]);
  });
});

const acme = { mode: "acme", email: "ops@example.com" };
const takenChallenge = (type: string, zone = "example.com") =>
  `endpoint.hostname: ${zone} has a record ${type} of _acme-challenge.cache.example.com, where \`tls: { mode: acme }\` proves the host name: choose another name or another \`tls.mode\`, or delete the record if nothing uses it`;

describe("the endpoint's name", () => {
  const hostname = "cache.example.com";
  /** @param own the stack's records by Pulumi's name, each with its name in the zone `in` @param types of the zone's records with the name `at` */
  const told = async (
    own: Record<string, string>,
    types: string[],
    {
      at = hostname,
      in: zoneId = "Z1",
      ...change
    }: {
      at?: string;
      in?: string;
      failover?: string;
      exposure?: string;
      hostname?: string;
      tls?: object;
    } = {},
  ) => {
    const outputs = Object.entries(own).map(([resource, name]) => [
      `aws:route53/record:Record::${resource}`,
      { name, zoneId },
    ]);
    const { problems } = await lookedUp(
      { endpoint: { hostname, ...zone, tls: { mode: "private" }, ...change } },
      {
        readStackResourceOutputs: () => ({ outputs: previousState(Object.fromEntries(outputs)) }),
        getRecords: ({ nameRegex }) => ({
          resourceRecordSets: new RegExp(String(nameRegex)).test(`${at}.`)
            ? types.map((type) => ({ name: `${at}.`, type }))
            : [],
        }),
      },
    );
    return problems.map(({ path, message }) => `${path}: ${message}`);
  };

  test("is accepted if it is free, and refused if it has a record that isn't this stack's", async () => {
    assert.deepEqual(await told({}, ["TXT"]), []);
    for (const [type = "", exposure] of [["A"], ["AAAA"], ["CNAME"], ["A", "private"]])
      assert.match(
        String(
          await told({ "eu-central-1": "old.example.com" }, ["TXT", type], exposure ? { exposure } : {}),
        ),
        /^endpoint\.hostname: a record of cache\.example\.com already exists and isn't this stack's: /,
      );
  });

  test("is accepted if it has the region's own record, even one only for IPv6", async () => {
    assert.deepEqual(await told({ "eu-central-1": hostname }, ["A"]), []);
    assert.deepEqual(await told({ "eu-central-1-ipv6": hostname }, ["AAAA"]), []);
    assert.equal((await told({ "eu-central-1": hostname }, ["A"], { in: "Z2" })).length, 1);
  });

  test("needs another name for failover", async () => {
    const at = `active.${hostname}`;
    const own = { "eu-central-1": hostname };
    const failover = { at, failover: "dns" };
    assert.deepEqual(await told(own, ["TXT"], failover), []);
    assert.match(
      String(await told(own, ["A"], failover)),
      /^endpoint\.hostname: a record of active\.cache\.example\.com already exists and isn't this stack's: /,
    );
    assert.deepEqual(await told(own, ["A"], { at }), []);
    for (const record of ["eu-central-1-active", "eu-central-1-ipv6-nowhere"])
      assert.deepEqual(await told({ ...own, [record]: at }, ["A"], failover), []);
  });

  test("is refused if the zone delegates it, or a name above it, to other name servers", async () => {
    const change = { hostname: "cache.eu.dev.example.com" };
    for (const at of ["dev.example.com", "eu.dev.example.com", "cache.eu.dev.example.com"])
      assert.deepEqual(await told({}, ["NS"], { ...change, at }), [
        `endpoint.zone: the zone example.com delegates ${at} to other name servers, so no resolver finds its records of cache.eu.dev.example.com: name the zone ${at}`,
      ]);
    for (const at of ["example.com", "ev.example.com", "other.dev.example.com"])
      assert.deepEqual(await told({}, ["NS"], { ...change, at }), []);
    assert.deepEqual(await told({}, ["A"], { ...change, at: "dev.example.com" }), []);
  });

  test("is refused if a CNAME or NS record is in the way of the ACME challenge", async () => {
    const at = `_acme-challenge.${hostname}`;
    const change = { at, tls: acme };
    for (const type of ["CNAME", "NS"]) {
      assert.deepEqual(await told({}, [type], change), [takenChallenge(type)]);
      assert.deepEqual(await told({}, [type], { at }), []);
      assert.deepEqual(await told({ "eu-central-1": hostname }, [type], change), []);
    }
    assert.deepEqual(await told({}, ["TXT"], change), []);
  });

  test("is refused if it has a record of another region of the stack", async () => {
    for (const record of ["us-east-1", "us-east-1-ipv6"])
      assert.deepEqual(await told({ [record]: hostname }, ["A"]), [
        "endpoint.hostname: cache.example.com is still the host name of this stack's region us-east-1: give that region another host name, or remove it, in an update of its own first",
      ]);
  });
});

describe("the zone of a private endpoint", () => {
  type Zones = Record<string, boolean | "several">;
  /** @param zones which of the three queries find a zone */
  const asked = async (
    { attached, anywhere, isPublic }: Zones,
    tls: object = { mode: "private" },
    network = {},
    getRecords?: Answers[string],
  ) => {
    const endpoint = { hostname: "cache.example.com", ...zone, exposure: "private", tls };
    const getZone: Answers[string] = ({ vpcId, privateZone }) => {
      const isThere = vpcId ? attached : privateZone ? anywhere : isPublic;
      if (!isThere) return refused("no matching Route 53 Hosted Zone found")();
      if (isThere === "several" && !vpcId) return refused("multiple Route 53 Hosted Zones matched")();
      const id = privateZone === false ? "ZPUBLIC" : "ZPRIVATE";
      return { zoneId: id, arn: `arn:${id}`, nameServers: ["ns-1.awsdns-01.com"] };
    };
    const getRouteTable = () => routeTable({ cidrBlock: "0.0.0.0/0", natGatewayId: "nat-1" });
    const region = { network: { vpc, subnet }, ...network, endpoint, access: { clients: ["10.0.0.0/8"] } };
    const records = getRecords && { getRecords };
    const { found, problems } = await lookedUp(region, { getZone, getRouteTable, ...records });
    return { found, told: problems.map(({ path, message }) => `${path}: ${message}`) };
  };

  test("is a private one rather than a public one", async () => {
    const { found } = await asked({ attached: true, anywhere: true, isPublic: true });
    assert.deepEqual(found?.hostedZone, { id: "ZPRIVATE", arn: "arn:ZPRIVATE", isPrivate: true });
    assert.equal((await asked({ isPublic: true })).found?.hostedZone?.id, "ZPUBLIC");
    assert.match(
      String((await asked({})).told),
      /^endpoint\.zone: the hosted zone example\.com can't be found, neither a private nor a public one: no matching Route 53 Hosted Zone found\. It must be in the account that the stack is deployed to$/,
    );
  });

  test("is associated with an existing network, and can be associated with one that the stack creates", async () => {
    assert.match(
      String((await asked({ anywhere: true, isPublic: true })).told),
      /^endpoint\.zone: the private hosted zone example\.com isn't attached to vpc-0a+0, .*--hosted-zone-id ZPRIVATE --vpc VPCRegion=eu-central-1,VPCId=vpc-0a+0`$/,
    );
    const { found } = await asked({ anywhere: true }, undefined, { network: { vpc: "create" } });
    assert.equal(found?.hostedZone?.isPrivate, true);
  });

  test("is one of several private ones only if it is associated with the network", async () => {
    const several = { anywhere: "several" } as const;
    assert.equal((await asked({ ...several, attached: true })).found?.hostedZone?.id, "ZPRIVATE");
    assert.deepEqual((await asked(several)).told, [
      "endpoint.zone: the account has several private hosted zones example.com, and none is attached to vpc-0aaaaaaaaaaaaaaa0: attach the one that you mean",
    ]);
    assert.deepEqual((await asked(several, undefined, { network: { vpc: "create" } })).told, [
      "endpoint.zone: the account has several private hosted zones example.com: name an existing VPC, which one of them is attached to",
    ]);
  });

  test("needs a public one in addition for a certificate by ACME", async () => {
    const zones = { attached: true, isPublic: true };
    assert.match(
      String((await asked(zones, acme)).told),
      /^endpoint\.tls\.challengeZone: is missing: the hosted zone example\.com is private/,
    );
    const { found, told } = await asked(zones, { ...acme, challengeZone: "example.com" });
    assert.deepEqual(told, []);
    assert.equal(found?.hostedZone?.id, "ZPRIVATE");
    assert.deepEqual(found?.challengeZone, {
      id: "ZPUBLIC",
      arn: "arn:ZPUBLIC",
      isPrivate: false,
      nameServers: ["ns-1.awsdns-01.com:53"],
    });
    const same = await asked({ isPublic: true }, { ...acme, challengeZone: "example.com" });
    assert.equal(same.found?.hostedZone?.id, "ZPUBLIC");
    assert.deepEqual(
      same.found.challengeZone,
      found?.challengeZone,
      "a public zone, by its own name servers",
    );
    const toldOf = async (name: string, type: string, challengeZone = "example.com") => {
      const getRecords: Answers[string] = ({ zoneId, nameRegex }) => ({
        resourceRecordSets:
          zoneId === "ZPUBLIC" && new RegExp(String(nameRegex)).test(name) ? [{ name, type }] : [],
      });
      return (await asked(zones, { ...acme, challengeZone }, {}, getRecords)).told;
    };
    assert.deepEqual(await toldOf("cache.example.com.", "NS"), [
      "endpoint.tls.challengeZone: the zone example.com delegates cache.example.com to other name servers, so no resolver finds its records of cache.example.com: name the zone cache.example.com",
    ]);
    for (const challengeZone of ["example.com", "cache.example.com"])
      for (const type of ["CNAME", "NS", "TXT"])
        assert.deepEqual(
          await toldOf("_acme-challenge.cache.example.com.", type, challengeZone),
          type === "TXT" ? [] : [takenChallenge(type, challengeZone)],
        );
  });
});

describe("the route out of a private endpoint's subnet", () => {
  const privately = {
    network: { vpc, subnet },
    endpoint: { hostname: "cache.example.com", exposure: "private", tls: { mode: "private" } },
    access: { clients: ["10.0.0.0/8"] },
  };
  const routedBy = (...routes: Record<string, string>[]) =>
    lookedUp(privately, { getRouteTable: () => routeTable(...routes) });

  for (const [target, id] of Object.entries({
    natGatewayId: "nat-1",
    transitGatewayId: "tgw-1",
    vpcEndpointId: "vpce-1",
    networkInterfaceId: "eni-1",
    gatewayId: "vgw-1",
  })) {
    test(`can lead to ${id}, and the machine has no IPv6 address`, async () => {
      const { found, problems } = await routedBy({ cidrBlock: "0.0.0.0/0", [target]: id });
      assert.deepEqual(problems, []);
      assert.equal(found?.subnet?.hasIpv6, false);
    });
  }

  test("can't be an internet gateway or a peering", async () => {
    const told = async (...routes: Record<string, string>[]) =>
      (await routedBy(...routes)).problems.map(({ path, message }) => `${path}: ${message}`);
    for (const route of [{ gatewayId: "igw-1" }, { vpcPeeringConnectionId: "pcx-1" }]) {
      const [problem] = await told({ cidrBlock: "0.0.0.0/0", ...route });
      assert.match(
        problem ?? "",
        /^network\.subnet: subnet-0b+0 has a default route to (igw|pcx)-1, which takes no private/,
      );
    }
  });

  test("causes a warning if it may be propagated, because the provider doesn't tell", async (t) => {
    const warn = t.mock.method(pulumi.log, "warn", async () => {});
    const { problems } = await routedBy({ cidrBlock: "10.0.0.0/8", transitGatewayId: "tgw-1" });
    assert.deepEqual(problems, []);
    const told = warn.mock.calls.map(({ arguments: [message] }) => String(message)).join();
    assert.match(
      told,
      /network\.subnet: subnet-0b+0 has no default route, unless a virtual private gateway propagates one, .*: route 0\.0\.0\.0\/0 in its route table, rtb-1, to a NAT/,
    );
  });
});

describe("the sources that may reach the machine", () => {
  const ranges = (count: number) => Array.from({ length: count }, (_, index) => `10.0.${index}.0/24`);

  const told = async (change: Record<string, unknown>, other?: Answers) =>
    (await lookedUp(change, other)).problems.map(({ path, message }) => `${path}: ${message}`);
  const quotas = (rules: number, groups: number) => ({
    getServiceQuota: ({ quotaCode }: Record<string, unknown>) => ({
      value: quotaCode === "L-0EA8095F" ? rules : groups,
    }),
  });

  /** The outputs of the region's security groups. */
  const openTo = (...groups: object[]): Answers => {
    const outputs = groups.map((rule, index) => [
      `aws:ec2/securityGroup:SecurityGroup::${groupName("eu-central-1", index)}`,
      { ingress: [rule] },
    ]);
    return { readStackResourceOutputs: () => ({ outputs: previousState(Object.fromEntries(outputs)) }) };
  };

  test("are counted, and refused if no interface can have them, with both settings together", async () => {
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
    // AWS has accepted these groups before.
    const clients = [0, 1, 2, 3].map((index) => ({
      fromPort: 443,
      cidrBlocks: access.clients.slice(60 * index, 60 * index + 60),
    }));
    const metrics = [0, 60].map((start) => ({
      fromPort: 9443,
      cidrBlocks: access.metrics.slice(start, start + 60),
    }));
    assert.deepEqual(await told({ access }, openTo(...clients, ...metrics)), []);
  });

  test("leave a security group to a private link, and include other groups as one rule of each family", async () => {
    const endpoint = { hostname: "cache.example.com", exposure: "private", tls: { mode: "private" } };
    const linked = { ...endpoint, privateLink: { allowed: ["123456789012"] } };
    const groups = ["sg-0123456789abcdef0"];
    const own = {
      getSecurityGroup: () => ({ vpcId: vpc }),
      getRouteTable: () => routeTable({ cidrBlock: "0.0.0.0/0", natGatewayId: "nat-1" }),
    };
    const access = (count: number) => ({ clients: [...ranges(count), ...groups] });
    const region = { network: { vpc, subnet } };
    assert.deepEqual(await told({ ...region, endpoint: linked, access: access(239) }, own), []);
    assert.match(
      String(await told({ ...region, endpoint: linked, access: access(240) }, own)),
      /^access\.clients: takes, .* 241 rules for IPv4 and 1 for IPv6, which don't fit into 4 security groups of 60 each/,
    );
    assert.deepEqual(await told({ ...region, endpoint, access: access(240) }, own), []);
  });

  test("can be in prefix lists, if the lists exist and fit into a security group", async () => {
    const access = { clients: [list], metrics: [list] };
    const pathsOf = async (getManagedPrefixList: Answers[string], other = {}) =>
      (await lookedUp({ access }, { getManagedPrefixList, ...other })).problems.map(({ path }) => path);
    const both = ["access.clients[0]", "access.metrics[0]"];
    assert.deepEqual(await pathsOf(refused("does not exist")), both);
    const large = () => ({ addressFamily: "IPv4", maxEntries: 61, entries: [] });
    assert.deepEqual(await pathsOf(large), both);
    assert.deepEqual(await pathsOf(large, quotas(100, 5)), []);
    const groups = [443, 9443].map((fromPort) => ({ fromPort, prefixListIds: [list] }));
    assert.deepEqual(await pathsOf(large, openTo(...groups)), []);
  });

  test("are refused with a hint that lists can't be split, if that is why they don't fit", async () => {
    const clients = [1, 2, 3, 4, 5, 6].map((index) => `pl-0000000${index}`);
    const [problem] = await told({ access: { clients } });
    assert.match(
      problem ?? "",
      / 0 rules for IPv4 and 240 for IPv6, .* 5 .* of 60 each: a prefix list can't be split \(pl-00000001 counts as 40, /,
    );
  });

  test("can be in AWS's own lists, which count with their weight", async () => {
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
