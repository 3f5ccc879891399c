/** The charges of a variant: a way to run a region's cache in a cloud. */
import type { CapacityPlan } from "../capacity/plan.ts";
import type { Variant } from "../capacity/plan-region.ts";
import { defaultExpireDays } from "../config/storage.ts";
import { billedTo, type Charge, type Setting, usage } from "./charge.ts";
import { awsCharges } from "./charges-aws.ts";
import { azureCharges } from "./charges-azure.ts";
import { upstreamTransfer } from "./upstream-transfer.ts";
import { daysPerMonth, type MonthlyUsage, readsPerGiB, servedByCache, writesPerGiB } from "./usage.ts";

/** Whether sources disagree about a charge of the region: docs/cost.md has the sources of both answers. */
export function isContested({ cloud, region, settings }: Setting): boolean {
  const { azureSameRegionTraffic } = settings;
  return cloud === "azure" && region.endpoint.exposure === "public" && azureSameRegionTraffic === "unknown";
}

/** The setting in which Azure bills the contested charge. */
export function azureBilled(setting: Setting): Setting {
  return { ...setting, settings: { ...setting.settings, azureSameRegionTraffic: "billed" } };
}

/**
 * The content of a variant's bucket in a steady state. Undefined without a bucket. The lifecycle rule deletes objects by age, even those in use. On average, content goes out of
 * use at half of that age. The age is the configured one, or the schema's default if the configuration has no bucket.
 */
export function contentOf({ storage }: Variant, { region, workload }: Setting) {
  if (storage.kind === "disk") return undefined;
  const expireDays = region.storage.kind === "bucket" ? region.storage.expireDays : defaultExpireDays;
  const expireMonths = expireDays / daysPerMonth;
  return {
    usedGiB: workload.workingSetGiB,
    // Content that is no longer in use, but not yet deleted.
    leftGiB: (workload.growthGiBPerMonth * expireMonths) / 2,
    // Content in use that the rule deletes in a month, so that it is fetched again.
    refetchedGiB: workload.workingSetGiB / expireMonths,
  };
}

/** The usage of a variant. With a bucket, it includes content that is fetched again because the lifecycle rule deleted it. Measured figures already include that. */
export function usageWith(variant: Variant, setting: Setting): MonthlyUsage {
  const { usage } = setting;
  const { refetchedGiB = 0 } = contentOf(variant, setting) ?? {};
  const isMeasured = setting.measured.filledGiB !== undefined;
  return isMeasured ? usage : { ...usage, filledGiB: usage.filledGiB + refetchedGiB };
}

const cloudCharges = { aws: awsCharges, azure: azureCharges };

/** All charges of a variant in a month. */
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

/** The charges for transfer from the upstreams into the cache. */
export function fillCharges(gib: number, setting: Setting, what = "Fill from"): Charge[] {
  return upstreamTransfer(setting.upstreams, gib, setting, { what, kind: "fill" });
}

/**
 * The data charges of the nodes' own NAT gateways, which exist anyway. A free gateway endpoint for S3 lets the nodes bypass them for a bucket:
 * https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html
 * @param publicGiB pulls from the public address of the cache or of a registry
 * @param bucketGiB pulls from a bucket of the region
 */
export function nodesNatGateway(setting: Setting, publicGiB: number, bucketGiB: number): Charge[] {
  const { cloud, settings } = setting;
  const { natGateway, s3Endpoint } = settings.nodes;
  const gib = publicGiB + (s3Endpoint ? 0 : bucketGiB);
  if (cloud !== "aws" || natGateway !== "billed") return [];
  return [billedTo("customer", usage("NAT gateways of the nodes, data", "nat-gateway-data", gib))];
}
