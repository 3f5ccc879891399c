import { type Family, familyOf } from "../address-family.ts";

/** A port that is open to a source. */
export interface Opening {
  readonly port: number;
  /** CIDR range, or id of a prefix list or a security group. */
  readonly source: string;
  /** Number of rules that the source uses of a security group's quota. @default 1 */
  readonly rules?: number | undefined;
  /** Family of a prefix list. A security group counts for both families. @default the range's family */
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

/** The account's limits. */
export interface Quotas {
  /** Inbound rules per security group, separately for IPv4 and IPv6. A prefix list counts as its maximum number of entries. */
  readonly rulesPerGroup: number;
  /** Security groups per network interface. */
  readonly groups: number;
}

/** AWS's defaults. An account can have higher quotas: https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-security-groups */
export const defaultQuotas: Quotas = { rulesPerGroup: 60, groups: 5 };

/**
 * Distributes openings over as few security groups as possible.
 *
 * Existing openings stay in their group, even if the group exceeds the quota, because AWS has already accepted it. An opening that moves to another group would be
 * closed between the two changes. Only the openings of a group that is no longer needed move: the engine fills the other groups first, and then
 * detaches that group from the interface.
 *
 * @param before each group's present openings
 * @returns each group's openings, in the order of `openings`. There is at least one group. The number of groups can exceed the quota.
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

/** @returns undefined if `count` groups are too few. An empty group accepts any opening. */
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
  // Places the largest openings first, because they fit into fewer groups.
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
