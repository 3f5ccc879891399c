import { fewestAzureNodes } from "../../../capacity/cluster-nodes.ts";
import type { AzureClusterRegion } from "../../../config/schema.ts";
import { allZonesOf } from "../regions.ts";

export interface NodeCount {
  readonly min: number;
  readonly max: number;
}

/** Space on a node's disk for one replica, without AKS's own Pods and images. */
export const replicaDiskGiB = 40;

/** The zones of the nodes. Sorted, because another order would replace the cluster. Empty in a region without zones. */
export function zonesOfNodes({ name, nodes }: Pick<AzureClusterRegion, "name" | "nodes">): string[] {
  return nodes.zones ? [...new Set(nodes.zones)].sort() : allZonesOf(name);
}

/** Name of the cluster's only pool. */
export const poolName = "nodes";

/**
 * One node per replica, and one more for a roll-out, which starts a new replica before it ends an old one.
 *
 * Replicas only prefer different nodes. If they had to, as in EKS, one would wait while two nodes of a zone are lost. And an update to fewer replicas would fail: AKS first
 * drains nodes, and while one replica waits, no other may be evicted. https://learn.microsoft.com/azure/aks/scale-cluster
 */
export function nodeCount({ replicas }: Pick<AzureClusterRegion, "replicas">): NodeCount {
  const min = Math.max(fewestAzureNodes, replicas.min);
  return { min, max: Math.max(min, replicas.max ?? 0) + 1 };
}

/**
 * The number of nodes in an update of the cluster. With the autoscaler on, AKS refuses a number outside the autoscaler's range, treats a number that differs from the pool's as
 * manual scaling, and refuses a missing number: https://github.com/hashicorp/terraform-provider-azurerm/pull/4256, https://github.com/Azure/AKS/issues/1481,
 * https://github.com/pulumi/pulumi-azure-native/issues/2943
 *
 * @param live the pool's present number of nodes. Undefined if there is no pool yet.
 */
export function countFor({ min, max }: NodeCount, live: number | undefined): number {
  return Math.min(Math.max(live ?? min, min), max);
}

/**
 * Addresses of Pods and Services, which are visible only inside the cluster. The ranges are from RFC 6598's block for shared address space. Networks that are connected to a
 * virtual network seldom use it: https://www.rfc-editor.org/rfc/rfc6598
 *
 * Each node gets a /24 of the Pods' range: https://learn.microsoft.com/azure/aks/azure-cni-overlay#ip-address-planning
 */
export const podRange = "100.64.0.0/16";
export const serviceRange = "100.65.0.0/16";
export const dnsAddress = "100.65.0.10";
