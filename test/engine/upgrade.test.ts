/** Stacks that an earlier version of this project has brought up: this one has nothing to change, and can take them down. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Operation } from "../support/project.ts";
import { scope } from "../support/scope.ts";
import { configure, recordedStack, type StackName, stackNames } from "./upgrade/stacks.ts";
import type { Started } from "./upgrade/started.ts";

/** What this version changes by itself, in place. */
const updated: Partial<Record<StackName, readonly string[]>> = {
  // One Pod with all containers becomes one of each.
  "local-vm": ["update PodmanPod upgrade"],
};

/** What another configuration then changes, among others; of two, as a double and this project's own providers find it. */
const changed: Partial<Record<StackName, string>> = {
  "local-vm": "update PodmanPod upgrade",
  "aws-vm": "replace Instance eu-central-1",
};

/** What is then done to resources by the provider whose text is in the state: it must still find what it imports. */
const done: Partial<Record<StackName, readonly Operation[]>> = {
  "local-vm": ["refresh", "destroy"],
  "aws-cluster": ["destroy"],
  kubernetes: ["refresh", "destroy"],
};

/** By itself, as it takes all processors, and its parts wait for each other for so long only. */
const alone: StackName = "kubernetes";

describe("every kind of stack", { concurrency: true }, () => {
  for (const name of stackNames) {
    if (name !== alone) describe(name, { concurrency: 1 }, () => testUpgrade(name));
  }
});

describe(alone, { concurrency: 1 }, () => testUpgrade(alone));

/** The tests go on from each other. */
function testUpgrade(name: StackName): void {
  const parts = scope({ after });
  let started: Started;

  before(async () => {
    started = parts.use(await recordedStack(name));
  });

  const inPlace = updated[name] ?? [];
  test(`a preview has ${inPlace.length > 0 ? `to ${inPlace}` : "nothing to change"}`, async () => {
    const run = await started.stack.run("preview", inPlace.length > 0 ? [] : ["--expect-no-changes"]);
    assert.deepEqual([...new Set(run.changes)], inPlace, run.messages);
    assert.ok(!run.failed, run.messages);
    // With other prices, the cost is another one.
    const outputs = run.changedOutputs.filter((output) => output !== "cost");
    assert.deepEqual(outputs, [], "changed outputs");
  });

  const change = changed[name];
  if (change !== undefined) {
    test("a preview says what another configuration changes", async () => {
      await configure(started, name, { freshnessSeconds: 30 });
      const { failed, messages, changes } = await started.stack.run("preview");
      assert.ok(!failed, messages);
      assert.ok(changes.includes(change), changes.join("\n"));
    });
  }

  for (const operation of done[name] ?? []) {
    test(`${operation} works`, async () => {
      const { failed, messages } = await started.stack.run(operation);
      assert.ok(!failed, messages);
      if (operation === "destroy") assert.deepEqual((await started.left?.()) ?? [], []);
    });
  }
}
