import { everywhere, type Item } from "../../components/cost/prices/price-book.ts";
import type { Counting } from "./answer.ts";
import { type AwsPriceRegion, awsPriceRegions } from "./aws-regions.ts";

/** What to ask AWS's price list for, and what the answer means. Units are in lower case. */
export interface AwsQuery extends Counting {
  /** Or `*`, for what is asked in one region for all. */
  readonly region: string;
  readonly service: string;
  readonly filters: Readonly<Record<string, string>>;
  /** Of a query for one thing. The query for machines has one for each `instanceType`. */
  readonly item?: Item;
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

const hourly = { listUnit: "hrs", unit: "hours" } as const;
const stored = { listUnit: "gb-mo", unit: "GiB-months" } as const;
const transferred = { listUnit: "gb", unit: "GiB" } as const;
const thousandRequests = { listUnit: "requests", unit: "1k requests", factor: 1000 } as const;

/** Each for one product in each region, after https://github.com/infracost/infracost, internal/resources/aws. */
export function awsQueries(): AwsQuery[] {
  return [...Object.entries(awsPriceRegions).flatMap(regionalQueries), ...commonQueries()];
}

function regionalQueries([region, names]: [string, AwsPriceRegion]): AwsQuery[] {
  const { prefix } = names;
  const query = (
    service: string,
    item: Item,
    usage: string,
    filters: AwsQuery["filters"],
    counting: Counting,
  ): AwsQuery => ({
    region,
    service,
    item,
    filters: { regionCode: region, usagetype: `${prefix}${usage}`, ...filters },
    ...counting,
  });
  const gp3 = { volumeApiName: "gp3" };
  const nat = { productFamily: "NAT Gateway" };
  const nlb = { productFamily: "Load Balancer-Network", locationType: "AWS Region" };
  const throughput = { listUnit: "gibps-mo", unit: "MiB/s-months", factor: 1 / 1024 } as const;
  return [
    { region, service: "AmazonEC2", filters: { ...plainLinux, regionCode: region }, ...hourly },
    query("AmazonEC2", "gp3-capacity", "EBS:VolumeUsage.gp3", gp3, stored),
    query("AmazonEC2", "gp3-iops", "EBS:VolumeP-IOPS.gp3", gp3, { listUnit: "iops-mo", unit: "IOPS-months" }),
    query("AmazonEC2", "gp3-throughput", "EBS:VolumeP-Throughput.gp3", gp3, throughput),
    query("AmazonS3", "s3-storage", "TimedStorage-ByteHrs", { volumeType: "Standard" }, stored),
    query("AmazonS3", "s3-writes", "Requests-Tier1", { group: "S3-API-Tier1" }, thousandRequests),
    query("AmazonS3", "s3-reads", "Requests-Tier2", { group: "S3-API-Tier2" }, thousandRequests),
    query("AWSELB", "load-balancer", "LoadBalancerUsage", nlb, hourly),
    query("AWSELB", "load-balancer-data", "LCUUsage", nlb, { listUnit: "lcu-hrs", unit: "NLCU-hours" }),
    query("AmazonEC2", "nat-gateway", "NatGateway-Hours", nat, hourly),
    query("AmazonEC2", "nat-gateway-data", "NatGateway-Bytes", nat, transferred),
    ...transferQueries(region, names),
  ];
}

function transferQueries(region: string, { prefix, location, neighbour }: AwsPriceRegion): AwsQuery[] {
  const query = (
    item: Item,
    transferType: string,
    filters: AwsQuery["filters"],
    tiered = false,
  ): AwsQuery => ({
    region,
    service: "AWSDataTransfer",
    item,
    filters: { transferType, fromLocation: location, ...filters },
    ...transferred,
    tiered,
  });
  return [
    query(
      "transfer-to-internet",
      "AWS Outbound",
      { toLocation: "External", usagetype: `${prefix}DataTransfer-Out-Bytes` },
      true,
    ),
    query("transfer-in-region", "IntraRegion", { usagetype: `${prefix}DataTransfer-Regional-Bytes` }),
    query("transfer-between-regions", "InterRegion Outbound", { toLocation: neighbour }),
  ];
}

/** What has one price in all regions. */
function commonQueries(): AwsQuery[] {
  const query = (
    service: string,
    item: Item,
    filters: AwsQuery["filters"],
    counting: Counting,
  ): AwsQuery => ({
    region: everywhere,
    service,
    item,
    filters: { ...(service !== "AmazonRoute53" && { regionCode: "us-east-1" }), ...filters },
    ...counting,
  });
  const address = {
    group: "VPCPublicIPv4Address",
    groupDescription: "Hourly charge for In-use Public IPv4 Addresses",
  };
  const cluster = { productFamily: "Compute", usagetype: "AmazonEKS-Hours:perCluster" };
  const registry = { productFamily: "EC2 Container Registry", usagetype: "TimedStorage-ByteHrs" };
  const alarm = { productFamily: "Alarm", usagetype: "CW:AlarmMonitorUsage" };
  const zone = { productFamily: "DNS Zone", usagetype: "HostedZone" };
  const lookUp = { productFamily: "DNS Query", usagetype: "DNS-Queries" };
  const secret = { usagetype: "USE1-AWSSecretsManager-Secrets" };
  const monthly = (listUnit: string) => ({ listUnit, unit: "months" }) as const;
  const millionQueries = { listUnit: "queries", unit: "1M queries", factor: 1e6 } as const;
  return [
    query("AmazonVPC", "public-ipv4", address, hourly),
    query("AmazonEKS", "cluster", cluster, hourly),
    query("AmazonECR", "registry-storage", registry, stored),
    query("AmazonCloudWatch", "alarm", alarm, monthly("alarms")),
    query("AmazonRoute53", "dns-zone", zone, monthly("hostedzone")),
    query("AmazonRoute53", "dns-queries", lookUp, millionQueries),
    query("AWSSecretsManager", "secret", secret, monthly("secrets")),
  ];
}
