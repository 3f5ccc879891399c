import { PublicIPAddress } from "@pulumi/azure-native/network/publicIPAddress.js";
import type * as pulumi from "@pulumi/pulumi";
import type { Place } from "../place.ts";
import { allZonesOf } from "../regions.ts";
import { subnetId } from "../subnet.ts";
import { createSubnetFirewall } from "./firewall.ts";
import type { AzureClusterPlan } from "./plan.ts";

/** Where the nodes are, and the way from clients to them, which outlives the cluster. */
export interface ClusterNetwork {
  /** Resource id of the nodes' subnet. */
  readonly subnet: pulumi.Input<string>;
  readonly address: PublicIPAddress;
}

/**
 * Addresses of Pods and Services, which no one outside of the cluster sees. The ranges are of those that are meant for such use and seldom taken by networks that a
 * virtual network is connected to: https://www.rfc-editor.org/rfc/rfc6598
 *
 * Each node gets a /24 of the Pods' range: https://learn.microsoft.com/azure/aks/azure-cni-overlay#ip-address-planning
 */
export const podRange = "100.64.0.0/16";
export const serviceRange = "100.65.0.0/16";
export const dnsAddress = "100.65.0.10";

const ownSubnet = { name: "nodes", range: "10.255.254.0/24" };

export function createClusterNetwork(
  name: string,
  plan: AzureClusterPlan,
  place: Place,
  options: pulumi.CustomResourceOptions,
): ClusterNetwork {
  const zones = allZonesOf(plan.region.name);
  const address = new PublicIPAddress(
    name,
    {
      ...place,
      ...(zones.length > 0 && { zones }),
      publicIpAddressName: plan.names.address,
      sku: { name: "Standard" },
      publicIPAddressVersion: "IPv4",
      publicIPAllocationMethod: "Static",
    },
    { ...options, replaceOnChanges: ["zones"] },
  );
  const { region, governance } = plan;
  const ranges = { nodes: ownSubnet.range, pods: podRange };
  const firewall =
    governance?.subnetSecurityGroups && !("subnet" in region.network)
      ? createSubnetFirewall(name, plan, { place, ranges }, options)
      : undefined;
  return { subnet: subnetId(name, plan, { place, own: ownSubnet, firewall }, options), address };
}
