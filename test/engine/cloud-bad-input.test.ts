/** Mistakes are reported, each with its path and the remedy, before anything is created. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type CloudCase, mistakesOfEngine } from "../support/cloud-case.ts";
import { clouds } from "../support/cloud-files.ts";
import { type CloudStack, cloudStack } from "../support/cloud-stack.ts";
import { succeeds, withPreview } from "../support/project.ts";
import { scope } from "../support/scope.ts";

describe("every cloud", { concurrency: true }, () => {
  for (const [name, cloud] of Object.entries(clouds)) {
    describe(name, { concurrency: 1 }, () => testBadInput(cloud));
  }
});

function testBadInput(known: CloudCase): void {
  const parts = scope({ after });
  let stack: CloudStack;

  before(async () => {
    stack = parts.use(await cloudStack(known.file, known.newCloud()));
  });

  for (const [what, { keys = {}, region, told }] of mistakesOfEngine(known.mistakes)) {
    test(`reports ${what} before it creates anything`, async () => {
      await stack.configure(keys, region);
      const { failed, messages } = await stack.run("up", [withPreview]);
      assert.ok(failed);
      for (const text of told) assert.match(messages, text);
      assert.doesNotMatch(messages, /\n +at /, "no stack trace");
      assert.deepEqual(stack.done(), []);
    });
  }

  test("warns once of a setting that is accepted but probably a mistake", async () => {
    await stack.configure({}, { access: { clients: ["10.0.0.0/8", "203.0.113.0/24"] } });
    const { messages } = await succeeds(stack, "preview");
    const warnings = messages.match(/regions\[0\]\.access\.clients: 10\.0\.0\.0\/8: no client/g);
    assert.equal(warnings?.length, 1, messages);
  });
}
