/** The nodes of a cluster that a stack makes: what the hosts create and the cost estimate counts. */
import type { Machine } from "./machine.ts";

/** What AKS runs the nodes of a pool on. A pool keeps it for ever, so it doesn't follow from the workload: more is carried by more replicas. */
export const azureNode = {
  /**
   * The least expensive size on which AKS runs its own Pods, for Arm: four processors, and not of series B.
   * https://learn.microsoft.com/azure/aks/use-system-pools#system-and-user-node-pools
   */
  type: "Standard_D4pls_v6",
  /** For images and the edge's own cache, in GiB: that of a tier of Premium SSD. */
  diskGiB: 64,
} as const;

/** A system pool has two nodes at least: so one may go. */
export const fewestAzureNodes = 2;

/** The volume that Auto Mode gives a node for Pods, in GiB: https://docs.aws.amazon.com/eks/latest/userguide/create-node-class.html */
export const awsNodeDiskGiB = 80;

/** Of it, what is left beside images and logs. */
export const awsNodeRoomGiB = 64;

/** The least memory for a replica and what else runs in the cluster, in GiB. */
const leastMemoryGiB = 8;

/**
 * Whether Auto Mode would take this machine for a replica: the built-in pools have families C, M and R with more than one processor.
 * https://docs.aws.amazon.com/eks/latest/userguide/automode-learn-instances.html#auto-supported-instances
 */
export function isForAutoMode({ vCpu, sustainedVCpu, memoryGiB }: Machine): boolean {
  return vCpu > 1 && sustainedVCpu === vCpu && memoryGiB >= leastMemoryGiB;
}
