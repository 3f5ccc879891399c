/** A stack whose endpoint nobody reaches from the internet, from its first update to its end. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { existing } from "../doubles/aws/existing.ts";
import { aws } from "../support/cloud-aws.ts";
import { type CloudStack, cloudStack } from "../support/cloud-stack.ts";
import { exposureOf } from "../support/posture.ts";
import { scope } from "../support/scope.ts";

const privateClients = { clients: ["10.0.0.0/8"] };

async function succeeds(stack: CloudStack, operation: Parameters<CloudStack["run"]>[0], ...args: string[]) {
  const run = await stack.run(operation, args);
  assert.ok(!run.failed, run.messages);
  return run;
}

/** The tests go on from each other. */
describe("a private machine in AWS", { concurrency: 1 }, () => {
  const parts = scope({ after });
  const cloud = aws.newCloud();
  const things = (type: string) => cloud.things(`aws:${type}`);
  let stack: CloudStack;
  let file: object;

  async function up(endpoint: object, region: object = {}) {
    await stack.configure({}, { endpoint: { ...file, ...endpoint }, access: privateClients, ...region });
    const run = await succeeds(stack, "up");
    const done = stack.done();
    await succeeds(stack, "up", "--expect-no-changes");
    return { ...run, done };
  }

  test("becomes private in place: the machine stays, its public address goes", async () => {
    stack = parts.use(await cloudStack(aws.file, cloud));
    file = stack.regions[0]?.endpoint as object;
    await succeeds(stack, "up");
    stack.done();
    const { messages, done } = await up({ exposure: "private" });
    assert.match(messages, /regions\[0\]\.network: is made by the stack, and nobody reaches/);
    const [region] = stack.regions;
    assert.ok(
      done.includes("delete EipAssociation eu-central-1") && done.includes("delete Eip eu-central-1"),
    );
    assert.ok(done.includes("update Route eu-central-1"), done.join());
    assert.deepEqual(
      done.filter((operation) => /(?:Instance|NetworkInterface|Volume) /.test(operation)),
      ["update NetworkInterface eu-central-1"],
      String(region?.name),
    );
    assert.deepEqual(
      things("ec2/eip:Eip").map(({ name }) => name),
      ["eu-central-1-nat"],
    );
    assert.deepEqual(aws.violations(cloud.things(), exposureOf([{ access: privateClients }])), []);
    const address = things("ec2/networkInterface:NetworkInterface")[0]?.outputs.privateIp;
    assert.deepEqual(
      things("route53/record:Record").map(({ inputs }) => inputs.records),
      [[address]],
    );
    const { address: told } = JSON.parse(await stack.pulumi("stack", "output", "caches", "--json"))[
      "eu-central-1"
    ];
    assert.equal(told, address);
  });

  test("leaves nothing when it is destroyed", async () => {
    const { resources } = JSON.parse(await stack.pulumi("stack", "export")).deployment;
    for (const { type, urn } of resources)
      if (type === aws.types.disk) await stack.pulumi("state", "unprotect", urn, "--yes");
    await succeeds(stack, "destroy");
    assert.deepEqual(cloud.things(), []);
  });

  test("is made in a private subnet that is there, which stays as it is", async () => {
    stack.done();
    const network = { vpc: existing.vpc, subnet: existing.privateSubnet };
    await up({ exposure: "private" }, { network });
    assert.deepEqual(things("ec2/eip:Eip"), []);
    assert.deepEqual(things("ec2/natGateway:NatGateway"), []);
  });
});
