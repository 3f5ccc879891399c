import { awsRootGiB, disks } from "../capacity/disk.ts";
import { billedTo, type Charge, counted, fixed, hourly, type Purchase, usage } from "./charge.ts";
import { millionDnsQueries } from "./usage.ts";

/** In Auto Mode, EKS adds this share of a node's EC2 list price, regardless of the price that is paid for the node: https://aws.amazon.com/eks/pricing/ */
const autoModeShare = 0.12;

/** The number of zones of a network that the stack creates, and of a cluster's nodes. */
const usualZones = 3;

/**
 * Traffic from one of three zones to all three equally crosses zones for two thirds. AWS bills that at both ends, also inside a VPC: https://aws.amazon.com/ec2/pricing/on-demand/,
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/network/network-load-balancers.html#cross-zone-load-balancing
 */
function billedBetween(zones: number): number {
  return 2 * (1 - 1 / zones);
}

/**
 * The charges of a cache in AWS. IPv6, security groups, endpoint services, gateway endpoints, roles and records are free. So is traffic between S3 and EC2 within a region:
 * https://aws.amazon.com/s3/faqs/
 */
export function awsCharges(it: Purchase): Charge[] {
  const { setting, variant, plan, filledGiB, servedGiB, storedGiB, reads, writes } = it;
  const { endpoint, network } = setting.region;
  const nodes = variant.replicas;
  const { disk } = plan;
  const { type } = plan.machine;
  const { free } = disks.gp3;
  const isPublic = endpoint.exposure === "public";
  const isVm = variant.topology === "vm";
  // The number of machines and of clusters.
  const [vm, cluster] = isVm ? [1, 0] : [0, 1];
  // A network that the stack creates reaches the registries through a NAT gateway, unless the machine has a public address.
  const hasNatGateway = isVm ? !isPublic && !("subnet" in network) : !("nodeSubnets" in network);
  const natGateways = hasNatGateway ? 1 : 0;
  // A cluster's load balancer has an address in each zone.
  const zones = "loadBalancerSubnets" in network ? network.loadBalancerSubnets.length : usualZones;
  const addresses = (isPublic ? vm + zones * cluster : 0) + natGateways;
  const balancers = !isVm || endpoint.privateLink !== undefined ? 1 : 0;
  const failovers = endpoint.failover === "dns" ? vm : 0;
  const autoMode = `EKS Auto Mode, ${autoModeShare * 100} % of the instances`;
  return [
    hourly("EKS cluster", "cluster", cluster),
    hourly(`${counted(nodes, "Instance")} (Linux, on demand, ${type})`, `machine/${type}`, nodes),
    {
      ...hourly(autoMode, `machine/${type}`, cluster * nodes * autoModeShare),
      kind: "cluster",
      listed: true,
    },
    fixed("Root volume (gp3)", "gp3-capacity", vm * awsRootGiB),
    fixed("Nodes' volumes (gp3)", "gp3-capacity", cluster * nodes * disk.sizeGiB),
    fixed("Data volume (gp3)", "gp3-capacity", vm * disk.sizeGiB),
    // The price of the size includes 3,000 IOPS and 125 MiB/s.
    fixed("Data volume, IOPS above 3,000", "gp3-iops", vm * (disk.iops - free.iops)),
    fixed(
      "Data volume, throughput above 125 MiB/s",
      "gp3-throughput",
      vm * (disk.throughput - free.throughput),
    ),
    hourly("Network Load Balancer", "load-balancer", balancers),
    hourly("NAT gateway", "nat-gateway", natGateways),
    hourly(counted(addresses, "Public IPv4 address"), "public-ipv4", addresses),
    fixed("Recovery alarms", "alarm", 2 * vm),
    // For `failover: dns`, which withdraws a machine's records: https://aws.amazon.com/route53/pricing/#Health_checks
    fixed("Alarm of the health check", "alarm", failovers),
    fixed("Route 53 health check", "health-check", failovers),
    usage("S3 Standard", "s3-storage", storedGiB),
    usage("S3 requests, writes", "s3-writes", writes / 1000),
    usage("S3 requests, reads", "s3-reads", reads / 1000),
    usage(
      "Transfer between zones, to the load balancer",
      "transfer-in-region",
      cluster * billedBetween(zones) * servedGiB,
    ),
    // One NLCU-hour is 1 GB: https://aws.amazon.com/elasticloadbalancing/pricing/. How much traffic uses a private link isn't known, so all of it counts.
    usage("Network Load Balancer, data", "load-balancer-data", balancers * servedGiB),
    // Traffic from the registries. Traffic to the bucket uses a gateway endpoint.
    usage("NAT gateway, data", "nat-gateway-data", natGateways * filledGiB),
    // Billed to public addresses of the region, and to private ones in another zone or over VPC peering: https://aws.amazon.com/ec2/pricing/on-demand/
    usage("Transfer in the region, out of the cache", "transfer-in-region", servedGiB),
    billedTo("customer", usage("Transfer in the region, into the nodes", "transfer-in-region", servedGiB)),
    // The zone already exists, and its records are free.
    usage("Route 53 queries", "dns-queries", endpoint.zone ? millionDnsQueries(setting.workload) : 0),
  ];
}

/** Pulls from a cache in the nodes' own network, which is in one of the network's zones. */
export function awsBetweenNodesZones(pulledGiB: number): Charge {
  const quantity = billedBetween(usualZones) * pulledGiB;
  return billedTo("customer", usage("Transfer between zones, to the nodes", "transfer-in-region", quantity));
}

/** ECR's storage in each account, and the secrets there. */
export function ecrPullThrough(accounts: number, storedGiB: number, secrets: number): Charge[] {
  return [
    billedTo("customer", usage("ECR storage", "registry-storage", accounts * storedGiB)),
    billedTo("customer", fixed("Secrets Manager secrets", "secret", accounts * secrets)),
  ];
}
