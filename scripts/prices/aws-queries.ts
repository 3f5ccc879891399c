import { everywhere, type Item } from "../../components/cost/prices/price-book.ts";
import type { Counting } from "./answer.ts";

/** A thing that AWS's price list has. Units are in lower case. */
interface Row extends Counting {
  readonly service: string;
  /** Absent for machines, of which one query has all: one for each `instanceType`. */
  readonly item?: Item;
  /** The end of its usage type. What is in front is the region's, and its own in each service: `EUC1-`, `EU-`, `USE1-` or nothing. */
  readonly usage?: string;
  readonly filters?: Readonly<Record<string, string>>;
}

/** What to ask for, and what the answer means. */
export interface AwsQuery extends Row {
  /** Or `*`, for what is asked in one region for all. */
  readonly region: string;
  readonly filters: Readonly<Record<string, string>>;
}

/** Linux without anything paid on it, on a shared host, without a reservation. */
const plainLinux = {
  operatingSystem: "Linux",
  preInstalledSw: "NA",
  licenseModel: "No License required",
  tenancy: "Shared",
  capacitystatus: "Used",
  marketoption: "OnDemand",
  locationType: "AWS Region",
};
const gp3 = { volumeApiName: "gp3" };
const nat = { productFamily: "NAT Gateway" };
const balancer = { productFamily: "Load Balancer-Network", locationType: "AWS Region" };
const inUse = {
  group: "VPCPublicIPv4Address",
  groupDescription: "Hourly charge for In-use Public IPv4 Addresses",
};

const hourly = { listUnit: "hrs", unit: "hours" } as const;
const stored = { listUnit: "gb-mo", unit: "GiB-months" } as const;
const transferred = { listUnit: "gb", unit: "GiB" } as const;
const ladder = { ...transferred, tiered: true };
const requests = { listUnit: "requests", unit: "1k requests", factor: 1000 } as const;
const iops = { listUnit: "iops-mo", unit: "IOPS-months" } as const;
const throughput = { listUnit: "gibps-mo", unit: "MiB/s-months", factor: 1 / 1024 } as const;
const balanced = { listUnit: "lcu-hrs", unit: "NLCU-hours" } as const;
const lookUps = { listUnit: "queries", unit: "1M queries", factor: 1e6 } as const;
const monthly = (listUnit: string) => ({ listUnit, unit: "months" }) as const;

function row(
  service: string,
  item: Item,
  usage: string,
  counting: Counting,
  filters: Row["filters"] = {},
): Row {
  return { service, item, usage, ...counting, filters };
}

/** Each for one product, after https://github.com/infracost/infracost, internal/resources/aws. */
const regional: readonly Row[] = [
  { service: "AmazonEC2", ...hourly, filters: plainLinux },
  row("AmazonEC2", "gp3-capacity", "EBS:VolumeUsage.gp3", stored, gp3),
  row("AmazonEC2", "gp3-iops", "EBS:VolumeP-IOPS.gp3", iops, gp3),
  row("AmazonEC2", "gp3-throughput", "EBS:VolumeP-Throughput.gp3", throughput, gp3),
  row("AmazonEC2", "nat-gateway", "NatGateway-Hours", hourly, nat),
  row("AmazonEC2", "nat-gateway-data", "NatGateway-Bytes", transferred, nat),
  row("AWSELB", "load-balancer", "LoadBalancerUsage", hourly, balancer),
  row("AWSELB", "load-balancer-data", "LCUUsage", balanced, balancer),
  row("AmazonS3", "s3-storage", "TimedStorage-ByteHrs", stored, { volumeType: "Standard" }),
  row("AmazonS3", "s3-writes", "Requests-Tier1", requests, { group: "S3-API-Tier1" }),
  row("AmazonS3", "s3-reads", "Requests-Tier2", requests, { group: "S3-API-Tier2" }),
];

const outbound = { transferType: "AWS Outbound", toLocation: "External" };
const inRegion = { transferType: "IntraRegion" };
const between = { transferType: "InterRegion Outbound" };

/** Asked for by where it comes from. */
const transfers: readonly Row[] = [
  row("AWSDataTransfer", "transfer-to-internet", "DataTransfer-Out-Bytes", ladder, outbound),
  row("AWSDataTransfer", "transfer-in-region", "DataTransfer-Regional-Bytes", transferred, inRegion),
  { service: "AWSDataTransfer", item: "transfer-between-regions", ...transferred, filters: between },
];

/** What has one price in all regions. */
const common: readonly Row[] = [
  row("AmazonVPC", "public-ipv4", "PublicIPv4:InUseAddress", hourly, inUse),
  row("AmazonEKS", "cluster", "AmazonEKS-Hours:perCluster", hourly),
  row("AmazonECR", "registry-storage", "TimedStorage-ByteHrs", stored),
  row("AmazonCloudWatch", "alarm", "CW:AlarmMonitorUsage", monthly("alarms")),
  row("AWSSecretsManager", "secret", "AWSSecretsManager-Secrets", monthly("secrets")),
];

/** The same, of a service that has no regions. */
const global: readonly Row[] = [
  row("AmazonRoute53", "dns-zone", "HostedZone", monthly("hostedzone"), { productFamily: "DNS Zone" }),
  row("AmazonRoute53", "dns-queries", "DNS-Queries", lookUps, { productFamily: "DNS Query" }),
];

/** Two regions of each continent: one of them is the other region of a continent, to which transfer goes. A continent of one region has the last pair. */
const pairs: readonly (readonly [string, string])[] = [
  ["eu-west-1", "eu-central-1"],
  ["ap-southeast-2", "ap-southeast-1"],
  ["us-west-2", "us-east-1"],
];

function neighbourOf(region: string): string {
  const continent = region.slice(0, 3);
  const [first, second] = pairs.find(([name]) => name.startsWith(continent)) ?? ["us-east-1", "us-west-2"];
  return region === first ? second : first;
}

/** @param regions any that AWS has: nothing else is known of them */
export function awsQueries(regions: readonly string[]): AwsQuery[] {
  const query = (region: string, row: Row, more: AwsQuery["filters"]): AwsQuery => ({
    ...row,
    region,
    filters: { ...row.filters, ...more },
  });
  return [
    ...regions.flatMap((region) => [
      ...regional.map((row) => query(region, row, { regionCode: region })),
      ...transfers.map((row) =>
        query(region, row, {
          fromRegionCode: region,
          ...(row.item === "transfer-between-regions" && { toRegionCode: neighbourOf(region) }),
        }),
      ),
    ]),
    ...common.map((row) => query(everywhere, row, { regionCode: "us-east-1" })),
    ...global.map((row) => query(everywhere, row, {})),
  ];
}
