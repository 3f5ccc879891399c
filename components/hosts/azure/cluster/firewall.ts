import { NetworkSecurityGroup } from "@pulumi/azure-native/network/networkSecurityGroup.js";
import type * as pulumi from "@pulumi/pulumi";
import { ipv4Ranges } from "../../address-family.ts";
import { sourceOf } from "../firewall.ts";
import type { Place } from "../place.ts";
import type { AzureClusterPlan } from "./plan.ts";

/** Where nodes and Pods have their addresses, as CIDR ranges. */
export interface ClusterRanges {
  readonly nodes: string;
  readonly pods: string;
}

/**
 * For a subnet that the stack makes, where the owners of the subscription ask for it. AKS has a group of its own, for the nodes' interfaces, which lets in the same clients.
 *
 * What passes between Pods isn't encapsulated, and the rules that Azure has by default know the nodes' addresses only:
 * https://learn.microsoft.com/azure/aks/azure-cni-overlay#network-security-groups. These rules let in the load balancer's probes, and everything out.
 */
export function createSubnetFirewall(
  name: string,
  { region: { access, endpoint }, names }: AzureClusterPlan,
  { place, ranges: { nodes, pods } }: { readonly place: Place; readonly ranges: ClusterRanges },
  options: pulumi.CustomResourceOptions,
): NetworkSecurityGroup {
  const inside = {
    access: "Allow",
    protocol: "*",
    priority: 110,
    sourceAddressPrefixes: [nodes, pods],
    sourcePortRange: "*",
    destinationAddressPrefixes: [nodes, pods],
    destinationPortRange: "*",
  };
  return new NetworkSecurityGroup(
    name,
    {
      ...place,
      networkSecurityGroupName: names.firewall,
      securityRules: [
        {
          name: "clients",
          direction: "Inbound",
          priority: 100,
          access: "Allow",
          protocol: "Tcp",
          ...sourceOf(ipv4Ranges(access.clients)),
          sourcePortRange: "*",
          // The load balancer leaves its own address in the packets: https://learn.microsoft.com/azure/load-balancer/load-balancer-floating-ip
          destinationAddressPrefix: "*",
          destinationPortRange: String(endpoint.port),
        },
        { ...inside, name: "pods-inbound", direction: "Inbound" },
        { ...inside, name: "pods-outbound", direction: "Outbound" },
      ],
    },
    options,
  );
}
