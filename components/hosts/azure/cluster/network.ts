import type { NatGateway } from "@pulumi/azure-native/network/natGateway.js";
import { PublicIPAddress } from "@pulumi/azure-native/network/publicIPAddress.js";
import * as pulumi from "@pulumi/pulumi";
import type { HostArgs } from "../../kind.ts";
import { createOutbound, isPrivate } from "../outbound.ts";
import type { Place } from "../place.ts";
import { consumerRanges, withConsumers } from "../private-link.ts";
import { allZonesOf } from "../regions.ts";
import { subnetId } from "../subnet.ts";
import type { ClusterFindings } from "./findings.ts";
import { createSubnetFirewall } from "./firewall.ts";
import { type OutboundType, ownOutboundType } from "./outbound-type.ts";
import type { AzureClusterPlan } from "./plan.ts";
import { clusterLinkSubnet, nodeSubnet, podRange } from "./ranges.ts";

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
  { plan, found }: HostArgs<AzureClusterPlan, ClusterFindings>,
  place: Place,
  options: pulumi.CustomResourceOptions,
): ClusterNetwork {
  const { region, names, governance } = plan;
  const zones = allZonesOf(region.name);
  const consumers = consumerRanges(region, found.subnet, clusterLinkSubnet);
  const clients = withConsumers(region.access.clients, consumers);
  const ranges = { nodes: nodeSubnet.range, pods: podRange, clients };
  const firewall =
    governance?.subnetSecurityGroups && !("subnet" in region.network)
      ? createSubnetFirewall(name, plan, { place, ranges }, options)
      : undefined;
  const subnetIn = (gateway?: NatGateway) =>
    subnetId(
      name,
      plan,
      {
        place,
        own: nodeSubnet,
        link: clusterLinkSubnet,
        gateway,
        firewall,
        previous: found.previousSubnet,
      },
      options,
    );
  if (!isPrivate(region)) {
    const address = createAddress(name, { place, names, zones }, options);
    return { subnet: subnetIn(), address, outboundType: ownOutboundType(region), egress: [] };
  }
  const { subnet } = found;
  if (subnet) {
    const { outboundType = "none" } = found;
    return { subnet: subnetIn(), address: undefined, outboundType, egress: [...(subnet.egress ?? [])] };
  }
  const { gateway, address } = createOutbound(name, { place, names, zones }, options);
  return {
    subnet: subnetIn(gateway),
    address: undefined,
    outboundType: ownOutboundType(region),
    egress: [pulumi.interpolate`${address.ipAddress}/32`],
  };
}

function createAddress(
  name: string,
  { place, names, zones }: { place: Place; names: AzureClusterPlan["names"]; zones: readonly string[] },
  options: pulumi.CustomResourceOptions,
): PublicIPAddress {
  return new PublicIPAddress(
    name,
    {
      ...place,
      ...(zones.length > 0 && { zones: [...zones] }),
      publicIpAddressName: names.address,
      sku: { name: "Standard" },
      publicIPAddressVersion: "IPv4",
      publicIPAllocationMethod: "Static",
    },
    { ...options, replaceOnChanges: ["zones"] },
  );
}
