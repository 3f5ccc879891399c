/** What the program reads from its own stack's state. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { goneRegions } from "../../components/gone-regions.ts";
import {
  previousOutputs,
  previousProvider,
  previousRegions,
} from "../../components/hosts/previous-outputs.ts";

const own = "urn:pulumi:stack::project::registry-cache:index:RegionalCache$registry-cache:aws:VmHost$";
const region = { type: "registry-cache:index:RegionalCache", outputs: {} };
const outputs = {
  [`${own}type::frankfurt`]: { type: "type", outputs: { size: 20 } },
  "urn:pulumi:stack::project::registry-cache:index:RegionalCache::frankfurt": region,
  [`${own.slice(0, -1)}::frankfurt`]: { type: "registry-cache:aws:VmHost", outputs: {} },
  "urn:pulumi:stack::project::registry-cache:index:RegionalCache::paris": region,
  [`${own}other::frankfurt`]: { type: "other", outputs: { size: 30 } },
  // A resource of another part of the program.
  "urn:pulumi:stack::project::my:index:Team$type::frankfurt": { type: "type", outputs: { size: 40 } },
  "urn:pulumi:stack::project::my:index:Team$pulumi:providers:kubernetes::frankfurt": {
    type: "pulumi:providers:kubernetes",
    outputs: { context: "the team's" },
  },
  "urn:pulumi:stack::project::pulumi:providers:kubernetes::frankfurt": {
    type: "pulumi:providers:kubernetes",
    outputs: { context: "the region's" },
  },
};

test("reads a state again that is just being written, and then uses it for the rest of the run", async () => {
  let asked = 0;
  const mocks = {
    newResource: ({ name, inputs }: pulumi.runtime.MockResourceArgs) => ({ id: name, state: inputs }),
    call() {
      asked++;
      // The form of a gRPC error.
      if (asked < 3) throw Object.assign(new Error(), { details: "failed to load checkpoint: EOF" });
      return { outputs };
    },
  };
  await pulumi.runtime.setMocks(mocks, "project", "stack", false, "organization");
  assert.deepEqual([...(await previousOutputs("type"))], [["frankfurt", { size: 20 }]]);
  assert.deepEqual([...(await previousOutputs("other"))], [["frankfurt", { size: 30 }]]);
  assert.deepEqual(await previousProvider("kubernetes", "frankfurt"), { context: "the region's" });
  assert.equal(await previousProvider("kubernetes", "paris"), undefined);
  assert.deepEqual(await previousRegions(), [
    { name: "frankfurt", isMachine: true },
    { name: "paris", isMachine: false },
  ]);
  assert.deepEqual(
    (await goneRegions({ provider: "aws", regions: [] })).map(({ message }) => message.split(" (")[0]),
    [
      "frankfurt isn't in the stack's file any more: this update deletes it, and stops at its disk as long as that is protected",
      "paris isn't in the stack's file any more: this update deletes it, with all that it has cached",
    ],
  );
  assert.deepEqual(await goneRegions({ provider: "local", regions: [] }), []);
  assert.equal(asked, 3);

  // A process of the Automation API continues with another stack, or runs this one again.
  await pulumi.runtime.setMocks(mocks, "project", "other", false, "organization");
  await previousOutputs("type");
  assert.equal(asked, 4);
});
