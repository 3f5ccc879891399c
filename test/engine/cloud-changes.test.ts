/** What a change does to a machine in a cloud, as the engine says and does it. The rows of docs/upgrading.md, one by one, are in test/graph/cloud-changes.test.ts; other machines in cloud-lifecycle.test.ts. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { cloudFiles } from "../support/cloud-files.ts";
import { type CloudStack, cloudStack, lastPart } from "../support/cloud-stack.ts";
import { allOfMachine, type Edit } from "../support/in-place.ts";
import { endpointOf } from "../support/private-region.ts";
import { scope } from "../support/scope.ts";

describe("what a change does", { concurrency: true }, () => {
  for (const { file, cloud: known } of cloudFiles) {
    describe(file, { concurrency: 1 }, () => {
      const parts = scope({ after });
      const cloud = known.newCloud();
      const machine = lastPart(known.types.machine);
      const endpoint = endpointOf(file);
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

      test("endpoint.zone and endpoint.hostname: the records are made anew there, and the machine stays", async () => {
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
        const moved = { ...endpoint, zone: part, hostname: `other.${part}` };
        const changes = await preview({ region: { endpoint: moved } });
        assert.ok(
          changes.some((change) => /^replace Record(?:Set)? …(?:-address)?$/.test(change)),
          changes.join("\n"),
        );
        assert.ok(changes.includes(told), changes.join("\n"));
        const others = changes.filter((change) => change.split(" ")[1] === machine && change !== told);
        assert.deepEqual(others, []);
      });

      test("all of it at once is made as previewed: machine, disk, interface and address stay", async () => {
        const stays = () =>
          cloud
            .things()
            .filter(({ type }) => /:(?:NetworkInterface|PublicIPAddress|Eip|Disk|Volume)$/.test(type))
            .concat(cloud.things(known.types.machine))
            .map(({ id }) => id);
        const before = stays();
        const planned = await preview(allOfMachine(endpoint));
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
