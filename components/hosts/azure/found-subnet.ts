import { getNatGateway } from "@pulumi/azure-native/network/getNatGateway.js";
import { getPublicIPAddress } from "@pulumi/azure-native/network/getPublicIPAddress.js";
import { getPublicIPPrefix } from "@pulumi/azure-native/network/getPublicIPPrefix.js";
import { type GetRouteTableResult, getRouteTable } from "@pulumi/azure-native/network/getRouteTable.js";
import {
  type GetVirtualNetworkResult,
  getVirtualNetwork,
} from "@pulumi/azure-native/network/getVirtualNetwork.js";
import { contains, isPrivateRange, rangeOf } from "../../config/access.ts";
import { sameIgnoringCase } from "../../config/text.ts";
import { LookUp } from "../look-up.ts";
import { previousResource } from "../previous-outputs.ts";
import { isPrivate } from "./endpoint.ts";
import { partsOf } from "./naming.ts";
import type { Question } from "./question.ts";
import { checkSubnetRules } from "./subnet-rules.ts";

export interface FoundSubnet {
  /** All ranges of the subnet's network. */
  readonly networkRanges: readonly string[];
  /** Ranges of the subnet. It can have several. */
  readonly ranges: readonly string[];
  /** Whether the network uses its own name servers instead of Azure's. */
  readonly hasNameServers: boolean;
  readonly wayOut: WayOut;
  /** Public ranges of the NAT gateway that a cluster's nodes use for outbound traffic. Set only for a cluster. */
  readonly egress?: readonly string[] | undefined;
}

/**
 * Finds the configured subnet. The machine or nodes, the interface and the network must be in one region and one subscription: https://learn.microsoft.com/azure/virtual-machines/network-overview#network-interfaces
 * @returns undefined if the stack creates the network, or after adding a problem
 */
export async function findSubnet(question: Question): Promise<FoundSubnet | undefined> {
  const { region, subscription, lookUp, options } = question;
  if (!("subnet" in region.network)) return undefined;
  const { vnet, subnet } = region.network;
  const what = region.topology === "vm" ? "machine" : "cluster";
  const { subscription: owner, group: resourceGroupName, name: virtualNetworkName } = partsOf(vnet);
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
  // AKS changes this setting by itself, if its identity may join everything that the subnet refers to: https://github.com/microsoft/tyger/pull/320
  const isFixed = region.topology === "vm" || own.natGateway || own.networkSecurityGroup || own.routeTable;
  if (region.endpoint.privateLink && isFixed && own.privateLinkServiceNetworkPolicies !== "Disabled")
    lookUp.refuse(
      "network.subnet",
      `allows no private link service: run \`az network vnet subnet update --ids ${vnet}/subnets/${subnet} --disable-private-link-service-network-policies true\``,
    );
  const { addressPrefix, addressPrefixes = addressPrefix === undefined ? [] : [addressPrefix] } = own;
  return {
    networkRanges: addressSpace?.addressPrefixes ?? [],
    ranges: addressPrefixes,
    hasNameServers: (dhcpOptions?.dnsServers ?? []).length > 0,
    ...(await findOutbound(question, found, own)),
  };
}

/** Pulumi's type of what serves clients. */
const serving = {
  vm: "azure-native:compute:VirtualMachine",
  cluster: "azure-native:containerservice:ManagedCluster",
} as const;

/**
 * Finds the way out and the addresses on it. A public endpoint that exists may work nevertheless, so it isn't refused. The addresses of a cluster that uses the NAT gateway must be
 * complete, because its API accepts no others.
 */
async function findOutbound(
  question: Question,
  network: GetVirtualNetworkResult,
  subnet: Subnet,
): Promise<Pick<FoundSubnet, "wayOut" | "egress">> {
  const { region, lookUp } = question;
  const type = serving[region.topology];
  const previous = await previousResource<{ networkProfile?: { outboundType?: string } }>(type, region.name);
  const isThere = !isPrivate(region) && previous !== undefined;
  const asked = isThere ? { ...question, lookUp: new LookUp() } : question;
  const wayOut = await findWayOut(asked, network, subnet);
  const usesGateway = previous?.networkProfile?.outboundType === "userAssignedNATGateway";
  const egress =
    region.topology === "cluster" ? await findEgress(usesGateway ? question : asked, subnet) : undefined;
  if (isThere) for (const { path, message } of asked.lookUp.problems) lookUp.warn(path, message);
  return { wayOut, ...(egress && { egress }) };
}

