import ipaddr from "ipaddr.js";
import { isPrefixList } from "../../config/text.ts";
import { maxRulesPerGroup } from "../firewall-limits.ts";

/** A source that may reach a port. */
export interface Opening {
  readonly port: number;
  /** An address range, or the id of a prefix list. */
  readonly source: string;
  /** What it counts of a security group's quota. @default 1 */
  readonly rules?: number | undefined;
}

/** Security groups per network interface. An account may have more: https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-security-groups */
export const maxGroups = 5;

const families = ["ipv4", "ipv6"] as const;
type Family = (typeof families)[number];

export function familyOf(range: string): Family {
  return ipaddr.parseCIDR(range)[0].kind();
}

/** That a prefix list counts in both families is more than AWS says, and never too little. */
function countOf({ source, rules = 1 }: Opening, family: Family): number {
  return isPrefixList(source) || familyOf(source) === family ? rules : 0;
}

export function rulesOf(openings: readonly Opening[]): Record<Family, number> {
  const sum = (family: Family) => openings.reduce((total, it) => total + countOf(it, family), 0);
  return { ipv4: sum("ipv4"), ipv6: sum("ipv6") };
}

/**
 * Spreads openings over as many security groups as they need.
 *
 * What a group has already stays in it. An opening that moved from one group to another would be closed while one of them is changed and the other isn't.
 * Only what was in a group that is given up moves: the engine fills the others first, and then takes that one off the interface.
 *
 * @param before per group what it has.
 * @returns per group its openings, in the order of `openings`; at least one group.
 */
export function spread(
  openings: readonly Opening[],
  before: readonly (readonly Opening[])[] = [],
): Opening[][] {
  const total = rulesOf(openings);
  const needed = Math.max(1, ...families.map((family) => Math.ceil(total[family] / maxRulesPerGroup)));
  const groups: Set<Opening>[] = Array.from({ length: needed }, () => new Set());
  const hasRoom = (group: ReadonlySet<Opening>, opening: Opening) => {
    const counts = rulesOf([...group, opening]);
    return families.every((family) => counts[family] <= maxRulesPerGroup);
  };
  const put = (opening: Opening, group: Set<Opening> | undefined) => {
    if (!group || !hasRoom(group, opening)) return false;
    group.add(opening);
    return true;
  };
  const isSame = (one: Opening) => (other: Opening) => one.port === other.port && one.source === other.source;
  const rest = openings.filter(
    (opening) => !put(opening, groups[before.findIndex((group) => group.some(isSame(opening)))]),
  );
  // The largest first, as there is less room for them.
  for (const opening of rest.toSorted((one, other) => (other.rules ?? 1) - (one.rules ?? 1))) {
    if (!groups.some((group) => put(opening, group))) groups.push(new Set([opening]));
  }
  return groups.map((group) => openings.filter((opening) => group.has(opening)));
}
