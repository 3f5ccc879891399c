/** What a change does to a machine in a cloud: the rows of docs/upgrading.md, as a preview says them. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { cloudFiles } from "../support/cloud-files.ts";
import { type CloudStack, cloudStack, lastPart } from "../support/cloud-stack.ts";
import { allOfMachine, type Edit, editsOfMachine } from "../support/in-place.ts";
import { scope } from "../support/scope.ts";
import { type Config, keysOf } from "../support/stack-files.ts";

describe("what a change does", { concurrency: true }, () => {
  for (const { file, cloud: known } of cloudFiles) {
    describe(file, { concurrency: 1 }, () => {
      const parts = scope({ after });
      const cloud = known.newCloud();
      const machine = lastPart(known.types.machine);
      const told = known.podChange.find((change) => change.startsWith("update ")) ?? "";
      let stack: CloudStack;

      before(async () => {
        stack = parts.use(await cloudStack(file, cloud));
        const { failed, messages } = await stack.run("up");
        assert.ok(!failed, messages);
      });

      /** What the preview says of the first region, in words such as `replace Instance …`. */
      async function preview({ keys = {}, region = {} }: Edit): Promise<string[]> {
        await stack.configure(keys, region);
        const { failed, messages, changes } = await stack.run("preview");
        assert.ok(!failed, messages);
        return Object.values(stack.byRegion(changes))[0] ?? [];
      }

      const [{ endpoint } = {}] = keysOf(file).regions as Config[];
      for (const [what, row] of Object.entries(editsOfMachine(endpoint as Config))) {
        test(`${what}: the machine stays, and is told another Pod`, async () => {
          const changes = await preview(row);
          assert.ok(changes.includes(told), changes.join("\n"));
          const others = changes.filter((change) => change.split(" ")[1] === machine && change !== told);
          assert.deepEqual(others, []);
        });
      }

      test("endpoint.zone: the records are made anew there, and the machine stays", async () => {
        const { hostname, zone } = endpoint as { hostname: string; zone: string };
        const part = hostname.slice(hostname.indexOf(".") + 1);
        const [old = assert.fail("no zone")] = ["aws:route53/zone:Zone", "azure-native:dns:Zone"].flatMap(
          (type) => cloud.things(type),
        );
        cloud.keep({
          ...old,
          id: old.id.includes(zone) ? old.id.replace(zone, part) : `${old.id}0`,
          inputs: { ...old.inputs, name: part },
        });
        const changes = await preview({ region: { endpoint: { ...(endpoint as Config), zone: part } } });
        assert.ok(
          changes.some((change) => /^replace Record(?:Set)? …(?:-address)?$/.test(change)),
          changes.join("\n"),
        );
        assert.ok(!changes.includes(`replace ${machine} …`), changes.join("\n"));
      });

      test("a larger storage.size: the disk grows, and nothing else changes", async () => {
        const changes = await preview({ region: { storage: { kind: "disk", size: "1TiB" } } });
        assert.deepEqual(changes, [`update ${lastPart(known.types.disk)} …`]);
      });

      const replaced = {
        "machine.image": { image: known.otherImage },
        architecture: { architecture: "amd64" },
      };
      for (const [what, change] of Object.entries(replaced)) {
        test(`${what}: the machine is replaced`, async () => {
          const changes = await preview({ region: { machine: change } });
          assert.ok(changes.includes(`replace ${machine} …`), changes.join("\n"));
        });
      }

      test("all of it at once is made as previewed: machine, disk, interface and address stay", async () => {
        const stays = () =>
          cloud
            .things()
            .filter(({ type }) => /:(?:NetworkInterface|PublicIPAddress|Eip|Disk|Volume)$/.test(type))
            .concat(cloud.things(known.types.machine))
            .map(({ id }) => id);
        const before = stays();
        const planned = await preview(allOfMachine(endpoint as Config));
        stack.done();
        const { failed, messages, changes } = await stack.run("up");
        assert.ok(!failed, messages);
        assert.deepEqual(Object.values(stack.byRegion(changes))[0], planned);
        assert.deepEqual(stays(), before);
        const [done = []] = Object.values(stack.byRegion(stack.done()));
        const kinds = [...new Set(done.map((it) => it.split(" ").slice(0, 2).join(" ")))];
        assert.deepEqual(kinds.sort(), known.inPlace);
      });
    });
  }
});
