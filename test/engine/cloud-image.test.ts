/** Machines whose image is gone: they run on, and take all that leaves them alone; none is deleted that can't be made again. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { customDataDigest } from "../../components/hosts/azure/vm/user-data.ts";
import type { CloudCase } from "../support/cloud-case.ts";
import { clouds } from "../support/cloud-files.ts";
import { type CloudStack, cloudStack, lastPart } from "../support/cloud-stack.ts";
import { scope, tempDir } from "../support/scope.ts";

describe("a machine whose image is gone", { concurrency: true }, () => {
  for (const [name, cloud] of Object.entries(clouds))
    describe(name, { concurrency: 1 }, () => testWithdrawn(cloud));
});

/** The tests go on from each other. */
function testWithdrawn(known: CloudCase): void {
  const parts = scope({ after });
  const cloud = known.newCloud();
  const machineType = lastPart(known.types.machine);
  const access = { clients: ["198.51.100.0/24"] };
  const gone = "machine.image: the machine was made from .*";
  let stack: CloudStack;

  before(async () => {
    stack = parts.use(await cloudStack(known.file, cloud));
    await succeeds("up");
    known.withdrawImages(cloud);
    stack.done();
  });

  async function succeeds(operation: "preview" | "up") {
    const run = await stack.run(operation);
    assert.ok(!run.failed, run.messages);
    return run;
  }

  function machine() {
    const [only, ...others] = cloud.things(known.types.machine);
    assert.ok(only && others.length === 0);
    return only;
  }

  test("takes other clients and another Pod, and each preview warns", async () => {
    const { id } = machine();
    await stack.configure({}, { access, freshnessSeconds: 30 });
    for (const operation of ["preview", "up", "preview"] as const) {
      const { messages } = await succeeds(operation);
      assert.match(messages, new RegExp(`: ${gone}\\. The existing machine keeps running\\. An update that`));
    }
    const done = stack.done();
    assert.ok(
      done.some((it) => it.includes("SecurityGroup ")),
      done.join(),
    );
    assert.ok(
      !done.some((it) => /^(?:create|delete) /.test(it) && it.includes(` ${machineType} `)),
      done.join(),
    );
    assert.equal(machine().id, id);
  });

  test("isn't replaced where this version makes another user data", async () => {
    const file = join(parts.use(await tempDir()).path, "state.json");
    await stack.pulumi("stack", "export", "--file", file);
    const state = await readFile(file, "utf8");
    const current = known.userDataOf(machine());
    const earlier = state.replaceAll(current, "H4sI").replaceAll(customDataDigest(current), "");
    assert.notEqual(earlier, state);
    await writeFile(`${file}.earlier`, earlier);
    await stack.pulumi("stack", "import", "--file", `${file}.earlier`);
    for (const operation of ["preview", "up"] as const) {
      const { failed, messages } = await stack.run(operation);
      assert.ok(failed);
      assert.match(
        messages,
        new RegExp(`regions\\[0\\]\\.${gone}\\. This update would replace the machine, `),
      );
      assert.doesNotMatch(messages, /^\s+at /m, "a stack trace");
      assert.deepEqual(stack.done(), []);
    }
    await stack.pulumi("stack", "import", "--file", file);
  });

  test("is replaced by one of another image, the way out", async () => {
    await stack.configure({}, { access, freshnessSeconds: 30, machine: { image: known.otherImage } });
    const { messages } = await succeeds("up");
    assert.doesNotMatch(messages, /machine\.image/);
    const replaced = [`delete ${machineType}`, `create ${machineType}`];
    const done = stack.done().filter((it) => it.includes(` ${machineType} `));
    assert.deepEqual(
      done.map((it) => it.split(" ").slice(0, 2).join(" ")),
      replaced,
    );
  });
}
