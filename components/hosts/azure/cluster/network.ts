import type { NatGateway } from "@pulumi/azure-native/network/natGateway.js";
import { NetworkSecurityGroup } from "@pulumi/azure-native/network/networkSecurityGroup.js";
import type { PublicIPAddress } from "@pulumi/azure-native/network/publicIPAddress.js";
import * as pulumi from "@pulumi/pulumi";
import { contains, rangeOf } from "../../../config/access.ts";
import { ipv4Ranges } from "../../address-family.ts";
import { isPrivate } from "../endpoint.ts";
import { createOutbound, createPublicAddress } from "../outbound.ts";
import { withConsumers } from "../private-link.ts";
import { allZonesOf } from "../regions.ts";
import { everything, inboundRule, nothingElse, sourceOf } from "../security-rules.ts";
import { ownSubnets, subnetId } from "../subnet.ts";
import type { PlacedCluster } from "./findings.ts";
import { podRange } from "./nodes.ts";
import { type OutboundType, ownOutboundType } from "./previous.ts";

/** The network of the nodes: their subnet, the clients' way in, and the way out to the internet. */
export interface ClusterNetwork {
  /** Resource id of the nodes' subnet. */
  readonly subnet: pulumi.Input<string>;
  /** The clients' public address, which outlives the cluster. Undefined for a private endpoint, whose load balancer has an address of its subnet. */
  readonly address: PublicIPAddress | undefined;
  readonly outboundType: OutboundType;
  /** Ranges from which the nodes reach the API. Empty if AKS creates the way out, because AKS then allows it by itself. */
  readonly egress: pulumi.Input<string>[];
}

export function createClusterNetwork(
  args: PlacedCluster,
  options: pulumi.CustomResourceOptions,
): ClusterNetwork {
  const { plan, place, found } = args;
  const { region, names, governance } = plan;
  const zones = allZonesOf(region.name);
  const clients = withConsumers(region, found.subnet);
  const firewall =
    governance?.subnetSecurityGroups && !("subnet" in region.network)
      ? createSubnetFirewall(args, clients, options)
      : undefined;
  const subnetIn = (gateway?: NatGateway) => subnetId(args, gateway, firewall, options);
  const { subnet, outboundType = ownOutboundType(region) } = found;
  const isAllowed = (range: string) => region.apiAccess.some((it) => contains(rangeOf(it), rangeOf(range)));
  const egress = (subnet?.egress ?? []).filter((range) => !isAllowed(range));
  if (!isPrivate(region)) {
    const own = { ...options, replaceOnChanges: ["zones"] };
    const address = createPublicAddress(region.name, { place, name: names.address, zones }, own);
    return { subnet: subnetIn(), address, outboundType, egress };
  }
  if (subnet) return { subnet: subnetIn(), address: undefined, outboundType, egress };
  const { gateway, address } = createOutbound(args, zones, options);
  return {
    subnet: subnetIn(gateway),
    address: undefined,
    outboundType,
    egress: [pulumi.interpolate`${address.ipAddress}/32`],
  };
}

/**
 * The security group of a subnet that the stack creates, if the subscription's owners require one. AKS has its own group for the nodes' interfaces, which allows the same clients.
 *
 * Traffic between Pods isn't encapsulated, and Azure's default rules cover only the nodes' addresses:
 * https://learn.microsoft.com/azure/aks/azure-cni-overlay#network-security-groups. Outbound traffic isn't limited here, because AKS doesn't list all addresses that it needs.
 * NetworkPolicies limit what Pods can reach: https://learn.microsoft.com/azure/aks/outbound-rules-control-egress
 */
function createSubnetFirewall(
  { plan: { region, names }, place }: PlacedCluster,
  clients: readonly string[],
  options: pulumi.CustomResourceOptions,
): NetworkSecurityGroup {
  const nodesAndPods = [ownSubnets.cluster.own.range, podRange];
  return new NetworkSecurityGroup(
    region.name,
    {
      ...place,
      networkSecurityGroupName: names.firewall,
      securityRules: [
        // Allows any destination, because the load balancer keeps its own address in the packets: https://learn.microsoft.com/azure/load-balancer/load-balancer-floating-ip
        inboundRule(
          { name: "clients", port: region.endpoint.port, source: sourceOf(ipv4Ranges(clients)) },
          100,
        ),
        {
          name: "nodes-and-pods",
          direction: "Inbound",
          priority: 110,
          access: "Allow",
          protocol: "*",
          sourceAddressPrefixes: nodesAndPods,
          sourcePortRange: "*",
          destinationAddressPrefixes: nodesAndPods,
          destinationPortRange: "*",
        },
        {
          ...everything,
          name: "probes",
          direction: "Inbound",
          priority: 120,
          access: "Allow",
          sourceAddressPrefix: "AzureLoadBalancer",
        },
        nothingElse("Inbound"),
        { ...everything, name: "everything-outbound", direction: "Outbound", priority: 100, access: "Allow" },
      ],
    },
    options,
  );
}
