/** The life of a machine that stores its blobs in a bucket. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import type { CloudCase } from "../support/cloud-case.ts";
import { clouds } from "../support/cloud-files.ts";
import { type CloudStack, cloudStack, lastPart } from "../support/cloud-stack.ts";
import { exposureOf } from "../support/posture.ts";
import { scope } from "../support/scope.ts";

describe("every cloud", { concurrency: true }, () => {
  for (const [name, cloud] of Object.entries(clouds)) {
    describe(name, { concurrency: 1 }, () => testBucket(cloud));
  }
});

const redirect = { kind: "bucket", delivery: "redirect" };

/** Each test continues from the state that the previous one leaves. */
function testBucket(known: CloudCase): void {
  const parts = scope({ after });
  const { bucket } = known;
  const cloud = known.newCloud();
  let stack: CloudStack;

  async function succeeds(operation: Parameters<CloudStack["run"]>[0], ...args: string[]): Promise<void> {
    const { failed, messages } = await stack.run(operation, args);
    assert.ok(!failed, messages);
  }

  test("creates a closed bucket with the first up, and recognizes it as its own in the second", async () => {
    stack = parts.use(await cloudStack(known.file, cloud));
    await stack.configure({}, { storage: redirect });
    await succeeds("up");
    const made = stack.done().map((operation) => operation.split(" ")[1]);
    for (const type of bucket.types) assert.equal(made.filter((it) => it === type).length, 1, type);
    assert.deepEqual(known.violations(cloud.things(), exposureOf(stack.regions)), []);
    await succeeds("up", "--expect-no-changes");
  });

  test("changes only the rule for another number of days", async () => {
    await stack.configure({}, { storage: { ...redirect, expireDays: 30 } });
    await succeeds("up");
    assert.deepEqual(stack.byRegion(stack.done()), stack.inAllRegions([bucket.expiry]));
  });

  test("leaves nothing after destroy, whatever the bucket contains", async () => {
    const { resources } = JSON.parse(await stack.pulumi("stack", "export")).deployment;
    for (const { type, urn } of resources) {
      if (type === known.types.disk) await stack.pulumi("state", "unprotect", urn, "--yes");
    }
    await succeeds("destroy");
    assert.deepEqual(
      cloud.things().map(({ type, name }) => `${lastPart(type)} ${name}`),
      [],
    );
  });
}
