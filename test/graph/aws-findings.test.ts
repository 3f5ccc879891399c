/** What AWS is asked before a region is made, and what is told when it hasn't got it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Answers, image, list, lookedUp, refused, subnet, vpc, zone } from "./aws-looked-up.ts";

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
    [machine.plan.machine.type, machine.zone, machine.unavailable],
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
