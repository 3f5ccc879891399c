/** What a way to run a region's cache in a cloud buys. */
import { deliveryOf } from "../capacity/demand.ts";
import type { Cloud } from "../capacity/machine.ts";
import type { CapacityPlan } from "../capacity/plan.ts";
import type { CloudRegion, RegionSetting, Variant } from "../capacity/plan-region.ts";
import type { StackConfig } from "../config/schema.ts";
import { defaultExpireDays } from "../config/storage.ts";
import type { Charge, Market, Purchase } from "./charge.ts";
import { awsCharges, awsNodesNatGateway } from "./charges-aws.ts";
import { azureCharges } from "./charges-azure.ts";
import { upstreamTransfer } from "./upstream-transfer.ts";
import { daysPerMonth, type MonthlyUsage, servedGiB } from "./usage.ts";

/** What all variants of a region have in common. */
export interface Setting extends RegionSetting, Market {
  readonly region: CloudRegion;
  /** What the stack's configuration says under `cost`. */
  readonly settings: StackConfig["cost"];
  /** By the workload, as far as it isn't measured. */
  readonly usage: MonthlyUsage;
  readonly measured: Partial<MonthlyUsage>;
}

/** Whether sources disagree about a charge of the region's: docs/cost.md has the sources of both answers. */
export function isContested({ cloud, region, settings }: Setting): boolean {
  const { azureSameRegionTraffic } = settings;
  return cloud === "azure" && region.endpoint.exposure === "public" && azureSameRegionTraffic === "unknown";
}

/** The same with that charge. */
export function azureBilled(setting: Setting): Setting {
  return { ...setting, settings: { ...setting.settings, azureSameRegionTraffic: "billed" } };
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

/** What passes through a variant: with a bucket, what its rule deletes while it is in use comes again. What was measured has that in it. */
export function usageWith(variant: Variant, setting: Setting): MonthlyUsage {
  const { usage } = setting;
  const { refetchedGiB = 0 } = contentOf(variant, setting) ?? {};
  const isMeasured = setting.measured.filledGiB !== undefined;
  return isMeasured ? usage : { ...usage, filledGiB: usage.filledGiB + refetchedGiB };
}

const cloudCharges: Readonly<Record<Cloud, (it: Purchase) => Charge[]>> = {
  aws: awsCharges,
  azure: azureCharges,
};

/** Everything that a variant buys in a month. */
export function chargesOf(variant: Variant, { machine, disk }: CapacityPlan, setting: Setting): Charge[] {
  const { cloud, region, workload, settings } = setting;
  const own = usageWith(variant, setting);
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
      azureBillsRegion: settings.azureSameRegionTraffic === "billed",
    }),
    ...fillCharges(own.filledGiB, setting),
    ...nodesNatGateway(setting, isPublic ? served : 0, own.pulledGiB - served),
  ];
}

/** What comes from the upstreams. */
export function fillCharges(gib: number, setting: Setting, what = "Fill from"): Charge[] {
  return upstreamTransfer(setting.upstreams, gib, setting, { what, kind: "fill" });
}

/**
 * What passes the NAT gateways of the nodes. A bucket is reached past them by a gateway endpoint for S3, which is free:
 * https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html
 * @param publicGiB of pulls that pass the public address of the cache or of a registry
 * @param bucketGiB of pulls that come from a bucket of the region
 */
export function nodesNatGateway(
  { cloud, settings: { nodes } }: Setting,
  publicGiB: number,
  bucketGiB: number,
): Charge[] {
  if (cloud !== "aws" || nodes.natGateway !== "billed") return [];
  return [awsNodesNatGateway(publicGiB + (nodes.s3Endpoint ? 0 : bucketGiB))];
}
