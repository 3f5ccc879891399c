import {
  type GetNetworkSecurityGroupResult,
  getNetworkSecurityGroup,
} from "@pulumi/azure-native/network/getNetworkSecurityGroup.js";
import type { GetVirtualNetworkResult } from "@pulumi/azure-native/network/getVirtualNetwork.js";
import { contains, isPrivateRange, rangeOf } from "../../config/access.ts";
import type { AzureRegion } from "../../config/schema.ts";
import { ipv4Ranges } from "../address-family.ts";
import { reasonOf } from "../look-up.ts";
import { partsOf } from "./arm.ts";
import type { Question } from "./question.ts";

type Subnet = NonNullable<GetVirtualNetworkResult["subnets"]>[number];
type Rule = NonNullable<GetNetworkSecurityGroupResult["securityRules"]>[number];

const path = "network.subnet";

/**
 * Warns where the security group that an existing subnet has refuses clients, or the way to the registries. Azure asks it beside the group of the machine, or of the nodes, which the stack
 * or AKS makes: https://learn.microsoft.com/azure/virtual-network/network-security-group-how-it-works
 *
 * Only what is certain is said. What is behind a service tag or an application security group isn't known.
 */
export async function checkSubnetRules(
  { region, lookUp, options }: Question<AzureRegion>,
  { networkSecurityGroup }: Subnet,
): Promise<void> {
  const id = networkSecurityGroup?.id;
  if (id === undefined) return;
  const { group: resourceGroupName = "", name: networkSecurityGroupName = "" } = partsOf(id);
  const asked = getNetworkSecurityGroup({ resourceGroupName, networkSecurityGroupName }, options);
  const found = await asked.catch((error: Error) => {
    lookUp.warn(path, `can't check the security group ${networkSecurityGroupName}: ${reasonOf(error)}`);
    return undefined;
  });
  const rules = [...(found?.securityRules ?? []), ...(found?.defaultSecurityRules ?? [])].toSorted(
    (one, other) => (one.priority ?? 0) - (other.priority ?? 0),
  );
  const { access, endpoint } = region;
  for (const client of ipv4Ranges(access.clients.filter((it) => rangeOf(it)))) {
    const refusing = refusingRule(rules, "Inbound", client, endpoint.port);
    if (refusing === undefined) continue;
    lookUp.warn(
      path,
      `the security group ${networkSecurityGroupName} of the subnet lets in nothing from ${client} at port ${endpoint.port}: its rule ${refusing} comes first. Add one before it`,
    );
  }
  const refusing = refusingRule(rules, "Outbound", internet, httpsPort);
  if (refusing !== undefined)
    lookUp.warn(
      path,
      `the security group ${networkSecurityGroupName} of the subnet lets nothing out to the internet at port ${httpsPort}: its rule ${refusing} comes first. Add one before it for the registries`,
    );
}

const internet = "0.0.0.0/0";
const httpsPort = 443;

/**
 * The first rule that applies, if it denies all of it for certain.
 * @param rules by their priority
 * @param range of the other side
 */
function refusingRule(
  rules: readonly Rule[],
  direction: "Inbound" | "Outbound",
  range: string,
  port: number,
): string | undefined {
  for (const rule of rules) {
    if (rule.direction !== direction || !hasPort(rule, port) || !isTcp(rule)) continue;
    const [theirs, ours] =
      direction === "Inbound" ? [sources(rule), destinations(rule)] : [destinations(rule), sources(rule)];
    const matches = theirs.map((it) => matchOf(it, range));
    if (matches.every((it) => it === "none") && theirs.length > 0) continue;
    const isCertain = matches.includes("all") && ours.some((it) => everything.includes(it));
    return isCertain && rule.access === "Deny" ? rule.name : undefined;
  }
  return undefined;
}

const everything = ["*", "0.0.0.0/0", "VirtualNetwork"];

/** How much of a range is behind a prefix or a service tag of a rule. */
function matchOf(prefix: string, range: string): "all" | "some" | "none" {
  if (prefix === "*" || prefix === internet) return "all";
  if (prefix === "AzureLoadBalancer") return "none";
  if (prefix === "Internet") return isPrivateRange(range) ? "none" : "all";
  // It has the addresses of peers and of what is behind gateways, too.
  if (prefix === "VirtualNetwork") return isPrivateRange(range) ? "some" : "none";
  const other = rangeOf(prefix.includes("/") ? prefix : `${prefix}/32`);
  if (!other) return "some";
  if (contains(other, rangeOf(range))) return "all";
  return contains(rangeOf(range), other) ? "some" : "none";
}

function sources({ sourceAddressPrefix, sourceAddressPrefixes = [] }: Rule): string[] {
  return [...(sourceAddressPrefix ? [sourceAddressPrefix] : []), ...sourceAddressPrefixes];
}

function destinations({ destinationAddressPrefix, destinationAddressPrefixes = [] }: Rule): string[] {
  return [...(destinationAddressPrefix ? [destinationAddressPrefix] : []), ...destinationAddressPrefixes];
}

function isTcp({ protocol }: Rule): boolean {
  return ["*", "tcp"].includes(protocol.toLowerCase());
}

function hasPort({ destinationPortRange, destinationPortRanges = [] }: Rule, port: number): boolean {
  const ranges = [...(destinationPortRange ? [destinationPortRange] : []), ...destinationPortRanges];
  return ranges.some((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return range === "*" || (first <= port && port <= last);
  });
}
