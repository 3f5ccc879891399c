export type Cloud = "aws" | "azure";
export type Architecture = "arm64" | "amd64";

/** The types of disk that can hold the cache, as the clouds' own interfaces name them. */
export type DiskType = "gp3" | "PremiumV2_LRS" | "Premium_LRS";

/** A type of machine by the cloud's name, whether its limits are known or not. */
export interface MachineType {
  readonly type: string;
  readonly architecture: Architecture;
}

/** What a machine can do for as long as it takes: bursts don't count. Mbps are 10^6 bits a second, as in the clouds' tables. */
export interface Machine extends MachineType {
  readonly vCpu: number;
  /** What is left of `vCpu` when the credits of a burstable machine are spent. */
  readonly sustainedVCpu: number;
  readonly memoryGiB: number;
  /** Sustained. Azure documents one figure, an upper limit that it doesn't guarantee. */
  readonly networkMbps: number;
  /** To a disk outside of the machine, without a cache of the host, by the type of disk. */
  readonly diskPath: Readonly<Partial<Record<DiskType, DiskPath>>>;
  /** Regions, of those that the snapshot covers, whose price list lacks it. `auto` takes only what none lacks. */
  readonly missingIn: readonly string[];
  /** List price in one region. It only orders the machines: costs come from the price book. */
  readonly referenceUSDPerHour: number;
}

interface DiskPath {
  readonly sustainedMbps: number;
  readonly sustainedIops: number;
}

/**
 * In AWS, `g` after the generation stands for Graviton: https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html. A1 is older than that rule.
 * In Azure, `p` after the number of processors stands for Arm: https://learn.microsoft.com/azure/virtual-machines/vm-naming-conventions
 */
const armNames: Readonly<Record<Cloud, RegExp>> = {
  aws: /^(?:a1\.|[a-z]+\d+[a-z]*g)/,
  azure: /^Standard_[A-Z]+\d+p/,
};

/** The architecture that the name of a machine type tells. */
export function architectureOf(cloud: Cloud, type: string): Architecture {
  return armNames[cloud].test(type) ? "arm64" : "amd64";
}
