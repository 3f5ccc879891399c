import { azureNode, fewestAzureNodes } from "../capacity/cluster-nodes.ts";
import { disks, tierOf } from "../capacity/disk.ts";
import type { PlannedDisk } from "../capacity/plan-disk.ts";
import { storeSku } from "../hosts/azure/regions.ts";
import { type Charge, counted, fixed, hourly, type Purchase, usage } from "./charge.ts";
import { daysPerMonth, millionDnsQueries, toGB } from "./usage.ts";

/** A billing account has these free, of all regions of a zone together: they are left to the rest of the account. */
export const freeEgressGB = 100;

/** The size of Debian's image in Azure, which is that of the machine's own disk. */
const imageGiB = 30;

/** What a cache in Azure buys. Networks, firewalls, identities and the service of a private link are free; consumers pay for their private endpoints. */
export function azureCharges(it: Purchase): Charge[] {
  const { setting, variant, plan, filledGiB, servedGiB, storedGiB, reads, writes } = it;
  const { region, settings, workload } = setting;
  const { endpoint, network } = region;
  const { topology } = variant;
  const { type } = plan.machine;
  const isPublic = endpoint.exposure === "public";
  const isVm = topology === "vm";
  const nodes = isVm ? 1 : Math.max(fewestAzureNodes, variant.replicas);
  // How many there are of each. A private endpoint in a network of the stack's own has a NAT gateway as its way out.
  const natGateways = isPublic || "subnet" in network ? 0 : 1;
  // For clients and for the way out: one of a machine for both, two of a cluster.
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
    // For the proof of the cache's name.
    fixed("DNS zone", "dns-zone", endpoint.tls.mode === "acme" ? 1 : 0),
    // Looks whether the machine is there, and answers for its name.
    fixed("Traffic Manager, health check", "traffic-manager-check", failovers),
    usage("NAT gateway, data", "nat-gateway-data", natGateways * toGB(filledGiB)),
    usage("Traffic Manager, queries", "traffic-manager-queries", failovers * millionDnsQueries(workload)),
    usage(`Blob storage (hot, ${redundancy})`, storage, toGB(storedGiB)),
    {
      ...usage("Blob requests, writes", writing, writes / 10_000),
      ...(isZonal && { costsLessThan: "blob-writes-grs" }),
    },
    usage("Blob requests, reads", "blob-reads", reads / 10_000),
    // In both directions: the nodes of a public cluster reach the registries by it, too. https://azure.microsoft.com/pricing/details/load-balancer/
    usage(
      "Load balancer, data",
      "load-balancer-data",
      balancers * toGB(servedGiB + (isPublic ? filledGiB : 0)),
    ),
    ...(settings.azureSameRegionTraffic === "billed" && isPublic ? [azureTransfer(servedGiB)] : []),
  ];
}

/** What is sent to public addresses of the region, if Azure bills it as internet egress. */
export function azureTransfer(servedGiB: number): Charge {
  const what = "Transfer in the region, billed as to the internet";
  return { ...usage(what, "transfer-to-internet", toGB(servedGiB)), above: freeEgressGB };
}

/** https://learn.microsoft.com/azure/container-registry/container-registry-skus */
const replicaIncludesGiB = 500;

/** A copy of each registry in one more region. */
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

/** A size between two tiers is billed as the larger one. */
function premiumDisk(what: string, sizeGiB: number, count: number): Charge {
  const { name } = tierOf(disks.Premium_LRS, sizeGiB);
  return fixed(`${what} (Premium SSD, ${name})`, `premium-ssd/${name}`, count);
}