/**
 * How an existing subnet reaches the internet, in the order of precedence in Azure's documentation:
 * https://learn.microsoft.com/azure/nat-gateway/nat-overview#azure-nat-gateway-basics
 *
 * - `route`: a route table sends all traffic to a firewall or a gateway.
 * - `natGateway`: a NAT gateway.
 * - `learned`: possibly routes that a gateway of the network, of a peer or of a Virtual WAN hub has learned. Azure lists those only for a running machine.
 * - `default`: Azure's default outbound access, through a public address that isn't the customer's. Networks created with API version 2025-07-01 or later don't have it.
 * - `none`
 */
export type WayOut = "route" | "natGateway" | "learned" | "default" | "none";

const path = "network.subnet";
const everything = "0.0.0.0/0";

type Subnet = NonNullable<GetVirtualNetworkResult["subnets"]>[number];

const wayOut =
  "give it a NAT gateway, or a route table with a route for 0.0.0.0/0 to a firewall (docs/private-networks.md#azure)";

/** Finds the way out. Adds a problem or a warning if it isn't sufficient for machines without a public address, or keeps answers from a public address's clients. */
async function findWayOut(
  question: Question,
  network: GetVirtualNetworkResult,
  subnet: Subnet,
): Promise<WayOut> {
  const table = await findRouteTable(question, subnet);
  const { region } = question;
  // For these nodes, AKS requires a route for 0.0.0.0/0: https://github.com/Azure/AKS/issues/1842
  const isWhole = region.topology === "cluster" && isPrivate(region);
  const found = wayOutOf(network, subnet, isWhole ? hopTo(everything, table) : hopOf(table));
  if (isPrivate(region)) judgePrivate(question, found);
  else judgePublic(question, found, table);
  return found;
}

function judgePrivate({ region, lookUp }: Question, found: WayOut): void {
  // Machines in a load balancer's pool have no default outbound access: https://learn.microsoft.com/azure/virtual-network/ip-services/default-outbound-access#constraints
  const isBalanced = region.topology === "cluster" || region.endpoint.privateLink !== undefined;
  const isMissing = found === "none" || (found === "default" && isBalanced);
  if (isMissing && region.topology === "cluster")
    lookUp.refuse(path, `has no way out, and a private endpoint's nodes no public address: ${wayOut}`);
  if (isMissing && region.topology === "vm")
    lookUp.warn(
      path,
      `has no way out, so the machine reaches only its own network and connected ones. All that it needs must be there (docs/private-networks.md#names-to-open). If it isn't: ${wayOut}`,
    );
  if (found === "default" && !isBalanced)
    lookUp.warn(
      path,
      `has Azure's default outbound access only, whose public address isn't yours and may change: ${wayOut}`,
    );
  if (found === "learned")
    lookUp.warn(
      path,
      "has a way out only if its network's gateway has learned a route for 0.0.0.0/0, which can't be seen before the machine runs",
    );
}

/** A firewall drops answers to requests that it hasn't seen: https://learn.microsoft.com/azure/firewall/integrate-lb#asymmetric-routing */
function judgePublic({ region, lookUp }: Question, found: WayOut, table: RouteTable | undefined): void {
  const hop = hopOf(table);
  const direct = table?.routes?.filter(({ nextHopType }) => nextHopType === "Internet") ?? [];
  const isDirect = (client: string) =>
    direct.some(
      ({ addressPrefix = "" }) =>
        sameIgnoringCase(addressPrefix, client) || contains(rangeOf(addressPrefix), rangeOf(client)),
    );
  const lost = region.access.clients.filter((client) => isOnInternet(client) && !isDirect(client));
  if (hop !== undefined && hop !== "Internet" && lost.length > 0)
    lookUp.refuse(
      path,
      `answers to ${lost.join(", ")} take its default route (${hop}). Requests come another way, so clients get no answer: set \`endpoint.exposure: private\`, name a subnet without this route, or add routes to these clients with the next hop Internet (docs/private-networks.md#the-way-out)`,
    );
  if (found === "learned" && hop === undefined && table?.disableBgpRoutePropagation !== true)
    lookUp.warn(
      path,
      "if its network's gateway has learned a route for 0.0.0.0/0, answers to clients go there, and are lost. Such a route can't be seen before the machine runs",
    );
  if (found === "natGateway" && region.topology === "vm")
    lookUp.warn(
      path,
      "has a NAT gateway, which carries, and bills for, what the machine fetches. With its own address, the machine doesn't need one",
    );
}

