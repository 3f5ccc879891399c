/** How the sources of a machine in AWS are spread over security groups. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type Opening, rulesOf, spread } from "../../components/hosts/aws/source-rules.ts";
import { maxRulesPerGroup } from "../../components/hosts/firewall-limits.ts";

const range = (index: number, port = 443): Opening => ({
  port,
  source: `10.${index >> 8}.${index % 256}.0/24`,
});
const ranges = (count: number, port?: number) =>
  Array.from({ length: count }, (_, index) => range(index, port));
const list = (rules: number): Opening => ({ port: 443, source: `pl-0000000${rules}`, rules });

describe("sources", () => {
  test("are in one group as long as they fit, in their order", () => {
    assert.deepEqual(spread([]), [[]]);
    assert.deepEqual(spread(ranges(60)), [ranges(60)]);
  });

  test("of IPv4, of IPv6 and of prefix lists are counted, each port by itself", () => {
    const ipv6 = Array.from({ length: 60 }, (_, index) => ({ port: 443, source: `2001:db8:${index}::/48` }));
    assert.equal(spread([...ranges(60), ...ipv6]).length, 1);
    assert.equal(spread([...ranges(40), ...ranges(40, 9443)]).length, 2);
    assert.equal(spread([list(50), ...ranges(10)]).length, 1);
    assert.equal(spread([list(50), ...ranges(11)]).length, 2);
  });

  test("stay in their group, whatever comes and goes before them", () => {
    const before = spread(ranges(100));
    const [first, ...others] = ranges(100);
    const after = spread([range(500), range(501), ...others], before);
    const groupOf = (groups: readonly Opening[][], { source }: Opening) =>
      groups.findIndex((group) => group.some((it) => it.source === source));
    for (const other of others) assert.equal(groupOf(after, other), groupOf(before, other), other.source);
    assert.equal(groupOf(after, first as Opening), -1);
    assert.deepEqual(spread([range(500), range(501), ...others], after), after);
  });

  test("leave a group that isn't needed any more, and nothing else moves", () => {
    const before = spread(ranges(100));
    const left = ranges(100).slice(50);
    assert.deepEqual(spread(left, before), [left]);
  });
});

test("whatever the sources, each is in one group, and no group has too many", () => {
  const opening = fc.oneof(
    fc.nat({ max: 400 }).map((index) => range(index)),
    fc.nat({ max: 400 }).map((index) => range(index, 9443)),
    fc.integer({ min: 1, max: maxRulesPerGroup }).map(list),
  );
  const openings = fc.uniqueArray(opening, {
    maxLength: 200,
    selector: ({ port, source }) => `${port} ${source}`,
  });
  fc.assert(
    fc.property(openings, openings, (earlier, wanted) => {
      const before = spread(earlier);
      const groups = spread(wanted, before);
      assert.deepEqual(new Set(groups.flat()), new Set(wanted));
      assert.equal(groups.flat().length, wanted.length);
      for (const group of groups)
        assert.ok(Object.values(rulesOf(group)).every((it) => it <= maxRulesPerGroup));
      assert.deepEqual(spread(wanted, groups), groups);
    }),
  );
});
