import { isPrefixList, isReference, isSecurityGroup } from "../../../config/addresses.ts";
import { metricsPort } from "../../../config/ports.ts";
import { familyOf } from "../../address-family.ts";
import { previousOutputs } from "../../previous-outputs.ts";
import { sourcesOf } from "../../vm/plan.ts";
import type { Question } from "../account.ts";
import { type FoundQuotas, findQuotas, moreQuota } from "../quotas.ts";
import { defaultQuotas, type Opening, type Quotas, rulesOf, spread } from "../source-rules.ts";
import type { AwsVmPlan } from "./plan.ts";
import { checkClientGroups, findPrefixLists } from "./sources.ts";

/** Who can reach a machine, as security group rules. */
export interface FoundAccess {
  /** The openings of each security group. */
  readonly groups: readonly (readonly Opening[])[];
  /** Whether some clients use IPv6. */
  readonly hasIpv6Clients: boolean;
}

/** Distributes the sources over security groups and counts the rules. Otherwise, AWS would refuse too many rules in the middle of an update. */
export async function findAccess(question: Question<AwsVmPlan>): Promise<FoundAccess> {
  const { region, lookUp, options } = question;
  const { name, access, endpoint } = region;
  const [lists] = await Promise.all([findPrefixLists(question), checkClientGroups(question)]);
  const ports = { clients: endpoint.port, metrics: metricsPort };
  const openings = sourcesOf(region).flatMap(({ list: key, source }): Opening[] => {
    const port = ports[key];
    // https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-security-groups
    if (isSecurityGroup(source)) return [{ port, source, family: "both" }];
    if (!isPrefixList(source)) return [{ port, source }];
    const list = lists.get(source);
    return list ? [{ port, source, rules: list.rules, family: list.isIpv6 ? "ipv6" : "ipv4" }] : [];
  });
  const before = await previousGroups(name);
  // One of the interface's security groups is for the load balancer of the private link.
  const available = <Q extends Quotas>(it: Q): Q =>
    endpoint.privateLink ? { ...it, groups: it.groups - 1 } : it;
  let quotas: FoundQuotas = available(defaultQuotas);
  let groups = spread(openings, before);
  if (
    groups.length > quotas.groups ||
    openings.some(({ rules = 1 }) => rules > defaultQuotas.rulesPerGroup)
  ) {
    quotas = available(await findQuotas(options));
    groups = spread(openings, before, quotas);
  }
  // AWS has already accepted the rules of existing groups.
  if (groups.length > Math.max(quotas.groups, before.length)) {
    lookUp.refuse("access.clients", tooMany(openings, quotas));
  }
  for (const { source: id, path } of sourcesOf(region)) {
    const { rules = 1 } = lists.get(id) ?? {};
    const isOpen = before.flat().some(({ source }) => source === id);
    if (rules > quotas.rulesPerGroup && !isOpen) lookUp.refuse(path, tooLarge(id, rules, quotas));
  }
  const isIpv6 = (source: string) =>
    isReference(source) ? lists.get(source)?.isIpv6 === true : familyOf(source) === "ipv6";
  return { groups, hasIpv6Clients: access.clients.some(isIpv6) };
}

function tooMany(openings: readonly Opening[], quotas: FoundQuotas): string {
  const { groups, rulesPerGroup } = quotas;
  const { ipv4, ipv6 } = rulesOf(openings);
  const lists = openings.filter(({ source }) => isPrefixList(source));
  const weights = lists.map(({ source, rules }) => `${source} counts as ${rules}`).join(", ");
  const listsToo = weights && `a prefix list can't be split (${weights}). Lower the maximum of large lists, `;
  return (
    `takes, together with \`access.metrics\`, ${ipv4} rules for IPv4 and ${ipv6} for IPv6, which don't fit into ${groups} security groups of ` +
    `${rulesPerGroup} each: ${listsToo}put neighbouring ranges together, ${moreQuota(quotas)}`
  );
}

function tooLarge(id: string, rules: number, quotas: FoundQuotas): string {
  const { rulesPerGroup } = quotas;
  return (
    `${id} may have ${rules} entries, each of which counts as a rule, and a security group takes ${rulesPerGroup}: lower its maximum by ` +
    `\`aws ec2 modify-managed-prefix-list --prefix-list-id ${id} --max-entries ${rulesPerGroup}\`, split it, ${moreQuota(quotas)}`
  );
}

/** Pulumi's name of a region's security group. The first has the region's name; the others exist only if one group is too small. */
export function groupName(region: string, index: number): string {
  return index === 0 ? region : `${region}-${index + 1}`;
}

const sourceKeys = ["cidrBlocks", "ipv6CidrBlocks", "prefixListIds", "securityGroups"] as const;

type PreviousRule = { readonly fromPort: number } & Partial<
  Readonly<Record<(typeof sourceKeys)[number], readonly string[]>>
>;

/** The openings of a region's security groups after the last update, in the groups' order. */
async function previousGroups(region: string): Promise<Opening[][]> {
  const previous = await previousOutputs<{ ingress: PreviousRule[] }>("aws:ec2/securityGroup:SecurityGroup");
  const groups: Opening[][] = [];
  for (;;) {
    const group = previous.get(groupName(region, groups.length));
    if (!group) return groups;
    const openings = (group.ingress ?? []).flatMap((rule) =>
      sourceKeys.flatMap((key) => (rule[key] ?? []).map((source) => ({ port: rule.fromPort, source }))),
    );
    groups.push(openings);
  }
}
