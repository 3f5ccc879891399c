import type { NatGateway } from "@pulumi/azure-native/network/natGateway.js";
import type { PublicIPAddress } from "@pulumi/azure-native/network/publicIPAddress.js";
import * as pulumi from "@pulumi/pulumi";
import { createOutbound, createPublicAddress, isPrivate } from "../outbound.ts";
import type { Place } from "../place.ts";
import { consumerRanges, withConsumers } from "../private-link.ts";
import { allZonesOf } from "../regions.ts";
import { subnetId } from "../subnet.ts";
import type { ClusterArgs } from "./findings.ts";
import { createSubnetFirewall } from "./firewall.ts";
import { type OutboundType, ownOutboundType } from "./previous.ts";

/** Where the nodes are, and the ways from clients to them and from them to the internet. */
export interface ClusterNetwork {
  /** Resource id of the nodes' subnet. */
  readonly subnet: pulumi.Input<string>;
  /** For clients; it outlives the cluster. Undefined for an endpoint that is private, whose load balancer has one of the subnet's. */
  readonly address: PublicIPAddress | undefined;
  readonly outboundType: OutboundType;
  /** Ranges from which the nodes reach the API; where AKS has made the way out, it knows by itself. */
  readonly egress: pulumi.Input<string>[];
}

export function createClusterNetwork(
  name: string,
  args: ClusterArgs,
  place: Place,
  options: pulumi.CustomResourceOptions,
): ClusterNetwork {
  const { plan, found } = args;
  const { region, names, governance } = plan;
  const zones = allZonesOf(region.name);
  const consumers = consumerRanges(region, found.subnet);
  const clients = withConsumers(region.access.clients, consumers);
  const firewall =
    governance?.subnetSecurityGroups && !("subnet" in region.network)
      ? createSubnetFirewall(name, plan, place, clients, options)
      : undefined;
  const subnetIn = (gateway?: NatGateway) => subnetId(name, args, { place, gateway, firewall }, options);
  if (!isPrivate(region)) {
    const own = { ...options, replaceOnChanges: ["zones"] };
    const address = createPublicAddress(name, { place, name: names.address, zones }, own);
    return { subnet: subnetIn(), address, outboundType: ownOutboundType(region), egress: [] };
  }
  const { subnet } = found;
  if (subnet) {
    const { outboundType = "none" } = found;
    return { subnet: subnetIn(), address: undefined, outboundType, egress: [...(subnet.egress ?? [])] };
  }
  const { gateway, address } = createOutbound(name, plan, place, zones, options);
  return {
    subnet: subnetIn(gateway),
    address: undefined,
    outboundType: ownOutboundType(region),
    egress: [pulumi.interpolate`${address.ipAddress}/32`],
  };
}
