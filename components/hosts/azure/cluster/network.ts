import type { NatGateway } from "@pulumi/azure-native/network/natGateway.js";
import { NetworkSecurityGroup } from "@pulumi/azure-native/network/networkSecurityGroup.js";
import type { PublicIPAddress } from "@pulumi/azure-native/network/publicIPAddress.js";
import * as pulumi from "@pulumi/pulumi";
import { ipv4Ranges } from "../../address-family.ts";
import { createOutbound, createPublicAddress, isPrivate } from "../outbound.ts";
import type { Place } from "../place.ts";
import { withConsumers } from "../private-link.ts";
import { allZonesOf } from "../regions.ts";
import { everything, inboundRule, nothingElse, sourceOf } from "../security-rules.ts";
import { ownSubnets, subnetId } from "../subnet.ts";
import type { ClusterArgs } from "./findings.ts";
import { podRange } from "./nodes.ts";
import type { AzureClusterPlan } from "./plan.ts";
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
  const clients = withConsumers(region, found.subnet);
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

/**
 * For a subnet that the stack makes, where the owners of the subscription ask for it. AKS has a group of its own, for the nodes' interfaces, which lets in the same clients.
 *
 * What passes between Pods isn't encapsulated, and the rules that Azure has by default know the nodes' addresses only:
 * https://learn.microsoft.com/azure/aks/azure-cni-overlay#network-security-groups. AKS needs more ways out than it lists addresses for; what Pods may reach, NetworkPolicies say:
 * https://learn.microsoft.com/azure/aks/outbound-rules-control-egress
 */
function createSubnetFirewall(
  name: string,
  { region: { endpoint }, names }: AzureClusterPlan,
  place: Place,
  clients: readonly string[],
  options: pulumi.CustomResourceOptions,
): NetworkSecurityGroup {
  const nodesAndPods = [ownSubnets.cluster.own.range, podRange];
  return new NetworkSecurityGroup(
    name,
    {
      ...place,
      networkSecurityGroupName: names.firewall,
      securityRules: [
        // To any address, as the load balancer leaves its own in the packets: https://learn.microsoft.com/azure/load-balancer/load-balancer-floating-ip
        inboundRule({ name: "clients", port: endpoint.port, source: sourceOf(ipv4Ranges(clients)) }, 100),
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
