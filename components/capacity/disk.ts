import type { Cloud, DiskType } from "./machine.ts";

interface AnyDisk {
  /** The name in messages. */
  readonly label: string;
  readonly leastGiB: number;
  readonly mostGiB: number;
  /** The unit in which the cloud counts throughput: MiB/s are 2^20 bytes a second, MB/s 10^6. */
  readonly unit: ThroughputUnit;
}

export type ThroughputUnit = "MiB/s" | "MB/s";

/** A disk whose performance can be set. Performance above the free one is billed. */
export interface ProvisionedDisk extends AnyDisk {
  readonly performance: "provisioned";
  readonly free: Performance;
  readonly most: Performance;
  /** The maximum IOPS per GiB and throughput per IOPS, above the free performance. */
  readonly iopsPerGiB: number;
  readonly throughputPerIops: number;
}

/** A disk whose performance depends on its size. A size between two tiers is billed and performs as the larger tier. */
export interface TieredDisk extends AnyDisk {
  readonly performance: "tiered";
  /** In ascending order of size. */
  readonly tiers: readonly Tier[];
}

interface Tier extends Performance {
  readonly name: string;
  readonly sizeGiB: number;
}

export interface Performance {
  readonly iops: number;
  /** In the disk's own unit. */
  readonly throughput: number;
}

export type Disk = ProvisionedDisk | TieredDisk;

/** The figures of both clouds, which are the same, each in its own unit. */
const provisioned = {
  leastGiB: 1,
  mostGiB: 65_536,
  performance: "provisioned",
  free: { iops: 3000, throughput: 125 },
  most: { iops: 80_000, throughput: 2000 },
  iopsPerGiB: 500,
  throughputPerIops: 0.25,
} as const;

export const disks = {
  // https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html; the limits as in botocore 1.44.5, ec2/2016-11-15 (2026-11)
  gp3: { ...provisioned, label: "gp3", unit: "MiB/s" },
  // https://learn.microsoft.com/azure/virtual-machines/disks-types#premium-ssd-v2 (2026-08-11)
  PremiumV2_LRS: { ...provisioned, label: "Premium SSD v2", unit: "MB/s" },
  // https://learn.microsoft.com/azure/virtual-machines/disks-types#premium-ssd-size (2023-03-16), the base figures
  Premium_LRS: {
    label: "Premium SSD",
    leastGiB: 4,
    mostGiB: 32_767,
    unit: "MB/s",
    performance: "tiered",
    tiers: [
      { name: "P1", sizeGiB: 4, iops: 120, throughput: 25 },
      { name: "P2", sizeGiB: 8, iops: 120, throughput: 25 },
      { name: "P3", sizeGiB: 16, iops: 120, throughput: 25 },
      { name: "P4", sizeGiB: 32, iops: 120, throughput: 25 },
      { name: "P6", sizeGiB: 64, iops: 240, throughput: 50 },
      { name: "P10", sizeGiB: 128, iops: 500, throughput: 100 },
      { name: "P15", sizeGiB: 256, iops: 1100, throughput: 125 },
      { name: "P20", sizeGiB: 512, iops: 2300, throughput: 150 },
      { name: "P30", sizeGiB: 1024, iops: 5000, throughput: 200 },
      { name: "P40", sizeGiB: 2048, iops: 7500, throughput: 250 },
      { name: "P50", sizeGiB: 4096, iops: 7500, throughput: 250 },
      { name: "P60", sizeGiB: 8192, iops: 16_000, throughput: 500 },
      { name: "P70", sizeGiB: 16_384, iops: 18_000, throughput: 750 },
      { name: "P80", sizeGiB: 32_767, iops: 20_000, throughput: 900 },
    ],
  },
} as const satisfies Readonly<Record<DiskType, Disk>>;

/**
 * The regions that offer Premium SSD v2: first those with zones, where the machine must be in a zone (2024-08-09), then those without (2026-06-17).
 * https://learn.microsoft.com/azure/virtual-machines/disks-types#premium-ssd-v2-regional-availability
 */
const premiumV2Regions = `
  australiaeast austriaeast brazilsouth canadacentral centralindia centralus chinanorth3 eastasia eastus eastus2 francecentral
  germanywestcentral indonesiacentral israelcentral italynorth japaneast japanwest koreacentral malaysiawest mexicocentral
  newzealandnorth northeurope norwayeast polandcentral southafricanorth southcentralus southeastasia spaincentral swedencentral
  switzerlandnorth uaenorth uksouth usgovvirginia westeurope westus2 westus3

  australiacentral2 australiasoutheast brazilsoutheast canadaeast germanynorth northcentralus norwaywest southindia
  switzerlandwest taiwannorth ukwest usgovarizona westcentralus westus
`
  .trim()
  .split(/\s+/);

/** The best type of disk that a region offers. */
export function diskTypeIn(cloud: Cloud, region: string): DiskType {
  return bestDisks[cloud](region);
}

const bestDisks: Readonly<Record<Cloud, (region: string) => DiskType>> = {
  aws: () => "gp3",
  azure: (region) => (premiumV2Regions.includes(region) ? "PremiumV2_LRS" : "Premium_LRS"),
};

const bytesPerUnit: Record<ThroughputUnit, number> = { "MiB/s": 1024 ** 2, "MB/s": 1e6 };

/** A disk's throughput in Mbps, rounded down. */
export function toMbps(throughput: number, unit: ThroughputUnit): number {
  return Math.floor((throughput * bytesPerUnit[unit] * 8) / 1e6);
}

/** The throughput to set for a rate in Mbps, rounded up. */
export function fromMbps(mbps: number, unit: ThroughputUnit): number {
  return Math.ceil((mbps * 1e6) / 8 / bytesPerUnit[unit]);
}

/** The maximum performance of a provisioned disk of this size. */
export function mostOf(disk: ProvisionedDisk, sizeGiB: number): Performance {
  const iops = Math.min(disk.most.iops, Math.max(disk.free.iops, disk.iopsPerGiB * sizeGiB));
  return { iops, throughput: Math.min(disk.most.throughput, Math.floor(iops * disk.throughputPerIops)) };
}

/** The tier of a disk of this size. @throws RangeError if the disk is larger than all tiers */
export function tierOf({ tiers, label }: TieredDisk, sizeGiB: number): Tier {
  const tier = tiers.find((candidate) => candidate.sizeGiB >= sizeGiB);
  if (!tier) throw new RangeError(`no ${label} of ${sizeGiB} GiB`);
  return tier;
}

/** The size of a machine's own disk in AWS, in GiB. Debian's image has 8. The rest is for the containers' images and the journal. In Azure, the image sets the size. */
export const awsRootGiB = 12;
