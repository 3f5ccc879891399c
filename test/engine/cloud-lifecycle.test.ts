/** The life of every stack in a cloud, from its first preview to its destruction, with its costs and its budget. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import type { RegionEstimate } from "../../components/cost/estimate.ts";
import { notFound } from "../../components/cost/line.ts";
import { regionIn } from "../../scripts/oncall/state.ts";
import { waysOf } from "../../scripts/oncall/ways.ts";
import type { Thing } from "../doubles/cloud.ts";
import { valueAt, valuesAt } from "../doubles/values.ts";
import type { CloudCase } from "../support/cloud-case.ts";
import { cloudFiles } from "../support/cloud-files.ts";
import { type CloudStack, cloudStack, lastPart } from "../support/cloud-stack.ts";
import { exposureOf } from "../support/posture.ts";
import { knownViolations, succeeds, withPolicies } from "../support/project.ts";
import { scope } from "../support/scope.ts";
import { untagged } from "../support/tags.ts";

const tags = { "cost-center": "4711", owner: "platform-team" };

describe("every stack in a cloud", { concurrency: true }, () => {
  for (const { file, cloud } of cloudFiles) {
    describe(file, { concurrency: 1 }, () => testLifecycle(file, cloud));
  }
});

/** Each test continues from the state that the previous one leaves. */
function testLifecycle(file: string, known: CloudCase): void {
  const parts = scope({ after });
  const cloud = known.newCloud();
  const { machine, disk } = known.types;
  const growth = [`update ${lastPart(disk)} …`];
  const sizes = () => cloud.things(disk).map(known.sizeOf);
  let stack: CloudStack;

  test("ends before it creates anything over a budget that must hold, and names the largest lines", async () => {
    stack = parts.use(await cloudStack(file, cloud));
    await stack.configure({ budget: { monthlyUSD: 1, over: "fail" } });
    const { failed, messages } = await stack.run("up");
    assert.ok(failed, messages);
    assert.match(messages, /budget\.monthlyUSD: the stack costs \$.* a month by estimate/);
    assert.match(messages, /the largest lines: .*\d\.\d\d; /);
    assert.deepEqual(stack.done(), []);
  });

  test("previews what it would create over a budget that only warns, within the rules, and creates nothing", async () => {
    await stack.configure({ budget: { monthlyUSD: 1 } });
    const preview = await succeeds(stack, "preview", withPolicies);
    assert.deepEqual(knownViolations(preview), []);
    const { changes, messages } = preview;
    assert.match(messages, /budget\.monthlyUSD: the stack costs/);
    assert.ok(changes.length > 10);
    assert.deepEqual(
      changes.filter((change) => !change.startsWith("create ")),
      [],
    );
    assert.deepEqual(stack.done(), []);
  });

  test("creates everything with the first up, in a safe order and within the rules, and does nothing in a second one", async () => {
    const { changes, violations } = await succeeds(stack, "up", withPolicies);
    assert.deepEqual(violations, []);
    const done = stack.done();
    assert.deepEqual(await missingDependencies(), [], "may be made when the machine has started");
    // The changes also include components and providers.
    for (const operation of done) assert.ok(changes.includes(operation), operation);
    await stack.configure({ budget: { monthlyUSD: 1_000_000, over: "fail", unpriced: "allow" } });
    const { messages } = await succeeds(stack, "up", ["--expect-no-changes"]);
    // A message that other regions' prices are used is allowed.
    assert.doesNotMatch(messages, /budget\.monthlyUSD: the stack (?:may cost|costs)/);
    assert.deepEqual(stack.done(), []);
    await stack.configure({});
  });

  test("outputs the costs of each region, line by line", async () => {
    const { cost } = await stack.outputs();
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

  test("is closed except for what its configuration opens", () => {
    assert.deepEqual(known.violations(cloud.things(), exposureOf(stack.regions)), []);
  });

  test("has the tags and subnets that the account's owners require, and keeps the machine", async () => {
    const machines = cloud.things(machine).map(({ id }) => id);
    await stack.configure({ governance: { tags, ...known.governedNetwork } });
    await succeeds(stack, "up");
    assert.deepEqual(untagged(cloud, tags), []);
    for (const { inputs } of cloud.things().filter(({ type }) => type.endsWith(":VirtualNetwork")))
      assert.ok(valuesAt("subnets[*]", inputs).every((subnet) => valueAt("networkSecurityGroup.id", subnet)));
    assert.deepEqual(known.violations(cloud.things(), exposureOf(stack.regions)), []);
    await succeeds(stack, "up", ["--expect-no-changes"]);
    assert.deepEqual(
      cloud.things(machine).map(({ id }) => id),
      machines,
    );
    await stack.configure({});
    await succeeds(stack, "up");
    stack.done();
  });

  test("changes the Pod on the running machine, as previewed", async () => {
    const machines = cloud.things(machine).map(({ id }) => id);
    const before = known.podsOf(cloud);
    assert.equal(before.length, stack.regions.length);
    await stack.configure({}, { freshnessSeconds: 30 });
    const planned = (await succeeds(stack, "preview")).changes;
    assert.deepEqual(stack.done(), []);
    const { changes } = await succeeds(stack, "up");
    assert.deepEqual(changes, planned);
    assert.deepEqual(stack.byRegion(stack.done()), stack.inAllRegions(known.podChange));
    assert.deepEqual(
      cloud.things(machine).map(({ id }) => id),
      machines,
    );
    assert.equal(before.filter((pod) => known.podsOf(cloud).includes(pod)).length, 0);
    assert.equal(known.podsOf(cloud).length, stack.regions.length);
    // cloud-faults.test.ts tests that a second up does nothing after this.
    await stack.configure({});
    await succeeds(stack, "up");
    const back = stack.done();
    assert.equal(back.length, stack.regions.length * known.podChange.length, back.join("\n"));
    assert.deepEqual(stack.byRegion(back), stack.inAllRegions(known.podChange));
    assert.deepEqual(known.podsOf(cloud), before);
  });

  test("replaces only the machine for another image, as previewed", async () => {
    const kept = keptThings();
    await stack.configure({}, { machine: { image: known.otherImage } });
    const planned = (await succeeds(stack, "preview")).changes;
    assert.deepEqual(stack.done(), []);
    const { changes } = await succeeds(stack, "up");
    assert.deepEqual(changes, planned);
    assertReplaced(stack.done());
    assert.deepEqual(keptThings(), kept);
  });

  test("completes an interrupted replacement with the next up", async () => {
    const kept = keptThings();
    const { error } = known.faults["a zone without machines"];
    cloud.fail({ kind: "create", type: machine, error });
    await stack.configure({});
    const { failed, messages } = await stack.run("up");
    assert.ok(failed && messages.includes(error.message), messages);
    await succeeds(stack, "up");
    assertReplaced(stack.done());
    assert.deepEqual(keptThings(), kept);
  });

  test("replaces the machine while its records are away, by the patterns of docs/runbooks/RegistryCacheDown.md, and keeps in the state what `unbypass` restores", async () => {
    const isRecord = ({ type }: Thing) => /Record(?:Set)?$/.test(type);
    const kept = keptThings();
    const ways = await waysInState();
    const records = cloud.things().filter(isRecord);
    for (const record of records) cloud.remove(record);
    const machines = stack.regions.flatMap(({ name }) => ["--replace", `**:${lastPart(machine)}::${name}`]);
    const excluded = ["**:Record::**", "**RecordSet::**"].flatMap((pattern) => ["--exclude", pattern]);
    await succeeds(stack, "up", ["--refresh", ...machines, ...excluded]);
    assertReplaced(stack.done());
    assert.deepEqual(
      keptThings(),
      kept.filter((thing) => !isRecord(thing)),
    );
    assert.deepEqual(await waysInState(), ways);
    // As in docs/governance.md, for another key of the disk, and in docs/pipelines.md, after an interrupted run.
    await succeeds(stack, "refresh", ["--clear-pending-creates", ...excluded]);
    assert.deepEqual(await waysInState(), ways);
    for (const record of records) cloud.keep(record);
    await succeeds(stack, "up", ["--refresh", "--expect-no-changes"]);
  });

  test("grows a disk in place, and keeps the machine", async () => {
    const before = sizes();
    const size = Math.max(...before) + 100;
    await stack.configure({}, { storage: { kind: "disk", size: `${size}GiB` } });
    await succeeds(stack, "up");
    assert.deepEqual(
      sizes(),
      before.map(() => size),
    );
    assert.deepEqual(stack.byRegion(stack.done()), stack.inAllRegions(growth));
  });

  test("refuses in the preview to shrink a disk, and says why", async () => {
    await stack.configure({}, { storage: { kind: "disk", size: "100GiB" } });
    const { failed, messages } = await stack.run("preview");
    assert.ok(failed);
    assert.match(
      messages,
      /regions\[0\]\.storage\.size: the disk has \d+GiB and can't shrink to 100GiB: set \d+GiB/,
    );
    assert.deepEqual(stack.done(), []);
  });

  if (known.elsewhere) {
    const { region, moves, stays } = known.elsewhere;
    test("needs another disk for another zone, which a preview refuses while the old one is protected", async () => {
      const kept = () => cloud.things(stays);
      const before = kept();
      const storage = { kind: "disk", size: `${Math.max(...sizes())}GiB` };
      await stack.configure({}, { storage, ...region });
      const refused = await stack.run("preview");
      assert.ok(refused.failed);
      assert.match(refused.messages, /the disk is in zone 1 and can't move.*protect/s);
      assert.deepEqual(stack.done(), []);
      await stack.unprotect(disk);
      await succeeds(stack, "up");
      assert.deepEqual(stack.byRegion(stack.done()), stack.inAllRegions(moves));
      assert.deepEqual(kept(), before);
      await succeeds(stack, "up", ["--expect-no-changes"]);
    });
  }

  test("stops destroy at a protected disk before it deletes anything, and leaves nothing once it is unprotected", async () => {
    const refused = await stack.run("destroy");
    assert.ok(refused.failed);
    assert.match(refused.messages, /cannot be deleted\s+because it is protected.*pulumi state unprotect/s);
    assert.deepEqual(stack.done(), []);
    await stack.unprotect(disk);
    await succeeds(stack, "destroy");
    assert.deepEqual(cloud.things(), []);
    const ends = stack.done().filter((operation) => {
      const [kind, type] = operation.split(" ");
      return known.destruction.includes(`${kind} ${type} …`);
    });
    assert.deepEqual(stack.byRegion(ends), stack.inAllRegions(known.destruction));
  });

  /** What `npm run oncall -- STACK REGION unbypass` would restore in each region. */
  async function waysInState(): Promise<string[]> {
    const resources = await stack.resources();
    const ways = await Promise.all(
      stack.regions.map(({ name }) => waysOf(regionIn(resources, file, String(name)))),
    );
    return ways.flat().map(({ what }) => what);
  }

  /** The cloud's resources that a replacement of the machine doesn't change. */
  function keptThings(): Thing[] {
    const changed = [...known.replacement, ...known.following].map((change) => change.split(" ")[1]);
    return cloud.things().filter(({ type }) => !changed.includes(lastPart(type)));
  }

  /** Asserts the replacement in every region. The operations that follow it have no order. */
  function assertReplaced(done: readonly string[]): void {
    const { following } = known;
    const regions = Object.entries(stack.byRegion(done));
    const follows = (change: string) => following.includes(change);
    const sorted = regions.map(([name, changes]) => [
      name,
      [...changes.filter((it) => !follows(it)), ...changes.filter(follows).sort()],
    ]);
    const expected = [...known.replacement, ...following];
    assert.deepEqual(Object.fromEntries(sorted), stack.inAllRegions(expected));
  }

  /** Resources that the machine needs, but doesn't depend on. */
  async function missingDependencies(): Promise<string[]> {
    const resources = await stack.resources();
    const reached = new Set(resources.filter(({ type }) => type === machine).map(({ urn }) => urn));
    // The loop also visits entries that are added to the set meanwhile.
    for (const urn of reached) {
      for (const other of resources.find((it) => it.urn === urn)?.dependencies ?? []) reached.add(other);
    }
    return resources
      .filter(({ type, urn }) => known.beforeMachine.includes(lastPart(type)) && !reached.has(urn))
      .map(({ urn }) => urn);
  }
}
