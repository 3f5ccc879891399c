import { type Family, familyOf } from "../address-family.ts";

/** A source that may reach a port. */
export interface Opening {
  readonly port: number;
  /** An address range, or the id of a prefix list or a security group. */
  readonly source: string;
  /** What it counts of a security group's quota. @default 1 */
  readonly rules?: number | undefined;
  /** Of a prefix list; a security group counts for both. @default that of the range */
  readonly family?: Family | "both" | undefined;
}

const families: readonly Family[] = ["ipv4", "ipv6"];

export function rulesOf(openings: readonly Opening[]): Record<Family, number> {
  const sums = { ipv4: 0, ipv6: 0 };
  for (const { source, rules = 1, family = familyOf(source) } of openings) {
    for (const one of families) if (family === one || family === "both") sums[one] += rules;
  }
  return sums;
}

/** What an account may have. */
export interface Quotas {
  /** Inbound, for IPv4 and again for IPv6. A prefix list counts with its maximum of entries. */
  readonly rulesPerGroup: number;
  /** Per network interface. */
  readonly groups: number;
}

/** An account may have more of both: https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-security-groups */
export const defaultQuotas: Quotas = { rulesPerGroup: 60, groups: 5 };

/**
 * Spreads openings over as few security groups as can take them.
 *
 * What a group has stays in it, even where that is more than the quota says: AWS has taken it. An opening that moved from one group to another would be
 * closed while one of them is changed and the other isn't. Only what was in a group that is given up moves: the engine fills the others first, and then
 * takes that one off the interface.
 *
 * @param before per group what it has.
 * @returns per group its openings, in the order of `openings`; at least one group. They may be more than the quota.
 */
export function spread(
  openings: readonly Opening[],
  before: readonly (readonly Opening[])[] = [],
  { rulesPerGroup }: Pick<Quotas, "rulesPerGroup"> = defaultQuotas,
): Opening[][] {
  const wanted = new Map(openings.map((opening) => [keyOf(opening), opening]));
  const placed = new Set<string>();
  const kept = before.map((group) =>
    group.flatMap((opening) => {
      const key = keyOf(opening);
      const found = wanted.get(key);
      if (!found || placed.has(key)) return [];
      placed.add(key);
      return [found];
    }),
  );
  const others = [...wanted].flatMap(([key, opening]) => (placed.has(key) ? [] : [opening]));
  const isUnchanged = others.length === 0 && placed.size === before.flat().length && before.length > 0;
  for (let count = isUnchanged ? kept.length : 1; ; count++) {
    const displaced = [...kept.slice(count).flat(), ...others];
    const groups = pack(kept.slice(0, count), displaced, count, rulesPerGroup);
    if (groups) return groups.map((group) => [...wanted.values()].filter((opening) => group.has(opening)));
  }
}

function keyOf({ port, source }: Opening): string {
  return `${port} ${source}`;
}

/** @returns undefined when so many groups aren't enough. A group of its own takes any opening. */
function pack(
  kept: readonly (readonly Opening[])[],
  others: readonly Opening[],
  count: number,
  rulesPerGroup: number,
): ReadonlySet<Opening>[] | undefined {
  const groups = Array.from({ length: count }, (_, index) => {
    const openings = kept[index] ?? [];
    return { openings: new Set(openings), sums: rulesOf(openings) };
  });
  // The largest first, as there is less room for them.
  for (const opening of others.toSorted((one, other) => (other.rules ?? 1) - (one.rules ?? 1))) {
    const added = rulesOf([opening]);
    const room = groups.find(
      ({ openings, sums }) =>
        openings.size === 0 ||
        families.every((it) => added[it] === 0 || sums[it] + added[it] <= rulesPerGroup),
    );
    if (!room) return undefined;
    room.openings.add(opening);
    for (const it of families) room.sums[it] += added[it];
  }
  return groups.map(({ openings }) => openings);
}
