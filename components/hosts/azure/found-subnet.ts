import { getVirtualNetwork } from "@pulumi/azure-native/network/getVirtualNetwork.js";
import { partsOf } from "./arm.ts";
import { isPrivate } from "./outbound.ts";
import type { Question } from "./question.ts";
import { checkSubnetRules } from "./subnet-rules.ts";
import { findEgress, findWayOut, type WayOut } from "./way-out.ts";

export interface FoundSubnet {
  /** All ranges of its network. */
  readonly networkRanges: readonly string[];
  /** Its own, of which it can have several. */
  readonly ranges: readonly string[];
  /** Whether its network doesn't ask Azure's own. */
  readonly hasNameServers: boolean;
  /** Asked for a private endpoint only: elsewhere the address for clients is the way out, too. */
  readonly wayOut?: WayOut | undefined;
  /** Public ranges of a NAT gateway by which a cluster's nodes go out. */
  readonly egress?: readonly string[] | undefined;
}

/**
 * Machine or nodes, interface and network must be in one region and one subscription: https://learn.microsoft.com/azure/virtual-machines/network-overview#network-interfaces
 * @returns undefined where the network is the region's own, or with a problem more
 */
export async function findSubnet(question: Question): Promise<FoundSubnet | undefined> {
  const { region, subscription, lookUp, options } = question;
  if (!("subnet" in region.network)) return undefined;
  const { vnet, subnet } = region.network;
  const what = region.topology === "vm" ? "machine" : "cluster";
  const { subscription: owner = "", group: resourceGroupName, name: virtualNetworkName } = partsOf(vnet);
  if (owner !== subscription)
    return lookUp.refuse(
      "network.vnet",
      `is in the subscription ${owner}, and the ${what} in ${subscription}`,
    );
  const network = getVirtualNetwork({ resourceGroupName, virtualNetworkName }, options);
  const found = await lookUp.ask("network.vnet", virtualNetworkName, network);
  if (!found) return undefined;
  const { location, subnets = [], addressSpace, dhcpOptions } = found;
  if (location !== region.name)
    lookUp.refuse("network.vnet", `is in ${location}, and the ${what} in ${region.name}`);
  const find = (wanted: string, path: string) => {
    const own = subnets.find(({ name }) => name === wanted);
    const names = subnets.map(({ name }) => name).join(", ") || "none";
    if (!own) lookUp.refuse(path, `${virtualNetworkName} has no ${wanted}, only ${names}`);
    return own;
  };
  if ("loadBalancerSubnet" in region.network)
    find(region.network.loadBalancerSubnet, "network.loadBalancerSubnet");
  const own = find(subnet, "network.subnet");
  if (!own) return undefined;
  await checkSubnetRules(question, own);
  // AKS does it by itself.
  if (
    region.topology === "vm" &&
    region.endpoint.privateLink &&
    own.privateLinkServiceNetworkPolicies !== "Disabled"
  )
    lookUp.refuse(
      "network.subnet",
      `takes no private link service: \`az network vnet subnet update --ids ${vnet}/subnets/${subnet} --disable-private-link-service-network-policies true\``,
    );
  const { addressPrefix, addressPrefixes = addressPrefix === undefined ? [] : [addressPrefix] } = own;
  return {
    networkRanges: addressSpace?.addressPrefixes ?? [],
    ranges: addressPrefixes,
    hasNameServers: (dhcpOptions?.dnsServers ?? []).length > 0,
    ...(isPrivate(region) && {
      wayOut: await findWayOut(question, found, own),
      ...(region.topology === "cluster" && { egress: await findEgress(question, own) }),
    }),
  };
}
