/** The nodes of a cluster that a stack makes: what the hosts create and the cost estimate counts. */
import { defaultAzureNode } from "../config/region.ts";
import type { Machine } from "./machine.ts";

/**
 * The nodes of a pool in AKS, unless the configuration names another size. A pool keeps its size for ever, so it doesn't follow from the workload: more is carried by
 * more replicas.
 */
export const azureNode = {
  type: defaultAzureNode,
  /** For images and the edge's own cache, in GiB: that of a tier of Premium SSD. */
  diskGiB: 64,
} as const;

/**
 * Whether AKS runs its own Pods on such a machine.
 * https://learn.microsoft.com/azure/aks/use-system-pools#system-and-user-node-pools
 */
export function isForAks({ type, vCpu }: Pick<Machine, "type" | "vCpu">): boolean {
  return vCpu >= 4 && !type.startsWith("Standard_B");
}

/** What the containers beside the edge and AKS's own Pods take of a node's processors. */
const besideEdgeCpuMillis = 1060;

/** What is left of a node's processors for the edge of one replica. */
export function azureEdgeCpuMillis(vCpu: number): number {
  return vCpu * 1000 - aksReservedCpuMillis(vCpu) - besideEdgeCpuMillis;
}

/** https://learn.microsoft.com/azure/aks/node-resource-reservations#cpu-reservations */
function aksReservedCpuMillis(vCpu: number): number {
  return vCpu <= 4 ? 60 + 20 * vCpu : 100 + 10 * vCpu;
}

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
