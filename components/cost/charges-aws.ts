import { awsNodeDiskGiB } from "../capacity/cluster-nodes.ts";
import type { Delivery } from "../capacity/demand.ts";
import { awsRootGiB, disks } from "../capacity/disk.ts";
import type { PlannedDisk } from "../capacity/plan-disk.ts";
import { type Charge, fixed, hourly, usage } from "./charge.ts";
import { dnsQueriesPerNode, type MonthlyUsage, readsPerGiB, servedGiB, writesPerGiB } from "./usage.ts";

/** How the cache is connected. */
export interface AwsNetwork {
  /** Whether the endpoint has public addresses. */
  readonly isPublic: boolean;
  /** Whether the registries are reached through a NAT gateway of the region's own, which has a public address, too. */
  readonly hasNatGateway: boolean;
}

/** An instance with its volumes, its address, and the two alarms that bring it back. IPv6, the security group and the gateway endpoint are free. */
export function awsVm(machine: string, disk: PlannedDisk, network: AwsNetwork): Charge[] {
  return [
    instances(machine, 1),
    { name: "Root volume (gp3)", item: "gp3-capacity", quantity: awsRootGiB, ...fixed },
    ...dataVolume(disk),
    ...connection(network, 1),
    { name: "Recovery alarms", item: "alarm", quantity: 2, ...fixed },
  ];
}

/** Of what EC2 takes for a node, EKS takes a part on top in Auto Mode: https://aws.amazon.com/eks/pricing/ */
const autoModeShare = 0.12;

/** The load balancer has an address in each. */
const loadBalancerZones = 3;

/** EKS in Auto Mode behind a Network Load Balancer. */
export function awsCluster(machine: string, nodes: number, network: AwsNetwork): Charge[] {
  return [
    hourly("EKS cluster", "cluster"),
    instances(machine, nodes),
    {
      ...hourly(
        `EKS Auto Mode, ${autoModeShare * 100} % of the instances`,
        `machine/${machine}`,
        nodes * autoModeShare,
      ),
      kind: "cluster",
    },
    { name: "Nodes' volumes (gp3)", item: "gp3-capacity", quantity: nodes * awsNodeDiskGiB, ...fixed },
    hourly("Network Load Balancer", "load-balancer"),
    ...connection(network, loadBalancerZones),
  ];
}

/** @param addresses of a public endpoint */
function connection({ isPublic, hasNatGateway }: AwsNetwork, addresses: number): Charge[] {
  return [
    ...(hasNatGateway ? [hourly("NAT gateway", "nat-gateway")] : []),
    publicAddresses((isPublic ? addresses : 0) + (hasNatGateway ? 1 : 0)),
  ];
}

/**
 * The load balancer sends clients to the replicas of all zones alike, and what passes between zones is billed at both ends:
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/network/network-load-balancers.html#cross-zone-load-balancing
 */
export function awsLoadBalanced(use: MonthlyUsage, delivery: Delivery): Charge[] {
  return [
    {
      name: "Transfer between zones, to the load balancer",
      item: "transfer-in-region",
      quantity: 2 * (1 - 1 / loadBalancerZones) * servedGiB(use, delivery),
      ...usage,
    },
    balancedData(use, delivery),
  ];
}

/** What takes a machine's records away: https://aws.amazon.com/route53/pricing/#Health_checks */
export const awsFailover: readonly Charge[] = [
  { name: "Alarm of the health check", item: "alarm", quantity: 1, ...fixed },
  { name: "Route 53 health check", item: "health-check", quantity: 1, ...fixed },
];

/** The load balancer of a machine for other accounts; what of the clients come by it isn't known, so all are counted. The endpoint service is free. */
export function awsPrivateLink(use: MonthlyUsage, delivery: Delivery): Charge[] {
  return [hourly("Network Load Balancer", "load-balancer"), balancedData(use, delivery)];
}

/** One NLCU-hour is 1 GB: https://aws.amazon.com/elasticloadbalancing/pricing/ */
function balancedData(use: MonthlyUsage, delivery: Delivery): Charge {
  return {
    name: "Network Load Balancer, data",
    item: "load-balancer-data",
    quantity: servedGiB(use, delivery),
    ...usage,
  };
}

/** What comes from the registries; the bucket has a way of its own, which is free. */
export function awsNatGatewayData({ filledGiB }: MonthlyUsage): Charge[] {
  return [{ name: "NAT gateway, data", item: "nat-gateway-data", quantity: filledGiB, ...usage }];
}

/** A bucket without transfer: within a region, S3 and EC2 exchange data for nothing, https://aws.amazon.com/s3/faqs/ */
export function awsBucket(storedGiB: number, { pulledGiB, filledGiB }: MonthlyUsage): Charge[] {
  return [
    { name: "S3 Standard", item: "s3-storage", quantity: storedGiB, ...usage },
    { name: "S3 requests, writes", item: "s3-writes", quantity: (filledGiB * writesPerGiB) / 1000, ...usage },
    { name: "S3 requests, reads", item: "s3-reads", quantity: (pulledGiB * readsPerGiB) / 1000, ...usage },
  ];
}

/**
 * What the cache sends to public addresses of its region is billed to whose the sender is, and to whose the receiver is; so is what it sends to private ones in another zone, also
 * over VPC peering: https://aws.amazon.com/ec2/pricing/on-demand/
 */
export function awsTransfer(use: MonthlyUsage, delivery: Delivery): Charge[] {
  const transfer = { item: "transfer-in-region", quantity: servedGiB(use, delivery) } as const;
  return [
    { ...transfer, name: "Transfer in the region, out of the cache", basis: "usage", paidBy: "us" },
    { ...transfer, name: "Transfer in the region, into the nodes", basis: "usage", paidBy: "customer" },
  ];
}

/** The zone is there already; the records in it are free. */
export function awsDnsQueries(nodeStarts: number): Charge[] {
  return [
    {
      name: "Route 53 queries",
      item: "dns-queries",
      quantity: (nodeStarts * dnsQueriesPerNode) / 1e6,
      ...usage,
    },
  ];
}

/** A registry of its own in each account, and the secret that ECR wants for its upstream, even a public one. */
export function ecrPullThrough(accounts: number, storedGiB: number): Charge[] {
  return [
    {
      name: "ECR storage",
      item: "registry-storage",
      quantity: accounts * storedGiB,
      basis: "usage",
      paidBy: "customer",
    },
    {
      name: "Secrets Manager secrets",
      item: "secret",
      quantity: accounts,
      basis: "fixed",
      paidBy: "customer",
    },
  ];
}

function instances(machine: string, count: number): Charge {
  const name = `${count === 1 ? "Instance" : `${count} instances`} (Linux, on demand, ${machine})`;
  return hourly(name, `machine/${machine}`, count);
}

function publicAddresses(count: number): Charge {
  const name = count === 1 ? "Public IPv4 address" : `${count} public IPv4 addresses`;
  return hourly(name, "public-ipv4", count);
}

/** 3,000 IOPS and 125 MiB/s come with the size. */
function dataVolume({ sizeGiB, iops, throughput }: PlannedDisk): Charge[] {
  const { free } = disks.gp3;
  return [
    { name: "Data volume (gp3)", item: "gp3-capacity", quantity: sizeGiB, ...fixed },
    { name: "Data volume, IOPS above 3,000", item: "gp3-iops", quantity: iops - free.iops, ...fixed },
    {
      name: "Data volume, throughput above 125 MiB/s",
      item: "gp3-throughput",
      quantity: throughput - free.throughput,
      ...fixed,
    },
  ];
}
