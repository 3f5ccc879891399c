import { type Demand, diskMbps, iopsFor } from "./demand.ts";
import type { Cloud, DiskType, Machine } from "./machine.ts";

/** What a workload needs of one resource, and what there is of it for as long as it takes: bursts don't count. */
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

type LimitName = MachineLimitName | "disk throughput" | "disk IOPS";

/**
 * What an instance with fewer than 32 vCPU gets through an internet gateway, in all:
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-network-bandwidth.html
 */
const gatewayMbps = 5000;
const gatewayLimitBelowVCpu = 32;

/**
 * What one vCPU encrypts and sends. nginx 1.26 needs 0.57 s of a 2020s AMD EPYC core for 1 GiB over TLS 1.3, which is 15 Gbps; a sixth of it leaves room for
 * slower cores, hyperthreads, interrupts and the rest of the Pod.
 */
export const mbpsPerVCpu = 2500;

/** What the Pod with one upstream uses, each further upstream, and Debian. The rest is page cache. */
const podGiB = 1;
const upstreamGiB = 0.125;
const systemGiB = 0.5;

/** What zot uses more than distribution: see its limit in pod/zot.ts. */
const zotGiB = 1;

/** Memory that the machine must have before anything is cached in it. */
function memoryFloorGiB({ upstreams, zot = 0 }: Origins): number {
  return systemGiB + podGiB + upstreamGiB * (upstreams - 1) + zotGiB * zot;
}

export function pageCacheGiB(machine: Machine, origins: Origins): number {
  return Math.max(0, machine.memoryGiB - memoryFloorGiB(origins));
}

type Origins = Pick<Setting, "upstreams" | "zot">;

export interface Setting {
  readonly cloud: Cloud;
  readonly demand: Demand;
  readonly diskType: DiskType;
  /** How many registries the cache serves, at least 1: each takes memory. */
  readonly upstreams: number;
  /** How many of these zot fetches from: each takes more memory, and all of them half of the disk. @default none */
  readonly zot?: number;
  /** Types of machine that the cloud doesn't sell where this one is to be: `auto` takes none of them. @default none */
  readonly unavailable?: readonly string[] | undefined;
}

/** All limits of a machine, whatever its disk is set to. */
export function machineLimits(
  machine: Machine,
  { cloud, demand, diskType, ...origins }: Setting,
): Limit<MachineLimitName>[] {
  const path = machine.diskPath[diskType];
  if (!path) throw new RangeError(`${machine.type} takes no ${diskType} disk`);
  const network = { required: demand.networkMbps, unit: "Mbps" } as const;
  const onDisk = diskMbps(demand, pageCacheGiB(machine, origins));
  const behindGateway = cloud === "aws" && machine.vCpu < gatewayLimitBelowVCpu;
  return [
    { name: "network", ...network, available: machine.networkMbps },
    ...(behindGateway ? [{ name: "internet gateway", ...network, available: gatewayMbps } as const] : []),
    { name: "processor", ...network, available: Math.floor(machine.sustainedVCpu * mbpsPerVCpu) },
    { name: "machine's disk throughput", required: onDisk, available: path.sustainedMbps, unit: "Mbps" },
    {
      name: "machine's disk IOPS",
      required: iopsFor(onDisk),
      available: path.sustainedIops,
      unit: "IOPS",
    },
    { name: "memory", required: memoryFloorGiB(origins), available: machine.memoryGiB, unit: "GiB" },
  ];
}

/** How many times too small it is; up to 1 it suffices. */
export function strain({ required, available }: Limit): number {
  return required / available;
}

export function suffices({ required, available }: Limit): boolean {
  return required <= available;
}
