/** docs/day-2.md: what a region is without its state, and that it can be made again beside what it has left. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { cloudFiles } from "../support/cloud-files.ts";
import { type CloudStack, cloudStack, lastPart } from "../support/cloud-stack.ts";
import { scope } from "../support/scope.ts";

const isRecord = ({ type }: { type: string }) => /^(?:Record|RecordSet)$/.test(lastPart(type));

describe("a region whose state is lost", { concurrency: true }, () => {
  for (const { file, cloud: known } of cloudFiles) {
    describe(file, { concurrency: 1 }, () => {
      const parts = scope({ after });
      const cloud = known.newCloud();
      let lost: CloudStack;

      before(async () => {
        lost = parts.use(await cloudStack(file, cloud));
        const { failed, messages } = await lost.run("up");
        assert.ok(!failed, messages);
        lost.done();
      });

      test("up finds that its names are taken, and changes nothing that is there", async () => {
        const left = cloud.things();
        const again = parts.use(await cloudStack(file, cloud));
        const { failed, messages } = await again.run("up");
        assert.ok(failed);
        assert.match(messages, /already exists/i);
        assert.deepEqual(
          again.done().filter((operation) => !operation.startsWith("create ")),
          [],
        );
        for (const thing of left) assert.ok(cloud.things().includes(thing), thing.id);
      });

      test("by another name, and without the old records, it is made beside what is left", async () => {
        const left = cloud.things().filter((thing) => !isRecord(thing));
        const beside = parts.use(await cloudStack(file, cloud, { name: "beside" }));
        assert.ok((await beside.run("up")).failed, "the records are taken");
        for (const thing of cloud.things().filter(isRecord)) cloud.remove(thing);
        const { failed, messages } = await beside.run("up");
        assert.ok(!failed, messages);
        assert.ok(!(await beside.run("up", ["--expect-no-changes"])).failed);
        for (const thing of left) assert.ok(cloud.things().includes(thing), thing.id);
      });
    });
  }
});
