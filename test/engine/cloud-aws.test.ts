/** What a machine in AWS keeps, and the messages before it would lose something. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { quotaType } from "../doubles/aws/account.ts";
import { existing, notOffered } from "../doubles/aws/existing.ts";
import { CloudError } from "../doubles/faults.ts";
import { valuesAt } from "../doubles/values.ts";
import { aws } from "../support/cloud-aws.ts";
import { type CloudStack, cloudStack } from "../support/cloud-stack.ts";
import { exposureOf } from "../support/posture.ts";
import { succeeds } from "../support/project.ts";
import { scope } from "../support/scope.ts";

const instance = "aws:ec2/instance:Instance";
const securityGroup = "aws:ec2/securityGroup:SecurityGroup";
const networkInterface = "aws:ec2/networkInterface:NetworkInterface";

describe("a machine in AWS", { concurrency: true }, () => {
  describe("with many clients", { concurrency: 1 }, () => {
    const parts = scope({ after });
    const cloud = aws.newCloud();
    const ranges = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, index) => `10.0.${from + index}.0/24`);
    let stack: CloudStack;

    /** The sources that may connect. */
    const open = () => {
      const [wire] = cloud.things(networkInterface);
      const groups = valuesAt("securityGroups[*]", wire?.inputs ?? {});
      return cloud
        .things(securityGroup)
        .filter(({ id }) => groups.includes(id))
        .flatMap(({ inputs }) => valuesAt("ingress[*].cidrBlocks[*]", inputs));
    };

    /** @returns the sources that couldn't connect at some time during the update, although they could before and can after it */
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
      await succeeds(stack, "up");
      cloud.record = record;
      assert.deepEqual(new Set(open()), new Set(clients));
      assert.deepEqual(aws.violations(cloud.things(), exposureOf([{ access }])), []);
      await succeeds(stack, "up", ["--expect-no-changes"]);
      return [...gaps];
    }

    const groups = () => stack.done().filter((operation) => operation.includes("SecurityGroup "));

    test("has as many security groups as the clients need", async () => {
      stack = parts.use(await cloudStack(aws.file, cloud));
      await changeClients(ranges(0, 130));
      assert.deepEqual(groups().sort(), [
        "create DefaultSecurityGroup eu-central-1",
        "create SecurityGroup eu-central-1",
        "create SecurityGroup eu-central-1-2",
        "create SecurityGroup eu-central-1-3",
      ]);
    });

    test("changes only the group of a client that is added or removed, and interrupts no client", async () => {
      assert.deepEqual(await changeClients(["10.1.0.0/24", ...ranges(1, 130)]), []);
      assert.deepEqual(groups(), ["update SecurityGroup eu-central-1"]);
    });

    test("deletes groups that aren't needed any more, and interrupts no client", async () => {
      assert.deepEqual(await changeClients(ranges(80, 130)), []);
      assert.deepEqual(groups().sort(), [
        "delete SecurityGroup eu-central-1-2",
        "delete SecurityGroup eu-central-1-3",
        "update SecurityGroup eu-central-1",
      ]);
    });

    test("accepts prefix lists, and counts them with their size", async () => {
      const access = { clients: [...ranges(0, 6), existing.cloudFrontList], metrics: [existing.prefixList] };
      await stack.configure({}, { access });
      await succeeds(stack, "up");
      assert.equal(cloud.things(securityGroup).filter(({ name }) => name).length, 2);
    });

    test("puts more clients into a group if the account's quota allows that, and interrupts no client", async () => {
      const quota = { type: quotaType, id: "L-0EA8095F", scope: "eu-central-1", outputs: {} };
      cloud.keep({ ...quota, inputs: { value: 200 } });
      const others = ranges(0, 60).map((range) => range.replace("10.0.", "10.1."));
      await changeClients([...ranges(0, 250), ...others]);
      assert.equal(cloud.things(securityGroup).filter(({ name }) => name).length, 2);
      // Fewer ranges than those from which on the stack asks AWS for the quota.
      assert.deepEqual(await changeClients([...ranges(1, 250), "10.2.0.0/24"]), []);
    });
  });

  describe("beside others of the account", { concurrency: 1 }, () => {
    const parts = scope({ after });
    const cloud = aws.newCloud();

    test("stays unchanged if the vCPU quota is too small for a larger one, and otherwise changes even to another architecture", async () => {
      const stack = parts.use(await cloudStack(aws.file, cloud));
      await stack.configure({}, { machine: { type: "c7gn.large" } });
      await succeeds(stack, "up");
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
      await succeeds(stack, "up");
    });
  });

  describe("whose Pod changes", { concurrency: 1 }, () => {
    const parts = scope({ after });
    const cloud = aws.newCloud();
    let stack: CloudStack;

    test("finds the previous Pod after a change that failed halfway was reverted", async () => {
      stack = parts.use(await cloudStack(aws.file, cloud));
      await succeeds(stack, "up");
      const before = aws.podsOf(cloud);
      assert.equal(before.length, 1);
      const error = new CloudError("InternalError", "We encountered an internal error. Please try again.");
      cloud.fail({ kind: "update", type: "aws:s3/bucketObjectv2:BucketObjectv2", error });
      await stack.configure({}, { freshnessSeconds: 30 });
      const { failed, messages } = await stack.run("up");
      assert.ok(failed && messages.includes(error.message), messages);
      assert.deepEqual(aws.podsOf(cloud), before);
      await stack.configure({});
      await succeeds(stack, "up");
      assert.deepEqual(aws.podsOf(cloud), before);
    });

    test("stays unchanged when its image is deprecated", async () => {
      const [machine] = cloud.things(instance);
      const image = cloud.find("ami", String(machine?.inputs.ami), String(machine?.scope));
      assert.ok(image);
      cloud.keep({ ...image, inputs: { ...image.inputs, isDeprecated: true } });
      await succeeds(stack, "up", ["--expect-no-changes"]);
    });
  });

  test("keeps the tags of others that the configuration ignores, and loses any other in an update with a refresh", async () => {
    const cloud = aws.newCloud();
    await using stack = await cloudStack(aws.file, cloud);
    await stack.configure({ governance: { ignoredTags: ["map-migrated", "scanner:*"] } });
    await succeeds(stack, "up");
    const add = (name: string) => {
      const [disk] = cloud.things("aws:ebs/volume:Volume");
      assert.ok(disk);
      const tagsAll = { ...(disk.outputs.tagsAll as object), [name]: "x" };
      cloud.keep({ ...disk, outputs: { ...disk.outputs, tagsAll } });
    };
    add("map-migrated");
    add("scanner:owner");
    await succeeds(stack, "up", ["--refresh", "--expect-no-changes"]);
    add("map-migrated-2");
    const { changes } = await succeeds(stack, "up", ["--refresh"]);
    assert.deepEqual(changes, ["update Volume eu-central-1"]);
  });

  describe("where the default type isn't offered", { concurrency: 1 }, () => {
    const parts = scope({ after });
    const cloud = aws.newCloud();
    const name = "eu-south-2";
    const typeOf = () => cloud.things(instance)[0]?.inputs.instanceType;
    /** The workload whose default type is c6gn.medium. */
    const workload = { peakMinutes: 30 };
    let stack: CloudStack;

    test("has another type, and says so", async () => {
      stack = parts.use(await cloudStack(aws.file, cloud));
      await stack.configure({ workload }, { name });
      const { messages } = await succeeds(stack, "up");
      assert.match(messages, /eu-south-2: machine\.type: c6gn\.\w+ isn't offered in eu-south-2/);
      assert.doesNotMatch(String(typeOf()), /^c6gn/);
    });

    test("keeps its type when the default one is offered, until the configuration names that", async () => {
      const thing = cloud.find(notOffered, "c6gn", name);
      assert.ok(thing);
      cloud.remove(thing);
      await succeeds(stack, "up", ["--expect-no-changes"]);
      stack.done();
      await stack.configure({ workload }, { name, machine: { type: "c6gn.medium" } });
      await succeeds(stack, "up");
      assert.equal(typeOf(), "c6gn.medium");
      assert.deepEqual(
        stack.done().filter((operation) => operation.includes(" Instance ")),
        [`update Instance ${name}`],
      );
    });
  });
});
