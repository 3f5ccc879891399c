/** What a change does to a machine in a cloud: the rows of docs/upgrading.md, one by one. Those that the engine previews are in test/engine/cloud-changes.test.ts. */
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

    test("the same configuration changes nothing", async () => {
      assert.deepEqual(await graph.changes({}), []);
    });

    for (const [what, edit] of Object.entries(editsOfMachine(endpointOf(file)))) {
      test(`${what}: the machine stays, and is told another Pod`, async () => {
        const changes = await graph.changes(edit);
        assert.ok(changes.includes(told), changes.join("\n"));
        const others = changes.filter((change) => change.split(" ")[1] === machine && change !== told);
        assert.deepEqual(others, []);
      });
    }

    test("a larger storage.size: the disk grows, and nothing else changes", async () => {
      const changes = await graph.changes({ region: { storage: { kind: "disk", size: "1TiB" } } });
      assert.deepEqual(changes, [`update ${lastPart(known.types.disk)} …`]);
    });

    const replaced = {
      "machine.image": { image: known.otherImage },
      architecture: { architecture: "amd64" },
    };
    for (const [what, change] of Object.entries(replaced)) {
      test(`${what}: the machine is replaced`, async () => {
        const changes = await graph.changes({ region: { machine: change } });
        assert.ok(changes.includes(`replace ${machine} …`), changes.join("\n"));
      });
    }
  });
}
