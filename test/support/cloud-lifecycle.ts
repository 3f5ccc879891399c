/** The life of a stack in a cloud, the same in all of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cloud, Thing } from "../doubles/cloud.ts";
import { type CloudStack, cloudStack, lastPart } from "./cloud-stack.ts";
import { type Exposure, exposureOf } from "./posture.ts";

export interface Lifecycle {
  /** A path in stacks/. */
  readonly file: string;
  readonly cloud: Cloud;
  /** Pulumi's types. */
  readonly machineType: string;
  readonly diskType: string;
  sizeOf(disk: Thing): number;
  /** What happens to a machine that is replaced, in this order, without its region. */
  readonly replacement: readonly string[];
  /** What else changes because it is another machine. */
  readonly following: readonly string[];
  /** What must be there before a machine starts, as types without package. */
  readonly beforeMachine: readonly string[];
  /** What there is that shouldn't be. */
  violations(things: readonly Thing[], exposure: Exposure): string[];
}

/** Tests of one stack from its first preview to its end. They go on from each other. */
export function testLifecycle(parts: AsyncDisposableStack, life: Lifecycle): void {
  let stack: CloudStack;
  /** What the cloud did when the disk grew. */
  let grown: string[];
  const { file, cloud, machineType, diskType } = life;
  const inAllRegions = (changes: readonly string[]) =>
    stack.regions.flatMap(({ name }) => changes.map((change) => change.replace("…", String(name))));
  const disk = () => cloud.things(diskType)[0] as Thing;

  async function succeeds(operation: Parameters<CloudStack["run"]>[0], ...args: string[]) {
    const run = await stack.run(operation, args);
    assert.ok(!run.failed, run.messages);
    return run;
  }

  test(`${file}: a preview says what would be made, and makes nothing`, async () => {
    stack = parts.use(await cloudStack(file, cloud));
    const { changes } = await succeeds("preview");
    assert.ok(
      changes.length > 10 && changes.every((change) => change.startsWith("create ")),
      changes.join("\n"),
    );
    assert.deepEqual(stack.done(), []);
  });

  test(`${file}: the first up makes it, in an order that holds; the second has nothing to do`, async () => {
    const { changes } = await succeeds("up");
    const done = stack.done();
    assert.deepEqual(await missingDependencies(), [], "may be made when the machine has started");
    // Besides, components and providers.
    for (const operation of done) assert.ok(changes.includes(operation), operation);
    await succeeds("up", "--expect-no-changes");
    assert.deepEqual(stack.done(), []);
  });

  test(`${file}: it is closed but for what its configuration opens`, () => {
    assert.deepEqual(life.violations(cloud.things(), exposureOf(stack.regions)), []);
  });

  test(`${file}: another user data replaces the machine and nothing else, and a preview says so`, async () => {
    const replaced = life.replacement.map((change) => change.split(" ")[1]);
    const kept = cloud.things().filter(({ type }) => !replaced.includes(lastPart(type)));
    await stack.configure({}, { freshnessSeconds: 30 });
    const planned = (await succeeds("preview")).changes;
    assert.deepEqual(stack.done(), []);
    const { changes } = await succeeds("up");
    assert.deepEqual(changes, planned);
    assertReplaced(stack.done());
    for (const { type, id, scope, outputs } of kept) {
      assert.deepEqual(cloud.find(type, id, scope)?.outputs, outputs, type);
    }
  });

  test(`${file}: a disk grows in place, whatever happens to the machine`, async () => {
    const before = disk();
    const size = life.sizeOf(before) + 100;
    await stack.configure({}, { freshnessSeconds: 30, storage: { kind: "disk", size: `${size}GiB` } });
    await succeeds("up");
    assert.deepEqual([disk().id, life.sizeOf(disk())], [before.id, size]);
    grown = stack.done();
    const touched = grown.filter((operation) => operation.includes(` ${lastPart(diskType)} `));
    assert.deepEqual(touched, inAllRegions([`update ${lastPart(diskType)} …`]));
  });

  test(`${file}: the machine stays while its disk grows`, () => {
    assert.deepEqual(grown, inAllRegions([`update ${lastPart(diskType)} …`]));
  });

  test(`${file}: a disk doesn't shrink: the preview says why`, async () => {
    await stack.configure({}, { freshnessSeconds: 30, storage: { kind: "disk", size: "100GiB" } });
    const { failed, messages } = await stack.run("preview");
    assert.ok(failed);
    assert.match(
      messages,
      /regions\[0\]\.storage\.size: the disk has \d+GiB and can't shrink to 100GiB: set \d+GiB/,
    );
    assert.deepEqual(stack.done(), []);
  });

  test(`${file}: destroy stops at the disk before it deletes anything; unprotected, it leaves nothing`, async () => {
    const refused = await stack.run("destroy");
    assert.ok(refused.failed);
    assert.match(refused.messages, /cannot be deleted\s+because it is protected.*pulumi state unprotect/s);
    assert.deepEqual(stack.done(), []);
    const { urn = "" } = (await resourcesOf(stack)).find(({ type }) => type === diskType) ?? {};
    await stack.pulumi("state", "unprotect", urn, "--yes");
    await succeeds("destroy");
    assert.deepEqual(cloud.things(), []);
  });

  /** Resources that the machine needs and may start without. */
  async function missingDependencies(): Promise<string[]> {
    const resources = await resourcesOf(stack);
    const reached = new Set(resources.filter(({ type }) => type === machineType).map(({ urn }) => urn));
    // A set that grows while it is gone through is gone through to its end.
    for (const urn of reached) {
      for (const other of resources.find((it) => it.urn === urn)?.dependencies ?? []) reached.add(other);
    }
    return resources
      .filter(({ type, urn }) => life.beforeMachine.includes(lastPart(type)) && !reached.has(urn))
      .map(({ urn }) => urn);
  }

  function assertReplaced(done: readonly string[]): void {
    const following = inAllRegions(life.following);
    assert.deepEqual(
      done.filter((operation) => !following.includes(operation)),
      inAllRegions(life.replacement),
    );
    assert.deepEqual(done.filter((operation) => following.includes(operation)).sort(), [...following].sort());
  }
}

interface StateResource {
  readonly type: string;
  readonly urn: string;
  readonly dependencies?: readonly string[];
}

async function resourcesOf(stack: CloudStack): Promise<StateResource[]> {
  return JSON.parse(await stack.pulumi("stack", "export")).deployment.resources;
}
