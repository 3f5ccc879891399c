/** What a way to run a region's cache in a cloud buys. */
import { deliveryOf } from "../capacity/demand.ts";
import type { Cloud } from "../capacity/machine.ts";
import type { CapacityPlan } from "../capacity/plan.ts";
import type { CloudRegion, RegionSetting, Variant } from "../capacity/plan-region.ts";
import type { StackConfig } from "../config/schema.ts";
import { defaultExpireDays } from "../config/storage.ts";
import type { Charge, Purchase } from "./charge.ts";
import { awsCharges, awsNodesNatGateway } from "./charges-aws.ts";
import { azureCharges } from "./charges-azure.ts";
import { upstreamTransfer } from "./upstream-transfer.ts";
import { daysPerMonth, type MonthlyUsage, servedGiB } from "./usage.ts";

/** What all variants of a region have in common. */
export interface Setting extends RegionSetting {
  readonly region: CloudRegion;
  /** Whether what is fetched was measured, and so has in it whatever it was fetched for. Otherwise it is what comes new: see {@link usageWith}. */
  readonly fillMeasured: boolean;
  /** Clusters, and accounts, that would each have a cache of their own. */
  readonly clusters: number;
  /** What the nodes' network is like. */
  readonly nodes: StackConfig["cost"]["nodes"];
  /** What the Azure registries among the upstreams hold, if that is known. */
  readonly registryGiB?: number | undefined;
  /** Whether Azure bills traffic within a region. */
  readonly azureBillsRegion: boolean;
}

/** What a bucket has in it when as much comes as goes. */
export interface BucketContent {
  /** In use. */
  readonly usedGiB: number;
  /** Not in use any more, and not yet as old as the rule wants. */
  readonly leftGiB: number;
  /** What a month's deletions take of what is in use, so that it is fetched again. */
  readonly refetchedGiB: number;
}

/**
 * The content of a variant's bucket, if it has one. Its rule goes by age, whether something is in use or not; what goes out of use is, on average, half as old as the rule
 * allows. The days are those of the configuration, or of the schema where it has no bucket.
 */
export function contentOf({ storage }: Variant, { region, workload }: Setting): BucketContent | undefined {
  if (storage.kind === "disk") return undefined;
  const expireDays = region.storage.kind === "bucket" ? region.storage.expireDays : defaultExpireDays;
  const expireMonths = expireDays / daysPerMonth;
  return {
    usedGiB: workload.workingSetGiB,
    leftGiB: (workload.growthGiBPerMonth * expireMonths) / 2,
    refetchedGiB: workload.workingSetGiB / expireMonths,
  };
}

/** What passes through a variant: with a bucket, what its rule deletes while it is in use comes again. */
export function usageWith(variant: Variant, setting: Setting, usage: MonthlyUsage): MonthlyUsage {
  const { refetchedGiB = 0 } = contentOf(variant, setting) ?? {};
  return setting.fillMeasured ? usage : { ...usage, filledGiB: usage.filledGiB + refetchedGiB };
}

const cloudCharges: Readonly<Record<Cloud, (it: Purchase) => Charge[]>> = {
  aws: awsCharges,
  azure: azureCharges,
};

/** Everything that a variant buys in a month. */
export function chargesOf(
  variant: Variant,
  { machine, disk }: CapacityPlan,
  setting: Setting,
  usage: MonthlyUsage,
): Charge[] {
  const { cloud, region, workload, azureBillsRegion } = setting;
  const own = usageWith(variant, setting, usage);
  const served = servedGiB(own, deliveryOf(variant.storage));
  const { usedGiB, leftGiB } = contentOf(variant, setting) ?? { usedGiB: 0, leftGiB: 0 };
  const isPublic = region.endpoint.exposure === "public";
  return [
    ...cloudCharges[cloud]({
      topology: variant.topology,
      machine: machine.type,
      nodes: variant.replicas,
      disk,
      region,
      ...own,
      servedGiB: served,
      storedGiB: usedGiB + leftGiB,
      nodeStarts: workload.nodes * workload.nodeChurnPerMonth,
      azureBillsRegion,
    }),
    ...fillCharges(own.filledGiB, setting),
    ...nodesNatGateway(setting, isPublic ? served : 0, own.pulledGiB - served),
  ];
}

/** What comes from the upstreams. */
export function fillCharges(
  gib: number,
  { cloud, region, upstreams }: Setting,
  what = "Fill from",
): Charge[] {
  return upstreamTransfer(upstreams, gib, { cloud, region: region.name }, { what, kind: "fill" });
}

/**
 * What passes the NAT gateways of the nodes. A bucket is reached past them by a gateway endpoint for S3, which is free:
 * https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html
 * @param publicGiB of pulls that pass the public address of the cache or of a registry
 * @param bucketGiB of pulls that come from a bucket of the region
 */
export function nodesNatGateway({ cloud, nodes }: Setting, publicGiB: number, bucketGiB: number): Charge[] {
  if (cloud !== "aws" || nodes.natGateway !== "billed") return [];
  return [awsNodesNatGateway(publicGiB + (nodes.s3Endpoint ? 0 : bucketGiB))];
}
