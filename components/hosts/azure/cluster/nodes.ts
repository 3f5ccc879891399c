import { fewestAzureNodes } from "../../../capacity/cluster-nodes.ts";
import type { AzureClusterRegion } from "../../../config/schema.ts";
import { allZonesOf } from "../regions.ts";

/** So that no node is given more than fits, and AKS reserves little memory: https://learn.microsoft.com/azure/aks/node-resource-reservations */
export const podsPerNode = 30;

export interface NodeCount {
  readonly min: number;
  readonly max: number;
}

/** What is left of a node's disk for one replica, beside AKS's own Pods and images. */
export const replicaDiskGiB = 40;

/** Sorted, as another order would be another cluster. In a region without zones, none. */
export function zonesOfNodes({ name, nodes }: Pick<AzureClusterRegion, "name" | "nodes">): string[] {
  return nodes.zones ? [...new Set(nodes.zones)].sort() : allZonesOf(name);
}

/** The only pool of the cluster. */
export const poolName = "nodes";

/** A node for each replica, and one more while a roll-out starts a replica before it ends another. */
export function nodeCount({ replicas }: Pick<AzureClusterRegion, "replicas">): NodeCount {
  const min = Math.max(fewestAzureNodes, replicas.min);
  return { min, max: Math.max(min, replicas.max ?? 0) + 1 };
}

/**
 * The number of nodes that an update of the cluster names. While the autoscaler is on, AKS takes a number outside its range for an error, and another one than the pool
 * has for scaling by hand; it doesn't take none: https://github.com/hashicorp/terraform-provider-azurerm/pull/4256, https://github.com/Azure/AKS/issues/1481,
 * https://github.com/pulumi/pulumi-azure-native/issues/2943
 *
 * @param live what the pool has now. Undefined before it is there.
 */
export function countFor({ min, max }: NodeCount, live: number | undefined): number {
  return Math.min(Math.max(live ?? min, min), max);
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
