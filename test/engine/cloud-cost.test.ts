/** The cost output and the budget of every stack in a cloud, under the real engine. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import type { RegionEstimate } from "../../components/cost/estimate.ts";
import { notFound } from "../../components/cost/line.ts";
import { cloudFiles } from "../support/cloud-files.ts";
import { type CloudStack, cloudStack } from "../support/cloud-stack.ts";
import { scope } from "../support/scope.ts";

for (const { file, cloud: known } of cloudFiles) {
  describe(file, { concurrency: 1 }, () => {
    const parts = scope({ after });
    let stack: CloudStack;

    test("over a budget that must hold, it ends before anything is made, and names the largest lines", async () => {
      stack = parts.use(await cloudStack(file, known.newCloud()));
      await stack.configure({ budget: { monthlyUSD: 1, over: "fail" } });
      for (const operation of ["preview", "up"] as const) {
        const { failed, messages } = await stack.run(operation);
        assert.ok(failed, messages);
        assert.match(messages, /budget\.monthlyUSD: the stack costs \$.* a month by estimate/);
        assert.match(messages, /the largest lines: .*\d\.\d\d; /);
      }
      assert.deepEqual(stack.done(), []);
    });

    test("over one that only warns, it goes on", async () => {
      await stack.configure({ budget: { monthlyUSD: 1 } });
      const { failed, messages } = await stack.run("preview");
      assert.ok(!failed, messages);
      assert.match(messages, /budget\.monthlyUSD: the stack costs/);
    });

    test("the output has the lines of each region", async () => {
      await stack.configure({ budget: { monthlyUSD: 1_000_000, over: "fail", unpriced: "allow" } });
      const { failed, messages } = await stack.run("up");
      assert.ok(!failed, messages);
      // That it rests on other regions' prices may be said.
      assert.doesNotMatch(messages, /budget\.monthlyUSD: the stack (?:may cost|costs)/);
      const again = await stack.run("up", ["--expect-no-changes"]);
      assert.ok(!again.failed, `${again.messages}\n${again.changes.join("\n")}`);
      const { cost } = JSON.parse(await stack.pulumi("stack", "output", "--json"));
      const estimates = cost as Record<string, RegionEstimate>;
      assert.deepEqual(
        Object.keys(estimates),
        stack.regions.map(({ name }) => name),
      );
      for (const { lines, totals, alternatives } of Object.values(estimates)) {
        assert.ok(lines.some(({ kind, monthlyCost }) => kind === "machine" && monthlyCost !== notFound));
        assert.ok(totals.byPayer.us > 0);
        assert.ok(alternatives?.cheapest);
      }
    });
  });
}
