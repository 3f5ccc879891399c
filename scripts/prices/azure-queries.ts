import { machines } from "../../components/capacity/machines.ts";
import { everywhere, type Item } from "../../components/cost/prices/price-book.ts";
import type { Counting } from "./answer.ts";
import type { AzureQuery, AzureRow } from "./azure.ts";

/** A product that Azure's price list has, and its meters that are meant. */
interface Row extends Counting {
  readonly fields: Readonly<Record<string, string>>;
  /** An item for a meter, or for each row its own. */
  readonly item: Item | AzureQuery["itemOf"];
  readonly meterName?: string;
}

/** Where what has one price everywhere is asked for. */
const referenceRegion = "westeurope";

const hourly = { listUnit: "1 Hour", unit: "hours" } as const;
const monthly = { listUnit: "1/Month", unit: "months" } as const;
const daily = { listUnit: "1/Day", unit: "days" } as const;
const stored = { listUnit: "1 GB/Month", unit: "GB-months" } as const;
const storedGiB = { listUnit: "1 GB/Month", unit: "GiB-months" } as const;
const transferred = { listUnit: "1 GB", unit: "GB" } as const;
const requests = { listUnit: "10K", unit: "10k requests" } as const;
const capacity = { listUnit: "1 GiB/Hour", unit: "GiB-hours" } as const;
const iops = { listUnit: "1/Hour", unit: "IOPS-hours" } as const;
const throughput = { listUnit: "1/Hour", unit: "MB/s-hours" } as const;

const v2 = { serviceName: "Storage", productName: "Azure Premium SSD v2" };
const premium = { serviceName: "Storage", productName: "Premium SSD Managed Disks" };
const blob = { serviceName: "Storage", productName: "General Block Blob v2" };
// What is routed over the internet from the start has another product, and lower prices.
const outbound = { serviceName: "Bandwidth", productName: "Rtn Preference: MGN" };
const between = { serviceName: "Bandwidth", productName: "Inter-Region" };
const address = { serviceName: "Virtual Network", productName: "IP Addresses" };
const balancer = { serviceName: "Load Balancer", armRegionName: "Global", skuName: "Standard" };
const natGateway = { serviceName: "NAT Gateway", armRegionName: "Global", skuName: "Standard" };
const cluster = { serviceName: "Azure Kubernetes Service" };
const dns = { serviceName: "Azure DNS", armRegionName: "Zone 1", skuName: "Public" };
const registry = { serviceName: "Container Registry", skuName: "Premium" };

/** One with the name of its meter. */
function row(fields: Row["fields"], meterName: string, item: Item, counting: Counting): Row {
  return { fields, meterName, item, ...counting };
}

/** After https://github.com/SpareCores/sc-crawler, src/sc_crawler/vendors/_azure.py, and https://github.com/infracost/infracost, internal/resources/azure. */
const regional: readonly Row[] = [
  { fields: { serviceName: "Virtual Machines" }, item: machineOf, ...hourly },
  row(v2, "Premium LRS Provisioned Capacity", "premium-v2-capacity", capacity),
  row(v2, "Premium LRS Provisioned IOPS", "premium-v2-iops", iops),
  row(v2, "Premium LRS Provisioned Throughput (MBps)", "premium-v2-throughput", throughput),
  { fields: premium, item: premiumDiskOf, ...monthly },
  row(blob, "Hot LRS Data Stored", "blob-storage", stored),
  row(blob, "Hot ZRS Data Stored", "blob-storage-zrs", stored),
  row(blob, "Hot LRS Write Operations", "blob-writes", requests),
  row(blob, "Hot ZRS Write Operations", "blob-writes-zrs", requests),
  row(blob, "Hot Read Operations", "blob-reads", requests),
  row(outbound, "Standard Data Transfer Out", "transfer-to-internet", { ...transferred, tiered: true }),
  row(between, "Intra Continent Data Transfer Out", "transfer-between-regions", transferred),
];

/** What has one price in all regions. */
const common: readonly Row[] = [
  row(address, "Standard IPv4 Static Public IP", "public-ipv4", hourly),
  row(balancer, "Standard Included LB Rules and Outbound Rules", "load-balancer", hourly),
  row(balancer, "Standard Data Processed", "load-balancer-data", transferred),
  row(natGateway, "Standard Gateway", "nat-gateway", hourly),
  row(natGateway, "Standard Data Processed", "nat-gateway-data", transferred),
  row(cluster, "Standard Uptime SLA", "cluster", hourly),
  row(dns, "Public Zone", "dns-zone", monthly),
  row(registry, "Premium Registry Unit", "registry-replica", daily),
  row(registry, "Data Stored", "registry-storage", storedGiB),
];

/** @param regions any that Azure has: nothing else is known of them */
export function azureQueries(regions: readonly string[]): AzureQuery[] {
  const types = machines.azure.map(({ type }) => `armSkuName eq '${type}'`).join(" or ");
  const query = (region: string, armRegionName: string, row: Row): AzureQuery => {
    const { fields, item, meterName, ...counting } = row;
    const filter = filterOf({ ...fields, armRegionName: fields.armRegionName ?? armRegionName });
    return {
      ...counting,
      region,
      filter: item === machineOf ? `${filter} and (${types})` : filter,
      itemOf: typeof item === "function" ? item : (one) => (one.meterName === meterName ? item : undefined),
    };
  };
  return [
    ...regions.flatMap((region) => regional.map((row) => query(region, region, row))),
    ...common.map((row) => query(everywhere, referenceRegion, row)),
  ];
}

function filterOf(fields: Readonly<Record<string, string>>): string {
  return [...Object.entries(fields), ["priceType", "Consumption"]]
    .map(([field, value]) => `${field} eq '${value}'`)
    .join(" and ");
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
