/** What AWS is asked before a region is made, and what is told when it hasn't got it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseConfig } from "../../components/config/parse.ts";
import { driver } from "../../components/hosts/aws/driver.ts";
import type { Findings } from "../../components/hosts/aws/findings.ts";
import type { LookedUp } from "../../components/hosts/host.ts";
import { registeredBy } from "../support/graph.ts";

const vpc = "vpc-0aaaaaaaaaaaaaaa0";
const subnet = "subnet-0bbbbbbbbbbbbbbb0";
const image = "ami-0feedfacefeedface";

type Answers = Record<string, (inputs: Record<string, unknown>) => Record<string, unknown>>;

/** As the engine hands over what a provider refuses. */
const refused = (details: string) => () => {
  throw Object.assign(new Error(), {
    details: `invocation of aws:module/get:get returned an error: invoking aws:module/get:get: ${details}`,
  });
};

/** By the last part of a function's token. */
const answers: Answers = {
  getInstanceTypeOfferings: () => ({ locations: ["eu-central-1c", "eu-central-1-ham-1a", "eu-central-1b"] }),
  getSubnet: () => ({
    vpcId: vpc,
    availabilityZone: "eu-central-1c",
    ipv6CidrBlock: "2001:db8:1:ff00::/64",
  }),
  getZone: () => ({ zoneId: "Z1", arn: "arn:aws:route53:::hostedzone/Z1" }),
  getAmi: () => ({ architecture: "arm64" }),
  getCallerIdentity: () => ({ accountId: "123456789012" }),
  readStackResourceOutputs: () => ({ outputs: {} }),
  getBucket: refused("reading S3 Bucket (registry-cache): couldn't find resource"),
  getParameter: ({ name }) => ({ insecureValue: "ami-0123456789abcdef0", arn: `arn:${name}` }),
};

async function lookedUp(
  change: Record<string, unknown> = {},
  other: Answers = {},
): Promise<LookedUp<Findings>> {
  const config = parseConfig({
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
  const [region] = config.regions as Parameters<NonNullable<typeof driver.createProvider>>[0][];
  assert.ok(region);
  let result: LookedUp<Findings> | undefined;
  await registeredBy(
    async () => {
      const provider = driver.createProvider?.(region);
      assert.ok(provider);
      // A machine's.
      result = (await driver.lookUp?.({ ...config, region }, provider)) as LookedUp<Findings>;
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
  const { found, problems } = await lookedUp();
  assert.deepEqual(problems, []);
  assert.deepEqual(found, {
    image: "ami-0123456789abcdef0",
    machineZones: ["eu-central-1b", "eu-central-1c"],
    hostedZone: undefined,
    subnet: undefined,
    certificateArn: undefined,
    bucket: undefined,
  });
  const all = await lookedUp({
    machine: { image },
    network: { vpc, subnet },
    endpoint: { hostname: "cache.example.com", ...zone, tls: { mode: "provided", secretName: "/tls" } },
  });
  assert.deepEqual(all.found, {
    image,
    machineZones: ["eu-central-1b", "eu-central-1c"],
    hostedZone: { id: "Z1", arn: "arn:aws:route53:::hostedzone/Z1" },
    subnet: { id: subnet, vpcId: vpc, availabilityZone: "eu-central-1c", hasIpv6: true },
    certificateArn: "arn:/tls",
    bucket: undefined,
  });
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

describe("an account that AWS doesn't know in the region", () => {
  const told = async (name: string) => {
    const getCallerIdentity = refused("api error InvalidClientTokenId: The security token is invalid");
    const { problems } = await lookedUp({ name }, { getCallerIdentity });
    return problems.map(({ path, message }) => `${path}: ${message}`);
  };

  test("may not have enabled it, and nothing else is asked or told", async () => {
    const [problem, ...others] = await told("eu-central-2");
    assert.deepEqual(others, []);
    assert.match(
      problem ?? "",
      /^name: .*`aws account enable-region --region-name eu-central-2`.*\(api error/,
    );
  });

  test("has wrong credentials where every account has the region", async () => {
    assert.deepEqual(await told("eu-central-1"), [
      "name: AWS doesn't answer: api error InvalidClientTokenId: The security token is invalid",
    ]);
  });
});

test("a subnet of another network, or where the machine isn't offered", async () => {
  const elsewhere = await lookedUp(
    { network: { vpc, subnet } },
    { getSubnet: () => ({ vpcId: "vpc-0ccccccccccccccc0", availabilityZone: "eu-central-1a" }) },
  );
  assert.deepEqual(elsewhere.problems, [
    {
      path: "machine.type",
      message:
        "c6gn.medium isn't offered in eu-central-1a, where network and disk are, only in eu-central-1b, eu-central-1c",
    },
    { path: "network.subnet", message: `${subnet} is in vpc-0ccccccccccccccc0, not in ${vpc}` },
  ]);
});

test("a machine that isn't offered in the region, an image for another processor", async () => {
  const { problems } = await lookedUp(
    { machine: { image } },
    { getInstanceTypeOfferings: () => ({ locations: [] }), getAmi: () => ({ architecture: "x86_64" }) },
  );
  assert.deepEqual(
    problems.map(({ path }) => path),
    ["machine.image", "machine.type"],
  );
  assert.match(problems[0]?.message ?? "", /is for x86_64, and the machine, c6gn\.medium, has arm64/);
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
