/**
 * The effect of a change on a machine in a cloud, in the preview and in the update. This includes a machine whose image has been withdrawn: it keeps
 * running, and must not be deleted, because it couldn't be created again. test/graph/cloud-changes.test.ts tests each row of docs/upgrading.md, and
 * cloud-lifecycle.test.ts tests replaced machines.
 */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { customDataDigest } from "../../components/hosts/azure/vm/user-data.ts";
import { CloudError } from "../doubles/faults.ts";
import { cloudFiles } from "../support/cloud-files.ts";
import { type CloudStack, cloudStack, lastPart } from "../support/cloud-stack.ts";
import { allOfMachine, type Edit } from "../support/in-place.ts";
import { endpointOf } from "../support/private-region.ts";
import { succeeds } from "../support/project.ts";
import { scope, tempDir } from "../support/scope.ts";

describe("a change", { concurrency: true }, () => {
  for (const { file, cloud: known } of cloudFiles) {
    describe(file, { concurrency: 1 }, () => {
      const parts = scope({ after });
      const cloud = known.newCloud();
      const machine = lastPart(known.types.machine);
      const endpoint = endpointOf(file);
      const told = known.podChange.find((change) => change.startsWith("update ")) ?? "";
      const { storage } = allOfMachine(endpoint).region ?? {};
      /** The region's settings after all these changes. */
      const grown = { storage };
      const access = { clients: ["198.51.100.0/24"] };
      const gone = "machine.image: the machine was made from .*";
      let stack: CloudStack;

      before(async () => {
        stack = parts.use(await cloudStack(file, cloud));
        await succeeds(stack, "up");
      });

      function oneMachine() {
        const [only, ...others] = cloud.things(known.types.machine);
        assert.ok(only && others.length === 0);
        return only;
      }

      /** The preview's operations in the first region, such as `replace Instance …`. */
      async function preview({ keys = {}, region = {} }: Edit): Promise<string[]> {
        await stack.configure(keys, region);
        const { changes } = await succeeds(stack, "preview");
        return Object.values(stack.byRegion(changes))[0] ?? [];
      }

      test("of endpoint.zone and endpoint.hostname creates the records again there, and keeps the machine", async () => {
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

      test("of endpoint.hostname can be reverted after it stopped halfway, and replaces only the records", async () => {
        const isRecord = (type: string) => /:(?:Record|RecordSet|Zone|RoleAssignment)$/.test(type);
        const records = () =>
          cloud
            .things()
            .flatMap(({ type, id }) => (isRecord(type) ? [id] : []))
            .sort();
        const before = records();
        const { type } =
          cloud.things().find((it) => lastPart(it.type) === told.split(" ")[1]) ?? assert.fail();
        const ownZone = cloud.things().find((it) => lastPart(it.type) === "Zone");
        stack.done();
        for (const fault of [
          { kind: "update", type },
          // Fails after the right to the zone was deleted.
          ...(ownZone ? [{ kind: "delete", type: ownZone.type } as const] : []),
        ] as const) {
          cloud.fail({ ...fault, error: new CloudError("Conflict", "another operation") });
          await stack.configure({}, { endpoint: { ...endpoint, hostname: `other.${endpoint.zone}` } });
          const { failed, messages } = await stack.run("up");
          assert.ok(failed && messages.includes("another operation"), messages);
          assert.notDeepEqual(records(), before);
          await stack.configure({});
          await succeeds(stack, "up");
          assert.deepEqual(records(), before);
        }
        await succeeds(stack, "preview", ["--expect-no-changes"]);
        const removed = cloud.operations.filter(({ kind, type }) => kind === "delete" && !isRecord(type));
        assert.deepEqual(removed, []);
      });

      test("of everything at once does what the preview says, and keeps machine, disk, interface and address", async () => {
        const stays = () =>
          cloud
            .things()
            .filter(({ type }) => /:(?:NetworkInterface|PublicIPAddress|Eip|Disk|Volume)$/.test(type))
            .concat(cloud.things(known.types.machine))
            .map(({ id }) => id);
        const before = stays();
        const planned = await preview(allOfMachine(endpoint));
        stack.done();
        const { changes } = await succeeds(stack, "up");
        assert.deepEqual(Object.values(stack.byRegion(changes))[0], planned);
        assert.deepEqual(stays(), before);
        const [done = []] = Object.values(stack.byRegion(stack.done()));
        const kinds = [...new Set(done.map((it) => it.split(" ").slice(0, 2).join(" ")))];
        assert.deepEqual(kinds.sort(), known.inPlace);
      });

      test("of clients and Pod is applied to a machine whose image is gone, with a warning in preview and update", async () => {
        known.withdrawImages(cloud);
        stack.done();
        const { id } = oneMachine();
        await stack.configure({}, { ...grown, access, freshnessSeconds: 30 });
        for (const operation of ["preview", "up"] as const) {
          const { messages } = await succeeds(stack, operation);
          assert.match(
            messages,
            new RegExp(`: ${gone}\\. The existing machine keeps running\\. An update that`),
          );
        }
        const done = stack.done();
        assert.ok(
          done.some((it) => it.includes("SecurityGroup ")),
          done.join(),
        );
        assert.ok(
          !done.some((it) => /^(?:create|delete) /.test(it) && it.includes(` ${machine} `)),
          done.join(),
        );
        assert.equal(oneMachine().id, id);
      });

      test("of the user data in this version doesn't replace such a machine", async () => {
        const file = join(parts.use(await tempDir()).path, "state.json");
        await stack.pulumi("stack", "export", "--file", file);
        const state = await readFile(file, "utf8");
        const current = known.userDataOf(oneMachine());
        const earlier = state.replaceAll(current, "H4sI").replaceAll(customDataDigest(current), "");
        assert.notEqual(earlier, state);
        await writeFile(`${file}.earlier`, earlier);
        await stack.pulumi("stack", "import", "--file", `${file}.earlier`);
        const { failed, messages } = await stack.run("up");
        assert.ok(failed);
        assert.match(
          messages,
          new RegExp(`regions\\[0\\]\\.${gone}\\. This update would replace the machine, `),
        );
        assert.doesNotMatch(messages, /^\s+at /m, "a stack trace");
        assert.deepEqual(stack.done(), []);
        await stack.pulumi("stack", "import", "--file", file);
      });

      test("of the image replaces such a machine, which is the remedy", async () => {
        await stack.configure(
          {},
          { ...grown, access, freshnessSeconds: 30, machine: { image: known.otherImage } },
        );
        const { messages } = await succeeds(stack, "up");
        assert.doesNotMatch(messages, /machine\.image/);
        const replaced = [`delete ${machine}`, `create ${machine}`];
        const done = stack.done().filter((it) => it.includes(` ${machine} `));
        assert.deepEqual(
          done.map((it) => it.split(" ").slice(0, 2).join(" ")),
          replaced,
        );
      });
    });
  }
});
