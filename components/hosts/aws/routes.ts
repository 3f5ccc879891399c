import { type GetRouteTableResult, getRouteTable } from "@pulumi/aws/ec2/getRouteTable.js";
import type * as pulumi from "@pulumi/pulumi";
import ipaddr from "ipaddr.js";
import type { Question } from "./account.ts";

interface Subnet {
  readonly id: string;
  readonly vpcId: string;
  /** In the configuration, relative to the region. */
  readonly path: string;
}

/**
 * That the internet reaches public addresses in a subnet; otherwise there is a problem more, or a warning where a network interface decides. EC2 gives a machine such an address whatever the routes are.
 * @returns whether that goes for IPv6 addresses, too.
 */
export async function checkPublicRoute(
  { lookUp, options }: Question,
  { id, vpcId, path }: Subnet,
): Promise<boolean> {
  const table = await lookUp.ask(path, `the route table of ${id}`, routeTableOf({ id, vpcId }, options));
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
 * That what has no public address reaches the internet from a subnet; otherwise there is a problem more, or a warning where a virtual private gateway may have propagated a route: the provider tells none of
 * these. Whether a route's target passes it on, only its owner can tell.
 * @param mayBePublic whether machines in the subnet may have public addresses
 */
export async function checkWayOut(
  { lookUp, options }: Question,
  { id, vpcId, path }: Subnet,
  mayBePublic: boolean,
): Promise<void> {
  const table = await lookUp.ask(path, `the route table of ${id}`, routeTableOf({ id, vpcId }, options));
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

/** A subnet without a table of its own has the VPC's main one: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-route-tables.html */
async function routeTableOf(
  { id, vpcId }: Pick<Subnet, "id" | "vpcId">,
  options: pulumi.InvokeOptions,
): Promise<GetRouteTableResult> {
  try {
    return await getRouteTable({ subnetId: id }, options);
  } catch (error) {
    if (!/returned no results/.test((error as Error).message)) throw error;
    const filters = [{ name: "association.main", values: ["true"] }];
    return getRouteTable({ vpcId, filters }, options);
  }
}

type Route = GetRouteTableResult["routes"][number];

/** To a gateway, or to a firewall before it: https://docs.aws.amazon.com/vpc/latest/userguide/gwlb-route.html */
function leadsToInternet(route: Route): boolean {
  return route.gatewayId.startsWith("igw-") || (isDefault(route) && route.vpcEndpointId !== "");
}

function isDefault({ cidrBlock, ipv6CidrBlock }: Route): boolean {
  return cidrBlock === "0.0.0.0/0" || isAllOfIpv6(ipv6CidrBlock);
}

/** All public addresses are in this: https://www.iana.org/assignments/ipv6-address-space/ipv6-address-space.xhtml */
const publicIpv6 = ipaddr.IPv6.parseCIDR("2000::/3");

function isAllOfIpv6(range: string): boolean {
  if (range === "") return false;
  const [network, length] = ipaddr.IPv6.parseCIDR(range);
  return length <= publicIpv6[1] && publicIpv6[0].match(network, length);
}
