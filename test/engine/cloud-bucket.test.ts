/** The life of a machine that stores its blobs in a bucket. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { exempt, modify } from "../doubles/azure/resource.ts";
import type { CloudCase } from "../support/cloud-case.ts";
import { clouds } from "../support/cloud-files.ts";
import { type CloudStack, cloudStack, lastPart } from "../support/cloud-stack.ts";
import { exposureOf } from "../support/posture.ts";
import { endpointOf } from "../support/private-region.ts";
import { succeeds } from "../support/project.ts";
import { scope } from "../support/scope.ts";

describe("every cloud", { concurrency: true }, () => {
  for (const [name, cloud] of Object.entries(clouds)) {
    describe(name, { concurrency: 1 }, () => testBucket(cloud));
  }
});

test("in Azure, an update fails if a policy has closed the account or the vault without an error, until they are open and the state is refreshed", async () => {
  const { azure } = clouds;
  const vault = (defaultAction: string) => ({
    properties: { publicNetworkAccess: "Enabled", networkAcls: { defaultAction } },
  });
  for (const [kind, closed, open, said] of [
    [
      "Storage/storageAccounts",
      { publicNetworkAccess: "Disabled" },
      { publicNetworkAccess: "Enabled" },
      /the storage account cache\S+ can't be/,
    ],
    [
      "KeyVault/vaults",
      vault("Deny"),
      vault("Allow"),
      /the vault cache-\S+ can't be reached: a policy such as "Configure key vaults/,
    ],
  ] as const) {
    const cloud = azure.newCloud();
    modify(cloud, `Microsoft.${kind}`, closed);
    await using stack = await cloudStack(azure.file, cloud);
    const endpoint = { ...endpointOf(azure.file), tls: { mode: "private" } };
    await stack.configure({}, { endpoint, storage: redirect });
    for (const operation of ["up", "preview"] as const) {
      const { failed, messages } = await stack.run(operation);
      assert.ok(failed, operation);
      assert.match(messages, said);
      assert.doesNotMatch(messages, /\.ts:\d/);
    }
    exempt(cloud, `Microsoft.${kind}`, open);
    assert.ok((await stack.run("up")).failed);
    await succeeds(stack, "up", ["--refresh"]);
  }
});

const redirect = { kind: "bucket", delivery: "redirect" };

/** Each test continues from the state that the previous one leaves. */
function testBucket(known: CloudCase): void {
  const parts = scope({ after });
  const { bucket } = known;
  const cloud = known.newCloud();
  let stack: CloudStack;

  test("creates a closed bucket with the first up, and recognizes it as its own in the second", async () => {
    stack = parts.use(await cloudStack(known.file, cloud));
    await stack.configure({}, { storage: redirect });
    await succeeds(stack, "up");
    const made = stack.done().map((operation) => operation.split(" ")[1]);
    for (const type of bucket.types) assert.equal(made.filter((it) => it === type).length, 1, type);
    assert.deepEqual(known.violations(cloud.things(), exposureOf(stack.regions)), []);
    await succeeds(stack, "up", ["--expect-no-changes"]);
  });

  test("changes only the rule for another number of days", async () => {
    await stack.configure({}, { storage: { ...redirect, expireDays: 30 } });
    await succeeds(stack, "up");
    assert.deepEqual(stack.byRegion(stack.done()), stack.inAllRegions([bucket.expiry]));
  });

  test("leaves nothing after destroy, whatever the bucket contains", async () => {
    await stack.unprotect(known.types.disk);
    await succeeds(stack, "destroy");
    assert.deepEqual(
      cloud.things().map(({ type, name }) => `${lastPart(type)} ${name}`),
      [],
    );
  });
}
