import { azureNode, fewestAzureNodes } from "../capacity/cluster-nodes.ts";
import { type Delivery, hoursPerMonth } from "../capacity/demand.ts";
import { disks, tierOf } from "../capacity/disk.ts";
import type { PlannedDisk } from "../capacity/plan-disk.ts";
import type { CloudRegion } from "../capacity/plan-region.ts";
import type { storeSku } from "../hosts/azure/regions.ts";
import { type Charge, fixed, hourly, usage } from "./charge.ts";
import {
  daysPerMonth,
  dnsQueriesPerNode,
  type MonthlyUsage,
  readsPerGiB,
  servedGiB,
  toGB,
  writesPerGiB,
} from "./usage.ts";

/** A billing account has these free, of all regions of a zone together: they are left to the rest of the account. */
export const freeEgressGB = 100;

/** The size of Debian's image in Azure, which is that of the machine's own disk. */
const imageGiB = 30;

/** A virtual machine with its disks. The network, the firewall and the identity are free. */
export function azureVm(machine: string, disk: PlannedDisk): Charge[] {
  return [machines(machine, 1), premiumDisk("OS disk", imageGiB, 1), ...dataDisk(disk)];
}

/** AKS of the tier Standard behind a Standard load balancer. */
export function azureCluster(machine: string, replicas: number): Charge[] {
  const nodes = Math.max(fewestAzureNodes, replicas);
  return [
    hourly("AKS cluster (Standard)", "cluster"),
    machines(machine, nodes),
    premiumDisk("Nodes' OS disks", azureNode.diskGiB, nodes),
    loadBalancer,
  ];
}

const loadBalancer = hourly("Load balancer (Standard)", "load-balancer");

export function azureLoadBalanced(use: MonthlyUsage, delivery: Delivery): Charge[] {
  return [
    {
      name: "Load balancer, data",
      item: "load-balancer-data",
      quantity: toGB(servedGiB(use, delivery)),
      ...usage,
    },
  ];
}

/** @param sku of the storage account */
export function azureBucket(
  sku: ReturnType<typeof storeSku>,
  storedGiB: number,
  { pulledGiB, filledGiB }: MonthlyUsage,
): Charge[] {
  const isZonal = sku === "Standard_ZRS";
  return [
    {
      name: `Blob storage (hot, ${isZonal ? "ZRS" : "LRS"})`,
      item: isZonal ? "blob-storage-zrs" : "blob-storage",
      quantity: toGB(storedGiB),
      ...usage,
    },
    {
      name: "Blob requests, writes",
      item: isZonal ? "blob-writes-zrs" : "blob-writes",
      ...(isZonal && { costsLessThan: "blob-writes-grs" }),
      quantity: (filledGiB * writesPerGiB) / 10_000,
      ...usage,
    },
    {
      name: "Blob requests, reads",
      item: "blob-reads",
      quantity: (pulledGiB * readsPerGiB) / 10_000,
      ...usage,
    },
  ];
}

/** What is sent to public addresses of the region, if Azure bills it as internet egress. */
export function azureTransfer(use: MonthlyUsage, delivery: Delivery): Charge[] {
  return [
    {
      name: "Transfer in the region, billed as to the internet",
      item: "transfer-to-internet",
      quantity: toGB(servedGiB(use, delivery)),
      above: freeEgressGB,
      ...usage,
    },
  ];
}

/** https://learn.microsoft.com/azure/container-registry/container-registry-skus */
const replicaIncludesGiB = 500;

/** A copy of each registry in one more region. */
export function acrReplica(registries: number, storedGiB: number): Charge[] {
  return [
    {
      name: "ACR geo-replica (Premium)",
      item: "registry-replica",
      quantity: registries * daysPerMonth,
      ...fixed,
    },
    {
      name: "ACR storage above 500 GiB",
      item: "registry-storage",
      quantity: Math.max(0, storedGiB - registries * replicaIncludesGiB),
      ...usage,
    },
  ];
}

function machines(machine: string, count: number): Charge {
  const name = `${count === 1 ? "Virtual machine" : `${count} virtual machines`} (Linux, pay as you go, ${machine})`;
  return hourly(name, `machine/${machine}`, count);
}

/**
 * The addresses for clients and for the way out: one of a machine for both, two of a cluster. A private endpoint has none for clients, and in a network of the stack's own a NAT gateway
 * with an address as its way out.
 */
export function azureNetwork(
  { endpoint, network }: Pick<CloudRegion, "endpoint" | "network">,
  { filledGiB }: Pick<MonthlyUsage, "filledGiB">,
  topology: CloudRegion["topology"],
): Charge[] {
  if (endpoint.exposure === "public") return [publicAddresses(topology === "vm" ? 1 : 2)];
  // Consumers pay for their private endpoints, and nobody for the service itself.
  const linked = topology === "vm" && endpoint.privateLink ? [loadBalancer] : [];
  if ("subnet" in network) return linked;
  return [
    ...linked,
    publicAddresses(1),
    hourly("NAT gateway", "nat-gateway"),
    { name: "NAT gateway, data", item: "nat-gateway-data", quantity: toGB(filledGiB), ...usage },
  ];
}

/** Of Traffic Manager, which looks whether the machine is there, and answers for its name. */
export function azureFailover({ endpoint }: Pick<CloudRegion, "endpoint">, nodeStarts: number): Charge[] {
  if (endpoint.failover !== "dns") return [];
  return [
    { name: "Traffic Manager, health check", item: "traffic-manager-check", quantity: 1, ...fixed },
    {
      name: "Traffic Manager, queries",
      item: "traffic-manager-queries",
      quantity: (nodeStarts * dnsQueriesPerNode) / 1e6,
      ...usage,
    },
  ];
}

/** For the proof of the cache's name. */
export const azureDnsZone: Charge = { name: "DNS zone", item: "dns-zone", quantity: 1, ...fixed };

function publicAddresses(count: number): Charge {
  const name = `${count === 1 ? "Public IPv4 address" : `${count} public IPv4 addresses`} (Standard)`;
  return hourly(name, "public-ipv4", count);
}

function dataDisk({ type, sizeGiB, iops, throughput }: PlannedDisk): Charge[] {
  if (type === "Premium_LRS") return [premiumDisk("Data disk", sizeGiB, 1)];
  const { free } = disks.PremiumV2_LRS;
  return [
    {
      name: "Data disk (Premium SSD v2)",
      item: "premium-v2-capacity",
      quantity: sizeGiB * hoursPerMonth,
      ...fixed,
    },
    {
      name: "Data disk, IOPS above 3,000",
      item: "premium-v2-iops",
      quantity: (iops - free.iops) * hoursPerMonth,
      ...fixed,
    },
    {
      name: "Data disk, throughput above 125 MB/s",
      item: "premium-v2-throughput",
      quantity: (throughput - free.throughput) * hoursPerMonth,
      ...fixed,
    },
  ];
}

/** A size between two tiers is billed as the larger one. */
function premiumDisk(what: string, sizeGiB: number, count: number): Charge {
  const { name } = tierOf(disks.Premium_LRS, sizeGiB);
  return { name: `${what} (Premium SSD, ${name})`, item: `premium-ssd/${name}`, quantity: count, ...fixed };
}
