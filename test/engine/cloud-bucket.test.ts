/** The life of a machine that stores its blobs in a bucket, and docs/day-2.md: a bucket and a record that exist are taken over. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { exempt, modify } from "../doubles/azure/resource.ts";
import type { Thing } from "../doubles/cloud.ts";
import type { CloudCase } from "../support/cloud-case.ts";
import { clouds } from "../support/cloud-files.ts";
import { type CloudStack, cloudStack, lastPart } from "../support/cloud-stack.ts";
import { exposureOf } from "../support/posture.ts";
import { endpointOf } from "../support/private-region.ts";
import { succeeds } from "../support/project.ts";
import { scope, tempDir } from "../support/scope.ts";

/** The double's subscription. */
process.env.ARM_SUBSCRIPTION_ID = "11111111-2222-4333-8444-555555555555";

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

/** The page's commands, each as the words after its program. */
const [, section = ""] =
  readFileSync("docs/day-2.md", "utf8").match(/^## Take over existing resources$(.*?)^## /ms) ?? [];
const commands = [...section.matchAll(/```sh\n(.*?)```/gs)]
  .flatMap(([, block = ""]) => block.trim().split("\n"))
  .map((line) => line.trim().split(" ").slice(2));

const isBucket = ({ type, name }: Thing) =>
  type === "aws:s3/bucket:Bucket" ? name?.endsWith("-store") === true : lastPart(type) === "StorageAccount";
const isAddress = ({ type, inputs }: Thing) =>
  /^Record(?:Set)?$/.test(lastPart(type)) && [inputs.type, inputs.recordType].includes("A");

/** The same resource as somebody else would have made it: without the stack's tags, with another address. */
function madeByHand(thing: Thing): Thing {
  const { tags: _, ...inputs } = thing.inputs;
  const address = "192.0.2.1";
  const other = inputs.recordType ? { aRecords: [{ ipv4Address: address }] } : { records: [address] };
  return { ...thing, inputs: { ...inputs, ...(isAddress(thing) && other) } };
}

/** Each test continues from the state that the previous one leaves. */
function testBucket(known: CloudCase): void {
  const parts = scope({ after });
  const { bucket } = known;
  const cloud = known.newCloud();
  let stack: CloudStack;
  let existing: readonly Thing[];
  /** Azure's, in which the account is. */
  let groups: readonly Thing[];

  /** By the commands of the page. */
  async function takesOver(): Promise<void> {
    for (const thing of existing) cloud.keep(thing);
    stack.done();
    const { failed, messages } = await stack.run("up");
    assert.ok(failed);
    for (const what of ["bucket|storage account", "record"])
      assert.match(
        messages,
        new RegExp(`(?:${what}) .* already exists .*docs/day-2\\.md#take-over-existing-resources`),
      );
    await using directory = await tempDir();
    const [adopt, importing, preview] = commands.map(([program = "", , ...args]) => ({
      program,
      args: args
        .filter((it) => !["--stack", "--yes", "aws-eu-central-1"].includes(it))
        .map((it) => (it === "import.json" ? join(directory.path, it) : it)),
    }));
    assert.ok(adopt && importing && preview);
    assert.equal(adopt.program, "adopt");
    const { exitCode, stderr } = await stack.script("scripts/adopt.ts", ...adopt.args);
    assert.equal(exitCode, 0, stderr);
    const [operation, ...args] = importing.args;
    assert.equal(operation, "import");
    await succeeds(stack, operation, args);
    assert.deepEqual(preview.args, ["preview"]);
    const planned = (await succeeds(stack, "preview")).changes;
    assert.deepEqual(
      planned.filter((it) => !/^(?:create|update) /.test(it)),
      [],
    );
    assert.deepEqual(stack.done(), []);
    const { changes } = await succeeds(stack, "up");
    for (const { id, type, name } of existing) {
      assert.equal(cloud.things(type).filter((it) => it.id === id).length, 1);
      if (lastPart(type) !== "ResourceGroup") {
        assert.ok(changes.includes(`update ${lastPart(type)} ${name}`), changes.join());
      }
    }
    assert.deepEqual(
      cloud.things().filter((it) => isAddress(it) && JSON.stringify(it.inputs).includes("192.0.2.1")),
      [],
    );
    await succeeds(stack, "up", ["--expect-no-changes"]);
  }

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

  test("takes over a bucket and a record that exist, in a stack with other resources", async () => {
    existing = cloud.things().filter((thing) => isBucket(thing) || isAddress(thing));
    assert.equal(existing.length, 2 * stack.regions.length);
    groups = cloud.things().filter(({ type }) => lastPart(type) === "ResourceGroup");
    const resources = await stack.resources();
    const targets = existing.flatMap(({ id }) => {
      const { urn } = resources.find((it) => it.id === id) ?? assert.fail(id);
      return ["--target", urn];
    });
    await succeeds(stack, "destroy", [...targets, "--target-dependents"]);
    assert.ok(cloud.things().length > 0);
    existing = existing.map(madeByHand);
    await takesOver();
  });

  test("leaves nothing after destroy, whatever the bucket contains", async () => {
    await stack.unprotect(known.types.disk);
    await succeeds(stack, "destroy");
    assert.deepEqual(
      cloud.things().map(({ type, name }) => `${lastPart(type)} ${name}`),
      [],
    );
  });

  test("takes over a bucket and a record that exist, in a stack without resources", async () => {
    existing = [...groups, ...existing];
    await takesOver();
  });
}
