import { machines } from "../../components/capacity/machines.ts";
import { everywhere, type Item } from "../../components/cost/prices/price-book.ts";
import type { AzureQuery, AzureRow } from "./azure-row.ts";

/** The regions that the book is kept for. */
const regions = [
  "australiaeast",
  "eastus",
  "germanywestcentral",
  "northeurope",
  "southeastasia",
  "swedencentral",
  "westeurope",
];

/** Where what has one price everywhere is asked for. */
const referenceRegion = "westeurope";

/** After https://github.com/SpareCores/sc-crawler, src/sc_crawler/vendors/_azure.py, and https://github.com/infracost/infracost, internal/resources/azure. */
export function azureQueries(): AzureQuery[] {
  return [...regions.flatMap(regionalQueries), ...commonQueries()];
}

function regionalQueries(region: string): AzureQuery[] {
  const storage = (productName: string) =>
    filterOf({ serviceName: "Storage", armRegionName: region, productName });
  const bandwidth = (productName: string) =>
    filterOf({ serviceName: "Bandwidth", armRegionName: region, productName });
  const v2 = { region, filter: storage("Azure Premium SSD v2") };
  const blob = { region, filter: storage("General Block Blob v2") };
  return [
    {
      region,
      filter: `${filterOf({ serviceName: "Virtual Machines", armRegionName: region })} and (${machines.azure
        .map(({ type }) => `armSkuName eq '${type}'`)
        .join(" or ")})`,
      itemOf: machineOf,
      listUnit: "1 Hour",
      unit: "hours",
    },
    {
      ...v2,
      itemOf: meter("Premium LRS Provisioned Capacity", "premium-v2-capacity"),
      listUnit: "1 GiB/Hour",
      unit: "GiB-hours",
    },
    {
      ...v2,
      itemOf: meter("Premium LRS Provisioned IOPS", "premium-v2-iops"),
      listUnit: "1/Hour",
      unit: "IOPS-hours",
    },
    {
      ...v2,
      itemOf: meter("Premium LRS Provisioned Throughput (MBps)", "premium-v2-throughput"),
      listUnit: "1/Hour",
      unit: "MB/s-hours",
    },
    {
      region,
      filter: storage("Premium SSD Managed Disks"),
      itemOf: premiumDiskOf,
      listUnit: "1/Month",
      unit: "months",
    },
    {
      ...blob,
      itemOf: meter("Hot LRS Data Stored", "blob-storage"),
      listUnit: "1 GB/Month",
      unit: "GB-months",
    },
    {
      ...blob,
      itemOf: meter("Hot ZRS Data Stored", "blob-storage-zrs"),
      listUnit: "1 GB/Month",
      unit: "GB-months",
    },
    {
      ...blob,
      itemOf: meter("Hot ZRS Write Operations", "blob-writes-zrs"),
      listUnit: "10K",
      unit: "10k requests",
    },
    {
      ...blob,
      itemOf: meter("Hot LRS Write Operations", "blob-writes"),
      listUnit: "10K",
      unit: "10k requests",
    },
    { ...blob, itemOf: meter("Hot Read Operations", "blob-reads"), listUnit: "10K", unit: "10k requests" },
    {
      region,
      // What is routed over the internet from the start has another product, and lower prices.
      filter: bandwidth("Rtn Preference: MGN"),
      itemOf: meter("Standard Data Transfer Out", "transfer-to-internet"),
      listUnit: "1 GB",
      unit: "GB",
      tiered: true,
    },
    {
      region,
      filter: bandwidth("Inter-Region"),
      itemOf: meter("Intra Continent Data Transfer Out", "transfer-between-regions"),
      listUnit: "1 GB",
      unit: "GB",
    },
  ];
}

function commonQueries(): AzureQuery[] {
  const region = everywhere;
  return [
    {
      region,
      filter: filterOf({
        serviceName: "Virtual Network",
        armRegionName: referenceRegion,
        productName: "IP Addresses",
      }),
      itemOf: meter("Standard IPv4 Static Public IP", "public-ipv4"),
      listUnit: "1 Hour",
      unit: "hours",
    },
    {
      region,
      filter: filterOf({ serviceName: "Load Balancer", armRegionName: "Global", skuName: "Standard" }),
      itemOf: meter("Standard Included LB Rules and Outbound Rules", "load-balancer"),
      listUnit: "1 Hour",
      unit: "hours",
    },
    {
      region,
      filter: filterOf({ serviceName: "Load Balancer", armRegionName: "Global", skuName: "Standard" }),
      itemOf: meter("Standard Data Processed", "load-balancer-data"),
      listUnit: "1 GB",
      unit: "GB",
    },
    {
      region,
      filter: filterOf({ serviceName: "Azure Kubernetes Service", armRegionName: referenceRegion }),
      itemOf: meter("Standard Uptime SLA", "cluster"),
      listUnit: "1 Hour",
      unit: "hours",
    },
    {
      region,
      filter: filterOf({ serviceName: "Azure DNS", armRegionName: "Zone 1", skuName: "Public" }),
      itemOf: meter("Public Zone", "dns-zone"),
      listUnit: "1/Month",
      unit: "months",
    },
    {
      region,
      filter: filterOf({
        serviceName: "Container Registry",
        armRegionName: referenceRegion,
        skuName: "Premium",
      }),
      itemOf: meter("Premium Registry Unit", "registry-replica"),
      listUnit: "1/Day",
      unit: "days",
    },
  ];
}

function filterOf(fields: Readonly<Record<string, string>>): string {
  return [...Object.entries(fields), ["priceType", "Consumption"]]
    .map(([field, value]) => `${field} eq '${value}'`)
    .join(" and ");
}

function meter(name: string, item: Item): AzureQuery["itemOf"] {
  return ({ meterName }) => (meterName === name ? item : undefined);
}

/** One size has rows for Windows, for Cloud Services, and for capacity that can be taken away. */
function machineOf({ armSkuName, productName, skuName, meterName }: AzureRow): Item | undefined {
  if (!armSkuName || / ?(?:Windows|Cloud ?Services)$/.test(productName)) return undefined;
  if (/Spot|Low Priority|Expired|Free/.test(`${skuName} ${meterName}`)) return undefined;
  return `machine/${armSkuName}`;
}

/** The same product has rows for mounts of a shared disk, and for disks in several zones. */
function premiumDiskOf({ skuName, meterName }: AzureRow): Item | undefined {
  const tier = /^(P\d+) LRS$/.exec(skuName)?.[1];
  return tier && meterName === `${tier} LRS Disk` ? `premium-ssd/${tier}` : undefined;
}
