/** The nodes of a cluster that the stack creates, for both the hosts and the cost estimate. */
import { defaultAzureNode } from "../config/region.ts";
import { disks, tierOf } from "./disk.ts";
import type { ClusterCloud, Machine } from "./machine.ts";
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

/** The maximum number of Pods on a node of AKS. Small enough that no node gets more than fit, and that AKS reserves little memory. */
export const azurePodsPerNode = 30;

/** What Pods request, and what a node has for them. */
export interface Requests {
  readonly cpuMillis: number;
  readonly memoryMiB: number;
}

type Size = Pick<Machine, "vCpu" | "memoryGiB">;

/** What a node has for one replica: its size, without what the service reserves and what the service's own Pods request there. */
export function roomOn(cloud: ClusterCloud, { vCpu, memoryGiB }: Size): Requests {
  const { seenMemory, reserved, ownPods } = serviceNodes[cloud];
  const { cpuMillis, memoryMiB } = reserved({ vCpu, memoryGiB });
  return {
    cpuMillis: vCpu * 1000 - cpuMillis - ownPods.cpuMillis,
    memoryMiB: Math.floor(memoryGiB * 1024 * seenMemory - memoryMiB - evictionMiB - ownPods.memoryMiB),
  };
}

/** The memory that both services keep free: https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/#hard-eviction-thresholds */
const evictionMiB = 100;

interface ServiceNodes {
  /** The part of a machine's memory that Linux sees. */
  readonly seenMemory: number;
  reserved(size: Size): Requests;
  readonly ownPods: Requests;
}

const serviceNodes: Readonly<Record<ClusterCloud, ServiceNodes>> = {
  aws: {
    // https://karpenter.sh/docs/reference/settings/ (vm-memory-overhead-percent)
    seenMemory: 0.925,
    // With 110 Pods: https://github.com/awslabs/amazon-eks-ami/blob/main/nodeadm/internal/kubelet/config.go
    reserved: ({ vCpu }) => ({
      cpuMillis: vCpu <= 4 ? 60 + 5 * vCpu : 70 + 2.5 * vCpu,
      memoryMiB: 255 + 11 * 110,
    }),
    // In Auto Mode, AWS's parts aren't Pods: https://docs.aws.amazon.com/eks/latest/userguide/automode.html
    ownPods: { cpuMillis: 0, memoryMiB: 0 },
  },
  azure: {
    // Of 8 GiB, /proc/meminfo shows 8,129,812 kB.
    seenMemory: 0.97,
    // https://learn.microsoft.com/azure/aks/node-resource-reservations
    reserved: ({ vCpu, memoryGiB }) => ({
      cpuMillis: vCpu <= 4 ? 60 + 20 * vCpu : 100 + 10 * vCpu,
      memoryMiB: Math.min(((20 * azurePodsPerNode + 50) * 1e6) / 1024 ** 2, (memoryGiB * 1024) / 4),
    }),
    // The memory, in part estimated, by `kubectl describe node` of Kubernetes 1.30 to 1.32: azure-cns 250 MiB, Cilium 100 (https://github.com/Azure/AKS/issues/5244), two CSI drivers 60 each, two
    // other agents 50 each; and one Pod of each Deployment, which AKS spreads: the metrics server 134, CoreDNS 70, Konnectivity 20, the identities' webhook 20, CoreDNS's autoscaler 10.
    ownPods: { cpuMillis: 940, memoryMiB: 820 },
  },
};

/** The minimum number of nodes in a system pool, so that one can be drained. */
export const fewestAzureNodes = 2;

const { name: _, ...azureTier } = tierOf(disks[azureNode.diskType], azureNode.diskGiB);

/** The disk of each node for Pods. */
export const nodeDisks: Readonly<Record<ClusterCloud, PlannedDisk>> = {
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
