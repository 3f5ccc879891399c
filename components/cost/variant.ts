/** What a way to run a region's cache in a cloud buys. */
import type { CapacityPlan } from "../capacity/plan.ts";
import type { Variant } from "../capacity/plan-region.ts";
import { defaultExpireDays } from "../config/storage.ts";
import { billedTo, type Charge, type Setting, usage } from "./charge.ts";
import { awsCharges } from "./charges-aws.ts";
import { azureCharges } from "./charges-azure.ts";
import { upstreamTransfer } from "./upstream-transfer.ts";
import { daysPerMonth, type MonthlyUsage, readsPerGiB, servedByCache, writesPerGiB } from "./usage.ts";

/** Whether sources disagree about a charge of the region's: docs/cost.md has the sources of both answers. */
export function isContested({ cloud, region, settings }: Setting): boolean {
  const { azureSameRegionTraffic } = settings;
  return cloud === "azure" && region.endpoint.exposure === "public" && azureSameRegionTraffic === "unknown";
}

/** The same with that charge. */
export function azureBilled(setting: Setting): Setting {
  return { ...setting, settings: { ...setting.settings, azureSameRegionTraffic: "billed" } };
}

/**
 * What a variant's bucket has in it when as much comes as goes, if it has one. Its rule goes by age, whether something is in use or not; what goes out of use is, on average,
 * half as old as the rule allows. The days are those of the configuration, or of the schema where it has no bucket.
 */
export function contentOf({ storage }: Variant, { region, workload }: Setting) {
  if (storage.kind === "disk") return undefined;
  const expireDays = region.storage.kind === "bucket" ? region.storage.expireDays : defaultExpireDays;
  const expireMonths = expireDays / daysPerMonth;
  return {
    usedGiB: workload.workingSetGiB,
    // Not in use any more, and not yet as old as the rule wants.
    leftGiB: (workload.growthGiBPerMonth * expireMonths) / 2,
    // What a month's deletions take of what is in use, so that it is fetched again.
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

const cloudCharges = { aws: awsCharges, azure: azureCharges };

/** Everything that a variant buys in a month. */
export function chargesOf(variant: Variant, plan: CapacityPlan, setting: Setting): Charge[] {
  const { pulledGiB, filledGiB } = usageWith(variant, setting);
  const servedGiB = servedByCache(pulledGiB, variant);
  const content = contentOf(variant, setting);
  const bucket = content
    ? {
        storedGiB: content.usedGiB + content.leftGiB,
        reads: pulledGiB * readsPerGiB,
        writes: filledGiB * writesPerGiB,
      }
    : { storedGiB: 0, reads: 0, writes: 0 };
  const isPublic = setting.region.endpoint.exposure === "public";
  return [
    ...cloudCharges[setting.cloud]({ setting, variant, plan, filledGiB, servedGiB, ...bucket }),
    ...fillCharges(filledGiB, setting),
    ...nodesNatGateway(setting, isPublic ? servedGiB : 0, pulledGiB - servedGiB),
  ];
}

/** What comes from the upstreams. */
export function fillCharges(gib: number, setting: Setting, what = "Fill from"): Charge[] {
  return upstreamTransfer(setting.upstreams, gib, setting, { what, kind: "fill" });
}

/**
 * What passes the NAT gateways of the nodes, which are there anyway. A bucket is reached past them by a gateway endpoint for S3, which is free:
 * https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html
 * @param publicGiB of pulls that pass the public address of the cache or of a registry
 * @param bucketGiB of pulls that come from a bucket of the region
 */
export function nodesNatGateway(setting: Setting, publicGiB: number, bucketGiB: number): Charge[] {
  const { cloud, settings } = setting;
  const { natGateway, s3Endpoint } = settings.nodes;
  const gib = publicGiB + (s3Endpoint ? 0 : bucketGiB);
  if (cloud !== "aws" || natGateway !== "billed") return [];
  return [billedTo("customer", usage("NAT gateways of the nodes, data", "nat-gateway-data", gib))];
}
