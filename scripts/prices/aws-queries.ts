import type { LineUnit } from "../../components/cost/line.ts";
import { everywhere, type Item } from "../../components/cost/prices/price-book.ts";
import { awsPriceRegions } from "./aws-regions.ts";

/** What to ask AWS's price list for, and what the answer means. */
export interface AwsQuery {
  /** Or `*`, for what is asked in one region for all. */
  readonly region: string;
  readonly service: string;
  readonly filters: Readonly<Record<string, string>>;
  /** Of a query for one thing. The query for machines has one for each `instanceType`. */
  readonly item?: Item;
  /** The list's unit, in lower case. Another one in an answer is a problem. */
  readonly listUnit: string;
  readonly unit: LineUnit;
  /** How many of the list's units are one of ours. @default 1 */
  readonly factor?: number;
  /** Whether all tiers are taken. @default the first alone */
  readonly tiered?: boolean;
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

const perMonth = { listUnit: "gb-mo", unit: "GiB-months" } as const;
const perHour = { listUnit: "hrs", unit: "hours" } as const;

/** Each for one product in each region, after https://github.com/infracost/infracost, internal/resources/aws. */
export function awsQueries(): AwsQuery[] {
  return [...Object.keys(awsPriceRegions).flatMap(regionalQueries), ...commonQueries("us-east-1")];
}

function regionalQueries(region: string): AwsQuery[] {
  const { prefix, location, neighbour } = awsPriceRegions[region] ?? {};
  const ec2 = { region, service: "AmazonEC2" };
  const gp3 = (usagetype: string) => ({
    regionCode: region,
    volumeApiName: "gp3",
    usagetype: `${prefix}EBS:${usagetype}.gp3`,
  });
  const s3 = (usagetype: string) => ({ regionCode: region, usagetype: `${prefix}${usagetype}` });
  const nlb = (usagetype: string) => ({
    regionCode: region,
    productFamily: "Load Balancer-Network",
    locationType: "AWS Region",
    usagetype: `${prefix}${usagetype}`,
  });
  const nat = (usagetype: string) => ({
    regionCode: region,
    productFamily: "NAT Gateway",
    usagetype: `${prefix}${usagetype}`,
  });
  const transfer = { region, service: "AWSDataTransfer", listUnit: "gb", unit: "GiB" } as const;
  const fromLocation = location ?? "";
  return [
    { ...ec2, filters: { ...plainLinux, regionCode: region }, ...perHour },
    { ...ec2, item: "gp3-capacity", filters: gp3("VolumeUsage"), ...perMonth },
    { ...ec2, item: "gp3-iops", filters: gp3("VolumeP-IOPS"), listUnit: "iops-mo", unit: "IOPS-months" },
    {
      ...ec2,
      item: "gp3-throughput",
      filters: gp3("VolumeP-Throughput"),
      listUnit: "gibps-mo",
      unit: "MiB/s-months",
      factor: 1 / 1024,
    },
    {
      region,
      service: "AmazonS3",
      item: "s3-storage",
      filters: { ...s3("TimedStorage-ByteHrs"), volumeType: "Standard" },
      ...perMonth,
    },
    {
      region,
      service: "AmazonS3",
      item: "s3-writes",
      filters: { ...s3("Requests-Tier1"), group: "S3-API-Tier1" },
      ...thousandRequests,
    },
    {
      region,
      service: "AmazonS3",
      item: "s3-reads",
      filters: { ...s3("Requests-Tier2"), group: "S3-API-Tier2" },
      ...thousandRequests,
    },
    { region, service: "AWSELB", item: "load-balancer", filters: nlb("LoadBalancerUsage"), ...perHour },
    {
      region,
      service: "AWSELB",
      item: "load-balancer-data",
      filters: nlb("LCUUsage"),
      listUnit: "lcu-hrs",
      unit: "NLCU-hours",
    },
    { ...ec2, item: "nat-gateway", filters: nat("NatGateway-Hours"), ...perHour },
    { ...ec2, item: "nat-gateway-data", filters: nat("NatGateway-Bytes"), listUnit: "gb", unit: "GiB" },
    {
      ...transfer,
      item: "transfer-to-internet",
      filters: {
        transferType: "AWS Outbound",
        fromLocation,
        toLocation: "External",
        usagetype: `${prefix}DataTransfer-Out-Bytes`,
      },
      tiered: true,
    },
    {
      ...transfer,
      item: "transfer-in-region",
      filters: {
        transferType: "IntraRegion",
        fromLocation,
        usagetype: `${prefix}DataTransfer-Regional-Bytes`,
      },
    },
    {
      ...transfer,
      item: "transfer-between-regions",
      filters: { transferType: "InterRegion Outbound", fromLocation, toLocation: neighbour ?? "" },
    },
  ];
}

const thousandRequests = { listUnit: "requests", unit: "1k requests", factor: 1000 } as const;

/** What has one price in all regions. */
function commonQueries(regionCode: string): AwsQuery[] {
  const region = everywhere;
  return [
    {
      region,
      service: "AmazonVPC",
      item: "public-ipv4",
      filters: {
        regionCode,
        group: "VPCPublicIPv4Address",
        groupDescription: "Hourly charge for In-use Public IPv4 Addresses",
      },
      ...perHour,
    },
    {
      region,
      service: "AmazonEKS",
      item: "cluster",
      filters: { regionCode, productFamily: "Compute", usagetype: "AmazonEKS-Hours:perCluster" },
      ...perHour,
    },
    {
      region,
      service: "AmazonECR",
      item: "registry-storage",
      filters: { regionCode, productFamily: "EC2 Container Registry", usagetype: "TimedStorage-ByteHrs" },
      ...perMonth,
    },
    {
      region,
      service: "AmazonCloudWatch",
      item: "alarm",
      filters: { regionCode, productFamily: "Alarm", usagetype: "CW:AlarmMonitorUsage" },
      listUnit: "alarms",
      unit: "months",
    },
    {
      region,
      service: "AmazonRoute53",
      item: "dns-zone",
      filters: { productFamily: "DNS Zone", usagetype: "HostedZone" },
      listUnit: "hostedzone",
      unit: "months",
    },
    {
      region,
      service: "AmazonRoute53",
      item: "dns-queries",
      filters: { productFamily: "DNS Query", usagetype: "DNS-Queries" },
      listUnit: "queries",
      unit: "1M queries",
      factor: 1e6,
    },
    {
      region,
      service: "AWSSecretsManager",
      item: "secret",
      filters: { regionCode, usagetype: "USE1-AWSSecretsManager-Secrets" },
      listUnit: "secrets",
      unit: "months",
    },
  ];
}
