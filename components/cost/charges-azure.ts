import { azureNode, fewestAzureNodes } from "../capacity/cluster-nodes.ts";
import { disks, tierOf } from "../capacity/disk.ts";
import type { PlannedDisk } from "../capacity/plan-disk.ts";
import { storeSku } from "../hosts/azure/regions.ts";
import { type Charge, counted, fixed, hourly, type Purchase, usage } from "./charge.ts";
import { daysPerMonth, millionDnsQueries, toGB } from "./usage.ts";

/** The free egress of a billing account, for all regions of a zone together. The estimate leaves it to the rest of the account. */
export const freeEgressGB = 100;

/** The size of Debian's image in Azure, which is also the size of the machine's own disk. */
const imageGiB = 30;

/** The charges of a cache in Azure. Networks, firewalls, identities and a private link service are free. Consumers pay for their private endpoints. */
export function azureCharges(it: Purchase): Charge[] {
  const { setting, variant, plan, filledGiB, servedGiB, storedGiB, reads, writes } = it;
  const { region, settings, workload } = setting;
  const { endpoint, network } = region;
  const { topology } = variant;
  const { type } = plan.machine;
  const isPublic = endpoint.exposure === "public";
  const isVm = topology === "vm";
  const nodes = isVm ? 1 : Math.max(fewestAzureNodes, variant.replicas);
  // The numbers of each resource. With a private endpoint, a network that the stack creates has a NAT gateway for outbound traffic.
  const natGateways = isPublic || "subnet" in network ? 0 : 1;
  // Addresses for clients and for outbound traffic: a machine uses one for both, a cluster two.
  const addresses = isPublic ? (isVm ? 1 : 2) : natGateways;
  const balancers = !isVm || endpoint.privateLink !== undefined ? 1 : 0;
  const failovers = endpoint.failover === "dns" ? 1 : 0;
  const isZonal = storeSku({ name: region.name, topology }) === "Standard_ZRS";
  const [redundancy, storage, writing] = isZonal
    ? (["ZRS", "blob-storage-zrs", "blob-writes-zrs"] as const)
    : (["LRS", "blob-storage", "blob-writes"] as const);
  return [
    hourly("AKS cluster (Standard)", "cluster", isVm ? 0 : 1),
    hourly(`${counted(nodes, "Virtual machine")} (Linux, pay as you go, ${type})`, `machine/${type}`, nodes),
    ...(isVm
      ? [premiumDisk("OS disk", imageGiB, 1), ...dataDisk(plan.disk)]
      : [premiumDisk("Nodes' OS disks", azureNode.diskGiB, nodes)]),
    hourly("Load balancer (Standard)", "load-balancer", balancers),
    hourly(`${counted(addresses, "Public IPv4 address")} (Standard)`, "public-ipv4", addresses),
    hourly("NAT gateway", "nat-gateway", natGateways),
    // The zone that proves the cache's name to the authority.
    fixed("DNS zone", "dns-zone", endpoint.tls.mode === "acme" ? 1 : 0),
    // For `failover: dns`: checks the machine's health and answers DNS queries for its name.
    fixed("Traffic Manager, health check", "traffic-manager-check", failovers),
    usage("NAT gateway, data", "nat-gateway-data", natGateways * toGB(filledGiB)),
    usage("Traffic Manager, queries", "traffic-manager-queries", failovers * millionDnsQueries(workload)),
    usage(`Blob storage (hot, ${redundancy})`, storage, toGB(storedGiB)),
    {
      ...usage("Blob requests, writes", writing, writes / 10_000),
      ...(isZonal && { costsLessThan: "blob-writes-grs" }),
    },
    usage("Blob requests, reads", "blob-reads", reads / 10_000),
    // Both directions are billed, and the nodes of a public cluster also use it to reach the registries. https://azure.microsoft.com/pricing/details/load-balancer/
    usage(
      "Load balancer, data",
      "load-balancer-data",
      balancers * toGB(servedGiB + (isPublic ? filledGiB : 0)),
    ),
    ...(settings.azureSameRegionTraffic === "billed" && isPublic ? [azureTransfer(servedGiB)] : []),
  ];
}

/** Traffic to public addresses of the same region, if Azure bills it as internet egress. */
export function azureTransfer(servedGiB: number): Charge {
  const what = "Transfer in the region, billed as to the internet";
  return { ...usage(what, "transfer-to-internet", toGB(servedGiB)), above: freeEgressGB };
}

/** https://learn.microsoft.com/azure/container-registry/container-registry-skus */
const replicaIncludesGiB = 500;

/** A replica of each registry in another region. */
export function acrReplica(registries: number, storedGiB: number): Charge[] {
  const more = Math.max(0, storedGiB - registries * replicaIncludesGiB);
  return [
    fixed("ACR geo-replica (Premium)", "registry-replica", registries * daysPerMonth),
    usage("ACR storage above 500 GiB", "registry-storage", more),
  ];
}

function dataDisk({ type, sizeGiB, iops, throughput }: PlannedDisk): Charge[] {
  if (type === "Premium_LRS") return [premiumDisk("Data disk", sizeGiB, 1)];
  const { free } = disks.PremiumV2_LRS;
  return [
    hourly("Data disk (Premium SSD v2)", "premium-v2-capacity", sizeGiB),
    hourly("Data disk, IOPS above 3,000", "premium-v2-iops", iops - free.iops),
    hourly("Data disk, throughput above 125 MB/s", "premium-v2-throughput", throughput - free.throughput),
  ];
}

/** A size between two tiers is billed as the larger tier. */
function premiumDisk(what: string, sizeGiB: number, count: number): Charge {
  const { name } = tierOf(disks.Premium_LRS, sizeGiB);
  return fixed(`${what} (Premium SSD, ${name})`, `premium-ssd/${name}`, count);
}