/** Whether a client, an address range or a service tag, can reach a public IPv4 address. */
function isOnInternet(client: string): boolean {
  return client !== "VirtualNetwork" && !client.includes(":") && !isPrivateRange(client);
}

/** Public addresses of the subnet's NAT gateway, as CIDR ranges. */
async function findEgress({ lookUp, options }: Question, { natGateway }: Subnet): Promise<string[]> {
  if (natGateway?.id === undefined) return [];
  const { group: resourceGroupName, name: natGatewayName } = partsOf(natGateway.id);
  const gateway = await lookUp.ask(
    path,
    `the NAT gateway ${natGatewayName}`,
    getNatGateway({ resourceGroupName, natGatewayName }, options),
  );
  const { publicIpAddresses = [], publicIpPrefixes = [] } = gateway ?? {};
  const ranges = await Promise.all([
    ...publicIpAddresses.map(async ({ id = "" }) => {
      const { group: resourceGroupName, name: publicIpAddressName } = partsOf(id);
      const asked = getPublicIPAddress({ resourceGroupName, publicIpAddressName }, options);
      const { ipAddress } = (await lookUp.ask(path, `the address ${publicIpAddressName}`, asked)) ?? {};
      return ipAddress && `${ipAddress}/32`;
    }),
    ...publicIpPrefixes.map(async ({ id = "" }) => {
      const { group: resourceGroupName, name: publicIpPrefixName } = partsOf(id);
      const asked = getPublicIPPrefix({ resourceGroupName, publicIpPrefixName }, options);
      return (await lookUp.ask(path, `the addresses ${publicIpPrefixName}`, asked))?.ipPrefix;
    }),
  ]);
  return ranges.flatMap((range) => range ?? []);
}

type RouteTable = Pick<GetRouteTableResult, "routes" | "disableBgpRoutePropagation">;

async function findRouteTable(
  { lookUp, options }: Question,
  { routeTable }: Subnet,
): Promise<RouteTable | undefined> {
  if (routeTable?.id === undefined) return undefined;
  const { group: resourceGroupName, name: routeTableName } = partsOf(routeTable.id);
  const asked = getRouteTable({ resourceGroupName, routeTableName }, options);
  return lookUp.ask(path, `the route table ${routeTableName}`, asked);
}

function hopTo(range: string, table: RouteTable | undefined): string | undefined {
  return table?.routes?.find(({ addressPrefix }) => addressPrefix === range)?.nextHopType;
}

/** Type of the next hop of the default route. Two routes for half of all addresses each precede it. */
function hopOf(table: RouteTable | undefined): string | undefined {
  const half = hopTo("0.0.0.0/1", table);
  return half !== undefined && half === hopTo("128.0.0.0/1", table) ? half : hopTo(everything, table);
}

/** @param hop type of the next hop of the default route, from the subnet's route table */
function wayOutOf(
  { subnets = [], virtualNetworkPeerings = [] }: GetVirtualNetworkResult,
  { natGateway, defaultOutboundAccess }: Subnet,
  hop: string | undefined,
): WayOut {
  if (hop === "VirtualAppliance" || hop === "VirtualNetworkGateway") return "route";
  if (hop === "None") return "none";
  if (natGateway) return "natGateway";
  const isConnected =
    virtualNetworkPeerings.some(({ useRemoteGateways }) => useRemoteGateways === true) ||
    subnets.some(({ name }) => name === "GatewaySubnet");
  if (isConnected) return "learned";
  return defaultOutboundAccess === false ? "none" : "default";
}
