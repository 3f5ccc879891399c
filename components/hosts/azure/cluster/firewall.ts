import { NetworkSecurityGroup } from "@pulumi/azure-native/network/networkSecurityGroup.js";
import type * as pulumi from "@pulumi/pulumi";
import { ipv4Ranges } from "../../address-family.ts";
import { inboundRule, nothingElse, sourceOf } from "../firewall.ts";
import type { Place } from "../place.ts";
import { ownSubnets } from "../subnet.ts";
import { podRange } from "./nodes.ts";
import type { AzureClusterPlan } from "./plan.ts";

/**
 * For a subnet that the stack makes, where the owners of the subscription ask for it. AKS has a group of its own, for the nodes' interfaces, which lets in the same clients.
 *
 * What passes between Pods isn't encapsulated, and the rules that Azure has by default know the nodes' addresses only:
 * https://learn.microsoft.com/azure/aks/azure-cni-overlay#network-security-groups. AKS needs more ways out than it lists addresses for; what Pods may reach, NetworkPolicies say:
 * https://learn.microsoft.com/azure/aks/outbound-rules-control-egress
 */
export function createSubnetFirewall(
  name: string,
  { region: { endpoint }, names }: AzureClusterPlan,
  place: Place,
  clients: readonly string[],
  options: pulumi.CustomResourceOptions,
): NetworkSecurityGroup {
  const nodesAndPods = [ownSubnets.cluster.own.range, podRange];
  const any = {
    access: "Allow",
    protocol: "*",
    sourceAddressPrefix: "*",
    sourcePortRange: "*",
    destinationAddressPrefix: "*",
    destinationPortRange: "*",
  };
  return new NetworkSecurityGroup(
    name,
    {
      ...place,
      networkSecurityGroupName: names.firewall,
      securityRules: [
        // The load balancer leaves its own address in the packets: https://learn.microsoft.com/azure/load-balancer/load-balancer-floating-ip
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
          ...any,
          name: "probes",
          direction: "Inbound",
          priority: 120,
          sourceAddressPrefix: "AzureLoadBalancer",
        },
        nothingElse("Inbound"),
        { ...any, name: "everything-outbound", direction: "Outbound", priority: 100 },
      ],
    },
    options,
  );
}
