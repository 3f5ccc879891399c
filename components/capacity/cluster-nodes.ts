/** The nodes of a cluster that the stack creates, for both the hosts and the cost estimate. */
import { defaultAzureNode } from "../config/region.ts";
import { disks, tierOf } from "./disk.ts";
import type { Cloud, Machine } from "./machine.ts";
import type { PlannedDisk } from "./plan-disk.ts";

/**
 * The default nodes of a pool in AKS. A pool can't change the size of its nodes, so the size doesn't depend on the workload: a larger workload gets more
 * replicas.
 */
export const azureNode = {
  type: defaultAzureNode,
  /** The disk for images and the edge's own cache, in GiB: the size of a tier. Nodes can't have Premium SSD v2: https://learn.microsoft.com/azure/virtual-machines/disks-types#premium-ssd-v2-limitations */
  diskGiB: 64,
  diskType: "Premium_LRS",
} as const;

/**
 * Whether AKS accepts this machine for its system Pods.
 * https://learn.microsoft.com/azure/aks/use-system-pools#system-and-user-node-pools
 */
export function isForAks({ type, vCpu }: Pick<Machine, "type" | "vCpu">): boolean {
  return vCpu >= 4 && !type.startsWith("Standard_B");
}

/** The processor time that the other containers of a replica and AKS's system Pods request on a node. In Auto Mode, AWS's parts aren't Pods. */
const besideEdgeCpuMillis: Readonly<Record<Cloud, number>> = { aws: 120, azure: 1060 };

/** The processor time that the service reserves on a node. */
const reservedCpuMillis: Readonly<Record<Cloud, (vCpu: number) => number>> = {
  // https://github.com/awslabs/amazon-eks-ami/blob/main/nodeadm/internal/kubelet/config.go
  aws: (vCpu) => (vCpu <= 4 ? 60 + 5 * vCpu : 70 + 2.5 * vCpu),
  // https://learn.microsoft.com/azure/aks/node-resource-reservations#cpu-reservations
  azure: (vCpu) => (vCpu <= 4 ? 60 + 20 * vCpu : 100 + 10 * vCpu),
};

/** The processor time of a node that remains for the edge of one replica. */
export function edgeCpuMillis(cloud: Cloud, vCpu: number): number {
  return vCpu * 1000 - reservedCpuMillis[cloud](vCpu) - besideEdgeCpuMillis[cloud];
}

/** The minimum number of nodes in a system pool, so that one can be drained. */
export const fewestAzureNodes = 2;

const { name: _, ...azureTier } = tierOf(disks[azureNode.diskType], azureNode.diskGiB);

/** The disk of each node for Pods. */
export const nodeDisks: Readonly<Record<Cloud, PlannedDisk>> = {
  // Auto Mode's default: https://docs.aws.amazon.com/eks/latest/userguide/create-node-class.html
  aws: { type: "gp3", sizeGiB: 80, ...disks.gp3.free },
  azure: { type: azureNode.diskType, ...azureTier },
};

/** The part of that volume that images and logs leave free in Auto Mode. */
export const awsNodeRoomGiB = 64;

/** The minimum memory for a replica and the cluster's own Pods, in GiB. */
const leastMemoryGiB = 8;

/**
 * Whether Auto Mode would use this machine for a replica. Its built-in pools have the families C, M and R with more than one processor.
 * https://docs.aws.amazon.com/eks/latest/userguide/automode-learn-instances.html#auto-supported-instances
 */
export function isForAutoMode({ vCpu, sustainedVCpu, memoryGiB }: Machine): boolean {
  return vCpu > 1 && sustainedVCpu === vCpu && memoryGiB >= leastMemoryGiB;
}
