import {
  type GetNetworkSecurityGroupResult,
  getNetworkSecurityGroup,
} from "@pulumi/azure-native/network/getNetworkSecurityGroup.js";
import type { GetVirtualNetworkResult } from "@pulumi/azure-native/network/getVirtualNetwork.js";
import { contains, isPrivateRange, rangeOf } from "../../config/access.ts";
import { metricsPort } from "../../config/ports.ts";
import type { AzureRegion } from "../../config/schema.ts";
import { ipv4Ranges } from "../address-family.ts";
import { reasonOf } from "../look-up.ts";
import { podRange } from "./cluster/nodes.ts";
import { hasFailover, isPrivate } from "./endpoint.ts";
import { partsOf } from "./naming.ts";
import type { Question } from "./question.ts";

type Subnet = NonNullable<GetVirtualNetworkResult["subnets"]>[number];
type Rule = NonNullable<GetNetworkSecurityGroupResult["securityRules"]>[number];

const path = "network.subnet";

/**
 * Warns if the security group of an existing subnet blocks clients, or the way to the registries. Azure applies it in addition to the group of the machine or the nodes, which the stack
 * or AKS creates: https://learn.microsoft.com/azure/virtual-network/network-security-group-how-it-works
 *
 * Warns only if the block is certain. The addresses behind most service tags and application security groups aren't known.
 */
export async function checkSubnetRules(
  { region, lookUp, options }: Question,
  { networkSecurityGroup, addressPrefix, addressPrefixes = addressPrefix ? [addressPrefix] : [] }: Subnet,
): Promise<void> {
  const id = networkSecurityGroup?.id;
  if (id === undefined) return;
  const { group: resourceGroupName, name: networkSecurityGroupName } = partsOf(id);
  const asked = getNetworkSecurityGroup({ resourceGroupName, networkSecurityGroupName }, options);
  const found = await asked.catch((error: Error) => {
    lookUp.warn(path, `can't check the security group ${networkSecurityGroupName}: ${reasonOf(error)}`);
    return undefined;
  });
  const rules = [...(found?.securityRules ?? []), ...(found?.defaultSecurityRules ?? [])].toSorted(
    (one, other) => (one.priority ?? 0) - (other.priority ?? 0),
  );
  for (const { from, port } of inboundOf(region, addressPrefixes)) {
    const refusing = refusingRule(rules, "Inbound", from, port);
    if (refusing === undefined) continue;
    lookUp.warn(
      path,
      `the security group ${networkSecurityGroupName} of the subnet lets in nothing from ${from.name} at port ${port}: its rule ${refusing} comes first. Add one before it`,
    );
  }
  const refusing = refusingRule(rules, "Outbound", { name: internet, isInside: false }, httpsPort);
  if (refusing !== undefined)
    lookUp.warn(
      path,
      `the security group ${networkSecurityGroupName} of the subnet lets nothing out to the internet at port ${httpsPort}: its rule ${refusing} comes first. Add one before it for the registries`,
    );
}

const internet = "0.0.0.0/0";
const httpsPort = 443;
/** The cluster's own DNS, which all Pods need. */
const dnsPort = 53;
/** The first port of the range on which a load balancer probes a cluster's nodes. */
const nodePort = 30_000;

/** An address range, or a service tag. */
interface Other {
  readonly name: string;
  /** Whether the addresses can be inside the network, not on the internet. */
  readonly isInside: boolean;
  /** Ranges that belong to others. Used for a tag whose own ranges aren't known. @default none */
  readonly notIn?: readonly string[];
}

interface Connection {
  readonly from: Other;
  readonly port: number;
}

/** The inbound connections that must be allowed. @param subnet the subnet's ranges */
function inboundOf(region: AzureRegion, subnet: readonly string[]): Connection[] {
  const { access, endpoint, topology } = region;
  const { port, privateLink } = endpoint;
  const ofRanges = (ranges: readonly string[], port: number): Connection[] =>
    ipv4Ranges(ranges.filter((it) => rangeOf(it))).map((name) => ({
      from: { name, isInside: isPrivate(region) || isPrivateRange(name) },
      port,
    }));
  const isCluster = topology === "cluster";
  return [
    // Clients of a private link have addresses of the subnet.
    ...ofRanges([...access.clients, ...(privateLink ? subnet : [])], port),
    ...(isCluster ? ofRanges([podRange, ...subnet], dnsPort) : ofRanges(access.metrics, metricsPort)),
    ...(isCluster || privateLink
      ? [{ from: { name: "AzureLoadBalancer", isInside: true }, port: isCluster ? nodePort : port }]
      : []),
    ...(hasFailover(region)
      ? [{ from: { name: "AzureTrafficManager", isInside: false, notIn: access.clients }, port }]
      : []),
  ];
}

/**
 * The first rule that certainly denies all of this traffic. Undefined if an earlier rule may allow some of it.
 * @param rules sorted by priority
 * @param other the other side of the connection
 */
function refusingRule(
  rules: readonly Rule[],
  direction: "Inbound" | "Outbound",
  other: Other,
  port: number,
): string | undefined {
  for (const rule of rules) {
    if (rule.direction !== direction || !hasPort(rule, port)) continue;
    if (!["*", "tcp"].includes(rule.protocol.toLowerCase())) continue;
    const sources = together(rule.sourceAddressPrefix, rule.sourceAddressPrefixes);
    const destinations = together(rule.destinationAddressPrefix, rule.destinationAddressPrefixes);
    const [theirs, ours] = direction === "Inbound" ? [sources, destinations] : [destinations, sources];
    const matches = theirs.map((it) => matchOf(it, other));
    if (matches.every((it) => it === "none") && theirs.length > 0) continue;
    if (rule.access !== "Deny") return undefined;
    if (matches.includes("all") && ours.some((it) => everything.includes(it))) return rule.name;
  }
  return undefined;
}

const everything = ["*", "0.0.0.0/0", "VirtualNetwork"];

/** How much of the other side a rule's prefix or service tag covers. */
function matchOf(prefix: string, { name, isInside, notIn = [] }: Other): "all" | "some" | "none" {
  if (prefix === "*" || prefix === internet || prefix === name) return "all";
  // The tag also covers peers, networks behind gateways, and the address from which load balancers probe.
  if (prefix === "VirtualNetwork") return isInside ? "some" : "none";
  if (prefix === "AzureLoadBalancer") return "none";
  if (prefix === "Internet") return isPrivateRange(name) ? "none" : isInside ? "some" : "all";
  const range = rangeOf(tagged[name] ?? name);
  const cidr = prefix.includes("/") ? prefix : `${prefix}/32`;
  const other = rangeOf(cidr);
  if (!other) return "some";
  // Traffic Manager, or the whole internet.
  if (!range) {
    const isOfOthers = isPrivateRange(cidr) || notIn.some((it) => contains(rangeOf(it), other));
    return isOfOthers ? "none" : "some";
  }
  if (contains(other, range)) return "all";
  return contains(range, other) ? "some" : "none";
}

/** https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16 */
const tagged: Readonly<Record<string, string>> = { AzureLoadBalancer: "168.63.129.16/32" };

function together(one: string | undefined, several: readonly string[] = []): string[] {
  return [...(one ? [one] : []), ...several];
}

function hasPort({ destinationPortRange, destinationPortRanges }: Rule, port: number): boolean {
  return together(destinationPortRange, destinationPortRanges).some((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return range === "*" || (first <= port && port <= last);
  });
}
