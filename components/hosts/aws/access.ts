import { getManagedPrefixList } from "@pulumi/aws/ec2/getManagedPrefixList.js";
import type * as pulumi from "@pulumi/pulumi";
import { isPrefixList } from "../../config/text.ts";
import { metricsPort } from "../../pod/ports.ts";
import { maxRulesPerGroup } from "../firewall-limits.ts";
import type { LookUp } from "../look-up.ts";
import { previousOutputs } from "../previous-outputs.ts";
import { groupName } from "./firewall.ts";
import type { Question } from "./question.ts";
import { familyOf, maxGroups, type Opening, rulesOf, spread } from "./source-rules.ts";

/** Who may reach a machine, as AWS counts them. */
export interface FoundAccess {
  /** Per security group what it opens. */
  readonly groups: readonly (readonly Opening[])[];
  /** Whether clients come by IPv6. */
  readonly hasIpv6Clients: boolean;
}

interface List {
  readonly isIpv6: boolean;
  readonly maxEntries: number;
}

/** Counts the rules of the security groups, which AWS would refuse in the middle of an update. */
export async function findAccess({ region, lookUp, options }: Question): Promise<FoundAccess> {
  const { name, access, endpoint } = region;
  const lists = await findLists(region, lookUp, options);
  const openingsOf = (port: number, sources: readonly string[]) =>
    sources.map((source): Opening => ({ port, source, rules: lists.get(source)?.maxEntries }));
  const openings = [...openingsOf(endpoint.port, access.clients), ...openingsOf(metricsPort, access.metrics)];
  const groups = spread(openings, await previousGroups(name));
  if (groups.length > maxGroups) lookUp.refuse("access.clients", tooMany(openings));
  const isIpv6 = (source: string) =>
    isPrefixList(source) ? lists.get(source)?.isIpv6 === true : familyOf(source) === "ipv6";
  return { groups, hasIpv6Clients: access.clients.some(isIpv6) };
}

function tooMany(openings: readonly Opening[]): string {
  const { ipv4, ipv6 } = rulesOf(openings);
  return (
    `takes, together with \`access.metrics\`, ${ipv4} rules for IPv4 and ${ipv6} for IPv6, and the machine has at most ` +
    `${maxGroups * maxRulesPerGroup} of each (${maxGroups} security groups with ${maxRulesPerGroup} rules): put neighbouring ranges together`
  );
}

/** The prefix lists of both settings, by their ids. */
async function findLists(
  { access }: Question["region"],
  lookUp: LookUp,
  options: pulumi.InvokeOptions,
): Promise<Map<string, List>> {
  const lists = new Map<string, List>();
  const sources = (["clients", "metrics"] as const).flatMap((key) =>
    access[key].map((id, index) => ({ id, path: `access.${key}[${index}]` })),
  );
  await Promise.all(
    sources
      .filter(({ id }) => isPrefixList(id))
      .map(async ({ id, path }) => {
        const found = await lookUp.ask(path, `the prefix list ${id}`, getManagedPrefixList({ id }, options));
        if (!found) return;
        // A list of AWS's own has no maximum.
        const maxEntries = found.maxEntries || found.entries.length;
        if (maxEntries > maxRulesPerGroup) lookUp.refuse(path, tooLarge(id, maxEntries));
        lists.set(id, { isIpv6: found.addressFamily === "IPv6", maxEntries });
      }),
  );
  return lists;
}

function tooLarge(id: string, maxEntries: number): string {
  return (
    `${id} may have ${maxEntries} entries, each of which counts as a rule, and a security group takes ${maxRulesPerGroup}: lower its maximum by ` +
    `\`aws ec2 modify-managed-prefix-list --prefix-list-id ${id} --max-entries ${maxRulesPerGroup}\`, or split it`
  );
}

/** What the security groups of a region have since the last update, by their order. */
async function previousGroups(region: string): Promise<Opening[][]> {
  const ingress = await previousOutputs("aws:ec2/securityGroup:SecurityGroup", "ingress");
  return Array.from({ length: maxGroups }, (_, index) =>
    ((ingress.get(groupName(region, index)) ?? []) as PreviousRule[]).flatMap(
      ({ fromPort, cidrBlocks = [], ipv6CidrBlocks = [], prefixListIds = [] }) =>
        [...cidrBlocks, ...ipv6CidrBlocks, ...prefixListIds].map((source) => ({ port: fromPort, source })),
    ),
  );
}

interface PreviousRule {
  readonly fromPort: number;
  readonly cidrBlocks?: readonly string[];
  readonly ipv6CidrBlocks?: readonly string[];
  readonly prefixListIds?: readonly string[];
}
