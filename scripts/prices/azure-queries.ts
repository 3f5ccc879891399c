import { machines } from "../../components/capacity/machines.ts";
import { everywhere, type Item } from "../../components/cost/prices/price-book.ts";
import type { Counting } from "./answer.ts";
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

const hourly = { listUnit: "1 Hour", unit: "hours" } as const;
const monthly = { listUnit: "1/Month", unit: "months" } as const;
const stored = { listUnit: "1 GB/Month", unit: "GB-months" } as const;
const transferred = { listUnit: "1 GB", unit: "GB" } as const;
const tenThousandRequests = { listUnit: "10K", unit: "10k requests" } as const;

function regionalQueries(region: string): AzureQuery[] {
  const filter = (serviceName: string, productName?: string) =>
    filterOf({ serviceName, armRegionName: region, ...(productName && { productName }) });
  const query = (filter: string, itemOf: AzureQuery["itemOf"], counting: Counting): AzureQuery => ({
    region,
    filter,
    itemOf,
    ...counting,
  });
  const types = machines.azure.map(({ type }) => `armSkuName eq '${type}'`).join(" or ");
  const v2 = filter("Storage", "Azure Premium SSD v2");
  const blob = filter("Storage", "General Block Blob v2");
  // What is routed over the internet from the start has another product, and lower prices.
  const outbound = filter("Bandwidth", "Rtn Preference: MGN");
  const capacity = { listUnit: "1 GiB/Hour", unit: "GiB-hours" } as const;
  const iops = { listUnit: "1/Hour", unit: "IOPS-hours" } as const;
  const throughput = { listUnit: "1/Hour", unit: "MB/s-hours" } as const;
  return [
    query(`${filter("Virtual Machines")} and (${types})`, machineOf, hourly),
    query(v2, meter("Premium LRS Provisioned Capacity", "premium-v2-capacity"), capacity),
    query(v2, meter("Premium LRS Provisioned IOPS", "premium-v2-iops"), iops),
    query(v2, meter("Premium LRS Provisioned Throughput (MBps)", "premium-v2-throughput"), throughput),
    query(filter("Storage", "Premium SSD Managed Disks"), premiumDiskOf, monthly),
    query(blob, meter("Hot LRS Data Stored", "blob-storage"), stored),
    query(blob, meter("Hot ZRS Data Stored", "blob-storage-zrs"), stored),
    query(blob, meter("Hot LRS Write Operations", "blob-writes"), tenThousandRequests),
    query(blob, meter("Hot ZRS Write Operations", "blob-writes-zrs"), tenThousandRequests),
    query(blob, meter("Hot Read Operations", "blob-reads"), tenThousandRequests),
    query(outbound, meter("Standard Data Transfer Out", "transfer-to-internet"), {
      ...transferred,
      tiered: true,
    }),
    query(
      filter("Bandwidth", "Inter-Region"),
      meter("Intra Continent Data Transfer Out", "transfer-between-regions"),
      transferred,
    ),
  ];
}

function commonQueries(): AzureQuery[] {
  const query = (
    item: Item,
    meterName: string,
    fields: Readonly<Record<string, string>>,
    counting: Counting,
  ): AzureQuery => ({
    region: everywhere,
    filter: filterOf({ armRegionName: referenceRegion, ...fields }),
    itemOf: meter(meterName, item),
    ...counting,
  });
  const address = { serviceName: "Virtual Network", productName: "IP Addresses" };
  const balancer = { serviceName: "Load Balancer", armRegionName: "Global", skuName: "Standard" };
  const cluster = { serviceName: "Azure Kubernetes Service" };
  const dns = { serviceName: "Azure DNS", armRegionName: "Zone 1", skuName: "Public" };
  const registry = { serviceName: "Container Registry", skuName: "Premium" };
  return [
    query("public-ipv4", "Standard IPv4 Static Public IP", address, hourly),
    query("load-balancer", "Standard Included LB Rules and Outbound Rules", balancer, hourly),
    query("load-balancer-data", "Standard Data Processed", balancer, transferred),
    query("cluster", "Standard Uptime SLA", cluster, hourly),
    query("dns-zone", "Public Zone", dns, monthly),
    query("registry-replica", "Premium Registry Unit", registry, { listUnit: "1/Day", unit: "days" }),
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
