/** What a machine in AWS keeps, and what is told before it would lose it. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { quotaType } from "../doubles/aws/account.ts";
import { existing, notOffered } from "../doubles/aws/existing.ts";
import { CloudError } from "../doubles/faults.ts";
import { valuesAt } from "../doubles/values.ts";
import { aws } from "../support/cloud-aws.ts";
import { type CloudStack, cloudStack } from "../support/cloud-stack.ts";
import { exposureOf } from "../support/posture.ts";
import { scope } from "../support/scope.ts";

const instance = "aws:ec2/instance:Instance";
const securityGroup = "aws:ec2/securityGroup:SecurityGroup";
const networkInterface = "aws:ec2/networkInterface:NetworkInterface";

/** @param args of `up`, which may also have nothing to do. */
async function succeeds(stack: CloudStack, ...args: string[]) {
  const run = await stack.run("up", args);
  assert.ok(!run.failed, run.messages);
  return run;
}

describe("a machine in AWS", { concurrency: true }, () => {
  describe("with many clients", { concurrency: 1 }, () => {
    const parts = scope({ after });
    const cloud = aws.newCloud();
    const ranges = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, index) => `10.0.${from + index}.0/24`);
    let stack: CloudStack;

    /** Who may come in. */
    const open = () => {
      const [wire] = cloud.things(networkInterface);
      const groups = valuesAt("securityGroups[*]", wire?.inputs ?? {});
      return cloud
        .things(securityGroup)
        .filter(({ id }) => groups.includes(id))
        .flatMap(({ inputs }) => valuesAt("ingress[*].cidrBlocks[*]", inputs));
    };

    /** @returns who couldn't come in at some time of the update, though they could before and can after it. */
    async function changeClients(clients: readonly string[]): Promise<unknown[]> {
      const before = open();
      const gaps = new Set<unknown>();
      const { record } = cloud;
      cloud.record = function (operation) {
        const now = open();
        for (const range of before)
          if (clients.includes(String(range)) && !now.includes(range)) gaps.add(range);
        record.call(this, operation);
      };
      const access = { clients };
      await stack.configure({}, { access });
      await succeeds(stack);
      cloud.record = record;
      assert.deepEqual(new Set(open()), new Set(clients));
      assert.deepEqual(aws.violations(cloud.things(), exposureOf([{ access }])), []);
      await succeeds(stack, "--expect-no-changes");
      return [...gaps];
    }

    const groups = () => stack.done().filter((operation) => operation.includes("SecurityGroup "));

    test("has as many security groups as they need", async () => {
      stack = parts.use(await cloudStack(aws.file, cloud));
      await changeClients(ranges(0, 130));
      assert.deepEqual(groups().sort(), [
        "create DefaultSecurityGroup eu-central-1",
        "create SecurityGroup eu-central-1",
        "create SecurityGroup eu-central-1-2",
        "create SecurityGroup eu-central-1-3",
      ]);
    });

    test("changes the one of a client that comes or goes, and locks nobody out", async () => {
      assert.deepEqual(await changeClients(["10.1.0.0/24", ...ranges(1, 130)]), []);
      assert.deepEqual(groups(), ["update SecurityGroup eu-central-1"]);
    });

    test("gives up those that aren't needed any more, and locks nobody out", async () => {
      assert.deepEqual(await changeClients(ranges(80, 130)), []);
      assert.deepEqual(groups().sort(), [
        "delete SecurityGroup eu-central-1-2",
        "delete SecurityGroup eu-central-1-3",
        "update SecurityGroup eu-central-1",
      ]);
    });

    test("takes prefix lists, with what they count", async () => {
      const access = { clients: [...ranges(0, 6), existing.cloudFrontList], metrics: [existing.prefixList] };
      await stack.configure({}, { access });
      await succeeds(stack);
      assert.equal(cloud.things(securityGroup).filter(({ name }) => name).length, 2);
    });

    test("has more in a group where the account may, and locks nobody out", async () => {
      const quota = { type: quotaType, id: "L-0EA8095F", scope: "eu-central-1", outputs: {} };
      cloud.keep({ ...quota, inputs: { value: 200 } });
      const others = ranges(0, 60).map((range) => range.replace("10.0.", "10.1."));
      await changeClients([...ranges(0, 250), ...others]);
      assert.equal(cloud.things(securityGroup).filter(({ name }) => name).length, 2);
      // Fewer than those for which AWS is asked.
      assert.deepEqual(await changeClients([...ranges(1, 250), "10.2.0.0/24"]), []);
    });
  });

  describe("beside others of the account", { concurrency: 1 }, () => {
    const parts = scope({ after });
    const cloud = aws.newCloud();

    test("stays as it is where the quota of vCPUs has no room for a larger one; where it has, also one of another architecture", async () => {
      const stack = parts.use(await cloudStack(aws.file, cloud));
      await stack.configure({}, { machine: { type: "c7gn.large" } });
      await succeeds(stack);
      const [machine] = cloud.things(instance);
      assert.ok(machine);
      stack.done();
      cloud.keep({ ...machine, id: "i-other", inputs: { instanceType: "m7i.large" } });
      const quota = { type: quotaType, id: "L-1216C47A", scope: "eu-central-1", outputs: {} };
      cloud.keep({ ...quota, inputs: { value: 5 } });
      await stack.configure({}, { machine: { type: "c7gn.xlarge" } });
      const { failed, messages } = await stack.run("up");
      assert.ok(failed);
      assert.match(
        messages,
        /regions\[0\]\.machine\.type: the account's quota of vCPUs .* leaves 3 of 5 to /,
      );
      assert.deepEqual(stack.done(), []);
      cloud.keep({ ...quota, inputs: { value: 6 } });
      await stack.configure({}, { machine: { type: "m7i.xlarge" } });
      await succeeds(stack);
    });
  });

  describe("whose Pod is another one", { concurrency: 1 }, () => {
    const parts = scope({ after });
    const cloud = aws.newCloud();
    let stack: CloudStack;

    test("finds the one before, where a change failed halfway and is taken back", async () => {
      stack = parts.use(await cloudStack(aws.file, cloud));
      await succeeds(stack);
      const before = aws.podsOf(cloud);
      assert.equal(before.length, 1);
      const error = new CloudError("InternalError", "We encountered an internal error. Please try again.");
      cloud.fail({ kind: "update", type: "aws:s3/bucketObjectv2:BucketObjectv2", error });
      await stack.configure({}, { freshnessSeconds: 30 });
      const { failed, messages } = await stack.run("up");
      assert.ok(failed && messages.includes(error.message), messages);
      assert.deepEqual(aws.podsOf(cloud), before);
      await stack.configure({});
      await succeeds(stack);
      assert.deepEqual(aws.podsOf(cloud), before);
    });

    test("stays as it is when the image that it was made from is deprecated", async () => {
      const [machine] = cloud.things(instance);
      const image = cloud.find("ami", String(machine?.inputs.ami), String(machine?.scope));
      assert.ok(image);
      cloud.keep({ ...image, inputs: { ...image.inputs, isDeprecated: true } });
      await succeeds(stack, "--expect-no-changes");
    });
  });

  describe("where the usual type isn't sold", { concurrency: 1 }, () => {
    const parts = scope({ after });
    const cloud = aws.newCloud();
    const name = "eu-south-2";
    const typeOf = () => cloud.things(instance)[0]?.inputs.instanceType;
    /** With which c6gn.medium is the usual one. */
    const workload = { peakMinutes: 30 };
    let stack: CloudStack;

    test("has another one, and says so", async () => {
      stack = parts.use(await cloudStack(aws.file, cloud));
      await stack.configure({ workload }, { name });
      const { messages } = await succeeds(stack);
      assert.match(messages, /eu-south-2: machine\.type: c6gn\.\w+ isn't offered in eu-south-2/);
      assert.doesNotMatch(String(typeOf()), /^c6gn/);
    });

    test("keeps it when the usual one is sold, until the configuration names that", async () => {
      const thing = cloud.find(notOffered, "c6gn", name);
      assert.ok(thing);
      cloud.remove(thing);
      await succeeds(stack, "--expect-no-changes");
      stack.done();
      await stack.configure({ workload }, { name, machine: { type: "c6gn.medium" } });
      await succeeds(stack);
      assert.equal(typeOf(), "c6gn.medium");
      assert.deepEqual(
        stack.done().filter((operation) => operation.includes(" Instance ")),
        [`update Instance ${name}`],
      );
    });
  });
});
