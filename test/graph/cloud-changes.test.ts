/** What a change does to a machine in a cloud: each row of docs/upgrading.md. test/engine/cloud-changes.test.ts previews some of them with the engine. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { cloudFiles } from "../support/cloud-files.ts";
import { type CloudGraph, cloudGraph } from "../support/cloud-graph.ts";
import { lastPart } from "../support/cloud-stack.ts";
import { editsOfMachine } from "../support/in-place.ts";
import { endpointOf } from "../support/private-region.ts";
import { scope } from "../support/scope.ts";

for (const { file, cloud: known } of cloudFiles) {
  describe(file, () => {
    const parts = scope({ after });
    const machine = lastPart(known.types.machine);
    const told = known.podChange.find((change) => change.startsWith("update ")) ?? "";
    let graph: CloudGraph;

    before(async () => {
      graph = parts.use(await cloudGraph(file, known.newCloud()));
    });

    test("changes nothing for the same configuration", async () => {
      assert.deepEqual(await graph.changes({}), []);
    });

    for (const [what, edit] of Object.entries(editsOfMachine(endpointOf(file)))) {
      test(`keeps the machine, and tells it of another Pod: ${what}`, async () => {
        const changes = await graph.changes(edit);
        assert.ok(changes.includes(told), changes.join("\n"));
        const others = changes.filter((change) => change.split(" ")[1] === machine && change !== told);
        assert.deepEqual(others, []);
      });
    }

    test("only grows the disk for a larger storage.size", async () => {
      const changes = await graph.changes({ region: { storage: { kind: "disk", size: "1TiB" } } });
      assert.deepEqual(changes, [`update ${lastPart(known.types.disk)} …`]);
    });

    const replaced = {
      "machine.image": { image: known.otherImage },
      architecture: { architecture: "amd64" },
    };
    for (const [what, change] of Object.entries(replaced)) {
      test(`replaces the machine: ${what}`, async () => {
        const changes = await graph.changes({ region: { machine: change } });
        assert.ok(changes.includes(`replace ${machine} …`), changes.join("\n"));
      });
    }
  });
}
