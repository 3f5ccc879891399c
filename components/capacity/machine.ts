import type { CloudRegion, OwnClusterRegion } from "../config/schema.ts";

const clouds = {
  "aws vm": "aws",
  "aws cluster": "aws",
  "azure vm": "azure",
  "azure cluster": "azure",
} as const satisfies Readonly<Record<CloudRegion["kind"], string>>;

export type Cloud = (typeof clouds)[CloudRegion["kind"]];

/** A cloud whose managed clusters the stack creates. */
export type ClusterCloud = (typeof clouds)[OwnClusterRegion["kind"]];

export function cloudOf<Kind extends CloudRegion["kind"]>({
  kind,
}: {
  readonly kind: Kind;
}): (typeof clouds)[Kind] {
  return clouds[kind];
}

export type Architecture = "arm64" | "amd64";

/** The types of disk that can hold the cache, by the names in the clouds' APIs. */
export type DiskType = "gp3" | "PremiumV2_LRS" | "Premium_LRS";

/** A machine type by the cloud's name. Its limits may be unknown. */
export interface MachineType {
  readonly type: string;
  readonly architecture: Architecture;
}

/** What a machine sustains permanently, without bursts. Mbps are 10^6 bits per second, as in the clouds' tables. */
export interface Machine extends MachineType {
  readonly vCpu: number;
  /** The vCPUs that a burstable machine sustains without credits. For other machines, `vCpu`. */
  readonly sustainedVCpu: number;
  readonly memoryGiB: number;
  /** The sustained rate. Azure documents only an upper limit, which it doesn't guarantee. */
  readonly networkMbps: number;
  /** The performance to network disks, without a cache on the host, by the type of disk. */
  readonly diskPath: Readonly<Partial<Record<DiskType, DiskPath>>>;
  /** The regions of the snapshot whose price list lacks this machine. `auto` only chooses machines that are in all of them. */
  readonly missingIn: readonly string[];
}

/** The first columns of the tables of machines. */
export type SizeColumns = [
  type: string,
  vCpu: number,
  sustainedVCpu: number,
  memoryGiB: number,
  networkMbps: number,
];

/** A machine from its row in a table. */
export function machineOf(
  cloud: Cloud,
  [type, vCpu, sustainedVCpu, memoryGiB, networkMbps]: readonly [...SizeColumns, ...number[]],
  diskPath: Machine["diskPath"],
  missingIn: readonly string[] = [],
): Machine {
  const architecture = architectureOf(cloud, type);
  return { type, architecture, vCpu, sustainedVCpu, memoryGiB, networkMbps, diskPath, missingIn };
}

interface DiskPath {
  readonly sustainedMbps: number;
  readonly sustainedIops: number;
}

/**
 * In AWS, `g` after the generation stands for Graviton: https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html. A1 is older than this rule.
 * In Azure, `p` after the number of processors stands for Arm: https://learn.microsoft.com/azure/virtual-machines/vm-naming-conventions
 */
const armNames: Readonly<Record<Cloud, RegExp>> = {
  aws: /^(?:a1\.|[a-z]+\d+[a-z]*g)/,
  azure: /^Standard_[A-Z]+\d+p/,
};

/** The architecture, according to the name of a machine type. */
export function architectureOf(cloud: Cloud, type: string): Architecture {
  return armNames[cloud].test(type) ? "arm64" : "amd64";
}
