import { type Demand, diskMbps, iopsFor } from "./demand.ts";
import { disks, toMbps } from "./disk.ts";
import type { Cloud, DiskType, Machine } from "./machine.ts";
import type { PlannedDisk } from "./plan-disk.ts";

/** How much of one resource a workload needs, and how much is available permanently, without bursts. */
export interface Limit<Name = LimitName> {
  readonly name: Name;
  readonly required: number;
  readonly available: number;
  readonly unit: "Mbps" | "IOPS" | "GiB";
}

export type MachineLimitName =
  | "network"
  | "internet gateway"
  | "processor"
  | "machine's disk throughput"
  | "machine's disk IOPS"
  | "memory";

export type LimitName = MachineLimitName | "disk throughput" | "disk IOPS";

/**
 * The total rate of an instance with fewer than 32 vCPU through an internet gateway:
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-network-bandwidth.html
 */
const gatewayMbps = 5000;
const gatewayLimitBelowVCpu = 32;

/**
 * The rate at which one vCPU encrypts and sends. nginx 1.26 needs 0.57 s of a 2020s AMD EPYC core for 1 GiB over TLS 1.3, which is 15 Gbps. A sixth of that leaves a
 * margin for slower cores, hyperthreads, interrupts and the rest of the Pod.
 */
export const mbpsPerVCpu = 2500;

/** The memory of the Pod with one upstream, of each further upstream, and of Debian. The rest is page cache. */
const podGiB = 1;
const upstreamGiB = 0.125;
const systemGiB = 0.5;

/** The memory that zot uses in addition to distribution's: see its limit in pod/zot.ts. */
const zotGiB = 1;

/** The memory that a machine needs without any page cache. */
function memoryFloorGiB({ upstreams, zot = 0 }: Origins): number {
  return systemGiB + podGiB + upstreamGiB * (upstreams - 1) + zotGiB * zot;
}

/** The memory of a machine that remains for the page cache. At least 0. */
export function pageCacheGiB(machine: Machine, origins: Origins): number {
  return Math.max(0, machine.memoryGiB - memoryFloorGiB(origins));
}

/** The maximum page cache in the memory limit of a replica's edge. Beyond it, reading from the node's disk costs less than more memory in each replica. */
export const mostPageCacheMiB = 4096;

type Origins = Pick<Setting, "upstreams" | "zot">;

/** What a machine must serve: the demand of a workload, a type of disk, and the upstreams. */
export interface Setting {
  readonly cloud: Cloud;
  readonly demand: Demand;
  readonly diskType: DiskType;
  /** The number of registries that the cache serves, at least 1. Each needs memory. */
  readonly upstreams: number;
  /** The number of these with `engine: zot`. Each needs more memory, and together they take half of the disk. @default 0 */
  readonly zot?: number;
  /** The page cache if the memory of a container limits it. @default all memory that the Pod and the system leave */
  readonly cachedGiB?: number;
  /** The machine's only disk if it is always the same. @default a disk that is planned for the machine */
  readonly disk?: PlannedDisk;
  /** Machine types that the cloud doesn't offer in this place. `auto` doesn't choose them. @default none */
  readonly unavailable?: readonly string[] | undefined;
}

/** The rate of a machine's disk. For a machine that isn't known, as if it had no memory for pulls. */
export function onDiskMbps(machine: Machine | undefined, { demand, cachedGiB, ...origins }: Setting): number {
  return diskMbps(demand, cachedGiB ?? (machine ? pageCacheGiB(machine, origins) : 0));
}

/** All limits of a machine, independent of the performance set for its disk. */
export function machineLimits(machine: Machine, setting: Setting): Limit<MachineLimitName>[] {
  const { cloud, demand, diskType, disk } = setting;
  const path = machine.diskPath[diskType];
  if (!path) throw new RangeError(`${machine.type} takes no ${diskType} disk`);
  const network = { required: demand.networkMbps, unit: "Mbps" } as const;
  const onDisk = onDiskMbps(machine, setting);
  // A faster machine gets no more from the same disk.
  const [carriedMbps, carriedIops] = disk
    ? [Math.min(onDisk, toMbps(disk.throughput, disks[diskType].unit)), Math.min(iopsFor(onDisk), disk.iops)]
    : [onDisk, iopsFor(onDisk)];
  const behindGateway = cloud === "aws" && machine.vCpu < gatewayLimitBelowVCpu;
  return [
    { name: "network", ...network, available: machine.networkMbps },
    ...(behindGateway ? [{ name: "internet gateway", ...network, available: gatewayMbps } as const] : []),
    { name: "processor", ...network, available: Math.floor(machine.sustainedVCpu * mbpsPerVCpu) },
    { name: "machine's disk throughput", required: carriedMbps, available: path.sustainedMbps, unit: "Mbps" },
    { name: "machine's disk IOPS", required: carriedIops, available: path.sustainedIops, unit: "IOPS" },
    { name: "memory", required: memoryFloorGiB(setting), available: machine.memoryGiB, unit: "GiB" },
  ];
}

/** The ratio of required to available. Up to 1, the limit suffices. */
export function strain({ required, available }: Limit): number {
  return required / available;
}

export function suffices({ required, available }: Limit): boolean {
  return required <= available;
}
