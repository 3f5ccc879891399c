/** How the sources of a machine in AWS are distributed over security groups. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { defaultQuotas, type Opening, rulesOf, spread } from "../../components/hosts/aws/source-rules.ts";

const { rulesPerGroup: maxRulesPerGroup } = defaultQuotas;

const range = (index: number, port = 443): Opening => ({
  port,
  source: `10.${index >> 8}.${index % 256}.0/24`,
});
const ranges = (count: number, port?: number) =>
  Array.from({ length: count }, (_, index) => range(index, port));
const list = (rules: number): Opening => ({ port: 443, source: `pl-0000000${rules}`, rules, family: "ipv4" });
/** The groups as in the state, without the counted families. */
const stored = (groups: readonly (readonly Opening[])[]) =>
  groups.map((group) => group.map(({ port, source }) => ({ port, source })));

describe("sources", () => {
  test("are in one group, in their order, while they fit", () => {
    assert.deepEqual(spread([]), [[]]);
    assert.deepEqual(spread(ranges(60)), [ranges(60)]);
  });

  test("of IPv4, of IPv6 and of prefix lists are counted, separately for each port", () => {
    const ipv6 = Array.from({ length: 60 }, (_, index) => ({ port: 443, source: `2001:db8:${index}::/48` }));
    assert.equal(spread([...ranges(60), ...ipv6]).length, 1);
    assert.equal(spread([...ranges(40), ...ranges(40, 9443)]).length, 2);
    assert.equal(spread([list(50), ...ranges(10)]).length, 1);
    assert.equal(spread([list(50), ...ranges(11)]).length, 2);
  });

  test("stay in their group when others before them are added or removed", () => {
    const before = spread(ranges(100));
    const [first, ...others] = ranges(100);
    const after = spread([range(500), range(501), ...others], before);
    const groupOf = (groups: readonly Opening[][], { source }: Opening) =>
      groups.findIndex((group) => group.some((it) => it.source === source));
    for (const other of others) assert.equal(groupOf(after, other), groupOf(before, other), other.source);
    assert.equal(groupOf(after, first as Opening), -1);
    assert.deepEqual(spread([range(500), range(501), ...others], after), after);
  });

  test("stay in a group that has more than the quota", () => {
    const before = [ranges(100)];
    assert.deepEqual(spread(ranges(100), before), before);
    assert.deepEqual(spread(ranges(101), before), [ranges(100), [range(100)]]);
    assert.deepEqual(spread(ranges(350), [ranges(350)]), [ranges(350)]);
  });

  test("are counted by the account's own quota", () => {
    assert.deepEqual(
      spread(ranges(301), [], { rulesPerGroup: 200 }).map((group) => group.length),
      [200, 101],
    );
  });

  test("stay in their group when one list is replaced by another", () => {
    const [a, b, c, d, e, f] = ["a", "b", "c", "d", "e", "f"].map((id) => ({
      ...list(31),
      source: `pl-${id}`,
    }));
    assert.ok(a && b && c && d && e && f);
    assert.deepEqual(spread([a, b, c, f, d], stored([[a], [b], [c], [d], [e]])), [[a], [b], [c], [d], [f]]);
  });

  test("leave a group that isn't needed any more, and the others stay", () => {
    const before = spread(ranges(100));
    const left = ranges(100).slice(50);
    assert.deepEqual(spread(left, before), [left]);
  });
});

describe("any sources", () => {
  const opening = fc.oneof(
    fc.nat({ max: 400 }).map((index) => range(index)),
    fc.nat({ max: 400 }).map((index) => range(index, 9443)),
    fc.integer({ min: 1, max: maxRulesPerGroup }).map(list),
  );
  const openings = fc.uniqueArray(opening, {
    maxLength: 200,
    selector: ({ port, source }) => `${port} ${source}`,
  });

  test("are each in one group, none of them too large, and don't move without a change", () => {
    fc.assert(
      fc.property(openings, openings, (earlier, wanted) => {
        const groups = spread(wanted, stored(spread(earlier)));
        assert.deepEqual(new Set(groups.flat()), new Set(wanted));
        assert.equal(groups.flat().length, wanted.length);
        for (const group of groups)
          assert.ok(Object.values(rulesOf(group)).every((it) => it <= maxRulesPerGroup));
        assert.deepEqual(spread(wanted, stored(groups)), groups);
      }),
    );
  });

  test("stay in their group unless that group is removed", () => {
    fc.assert(
      fc.property(openings, openings, (earlier, wanted) => {
        const before = spread(earlier);
        const after = spread(wanted, stored(before));
        const staying = new Set(wanted.map(({ port, source }) => `${port} ${source}`));
        for (const [index, group] of before.slice(0, after.length).entries()) {
          const still = new Set(after[index]?.map(({ port, source }) => `${port} ${source}`));
          for (const { port, source } of group)
            assert.ok(!staying.has(`${port} ${source}`) || still.has(`${port} ${source}`), source);
        }
      }),
    );
  });
});

test("counts a security group for both families", () => {
  const group: Opening = { port: 443, source: "sg-1", family: "both" };
  assert.deepEqual(rulesOf([group, { port: 443, source: "10.0.0.0/8" }]), { ipv4: 2, ipv6: 1 });
});
