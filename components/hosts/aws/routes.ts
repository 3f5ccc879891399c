import { type GetRouteTableResult, getRouteTable } from "@pulumi/aws/ec2/getRouteTable.js";
import ipaddr from "ipaddr.js";
import type { Question } from "./account.ts";

interface Subnet {
  readonly id: string;
  readonly vpcId: string;
  /** Path of the configuration entry, relative to the region. */
  readonly path: string;
}

/**
 * Checks that the internet can reach public addresses in a subnet. If not, adds a problem. If a route leads to a network interface, adds only a warning. EC2 assigns public addresses whatever the routes are.
 * @returns whether IPv6 addresses can be reached, too
 */
export async function checkPublicRoute(question: Question, subnet: Subnet): Promise<boolean> {
  const { lookUp } = question;
  const { id, path } = subnet;
  const table = await routeTableOf(question, subnet);
  if (!table) return false;
  const open = table.routes.filter(leadsToInternet);
  const throughInterface = table.routes.find((it) => isDefault(it) && it.networkInterfaceId !== "");
  if (open.length === 0 && throughInterface) {
    const message =
      `the default route of ${id} leads to ${throughInterface.networkInterfaceId}. If that is a NAT instance, nobody reaches a public address in the ` +
      "subnet: name another one. A firewall that passes clients on is fine";
    lookUp.warn(path, message);
  } else if (open.length === 0) {
    const message =
      `${id} has no route to an internet gateway, so nobody reaches a public address in it: ` +
      `add one for 0.0.0.0/0 to its route table, ${table.routeTableId}, or name a public subnet`;
    lookUp.refuse(path, message);
  }
  return open.some(({ ipv6CidrBlock }) => isAllOfIpv6(ipv6CidrBlock));
}

/**
 * Checks that machines without a public address can reach the internet from a subnet. If not, adds a problem. If there is no default route, adds only a warning: a virtual private gateway may propagate
 * one, and the provider doesn't show such routes. Whether the route's target forwards the traffic isn't checked.
 * @param mayBePublic whether machines in the subnet can get public addresses
 */
export async function checkWayOut(question: Question, subnet: Subnet, mayBePublic: boolean): Promise<void> {
  const { lookUp } = question;
  const { id, path } = subnet;
  const table = await routeTableOf(question, subnet);
  if (!table) return;
  const route = table.routes.find(({ cidrBlock }) => cidrBlock === "0.0.0.0/0");
  if (route && !route.gatewayId.startsWith("igw-") && route.vpcPeeringConnectionId === "") return;
  const wayOut = `route 0.0.0.0/0 in its route table, ${table.routeTableId}, to a NAT gateway, a transit gateway or a firewall, or name a private subnet`;
  if (route) {
    const target = route.gatewayId || route.vpcPeeringConnectionId;
    const publicly =
      mayBePublic && route.gatewayId !== "" ? "let the subnet give machines public IPv4 addresses, or " : "";
    lookUp.refuse(
      path,
      `${id} has a default route to ${target}, which takes no private address to the internet: ${publicly}${wayOut}`,
    );
  } else {
    const unseen = "unless a virtual private gateway propagates one, which a preview can't see";
    lookUp.warn(path, `${id} has no default route, ${unseen}: ${wayOut}`);
  }
}

/** A subnet without its own route table uses the VPC's main one: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-route-tables.html */
function routeTableOf({ lookUp, options }: Question, { id, vpcId, path }: Subnet) {
  const table = getRouteTable({ subnetId: id }, options).catch((error: Error) => {
    if (!/returned no results/.test(error.message)) throw error;
    const filters = [{ name: "association.main", values: ["true"] }];
    return getRouteTable({ vpcId, filters }, options);
  });
  return lookUp.ask(path, `the route table of ${id}`, table);
}

type Route = GetRouteTableResult["routes"][number];

/** Whether a route leads to an internet gateway, or to a firewall in front of one: https://docs.aws.amazon.com/vpc/latest/userguide/gwlb-route.html */
function leadsToInternet(route: Route): boolean {
  return route.gatewayId.startsWith("igw-") || (isDefault(route) && route.vpcEndpointId !== "");
}

function isDefault({ cidrBlock, ipv6CidrBlock }: Route): boolean {
  return cidrBlock === "0.0.0.0/0" || isAllOfIpv6(ipv6CidrBlock);
}

/** The range of all public IPv6 addresses: https://www.iana.org/assignments/ipv6-address-space/ipv6-address-space.xhtml */
const publicIpv6 = ipaddr.IPv6.parseCIDR("2000::/3");

function isAllOfIpv6(range: string): boolean {
  if (range === "") return false;
  const [network, length] = ipaddr.IPv6.parseCIDR(range);
  return length <= publicIpv6[1] && publicIpv6[0].match(network, length);
}
