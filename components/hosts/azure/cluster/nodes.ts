import { fewestAzureNodes } from "../../../capacity/cluster-nodes.ts";
import type { AzureClusterRegion } from "./cluster-args.ts";

/** So that no node is given more than fits, and AKS reserves little memory: https://learn.microsoft.com/azure/aks/node-resource-reservations */
export const podsPerNode = 30;

export interface NodeCount {
  readonly least: number;
  readonly most: number;
}

/** What is left on a node for the edge of one replica, beside the Pod's other containers, AKS's own Pods and images. */
export const edgeRoom = { cpuMillis: 2800, diskGiB: 40 } as const;

/** A node for each replica, and one more while a roll-out starts a replica before it ends another. */
export function nodeCount({ replicas }: Pick<AzureClusterRegion, "replicas">): NodeCount {
  const least = Math.max(fewestAzureNodes, replicas.min);
  return { least, most: Math.max(least, replicas.max ?? 0) + 1 };
}
