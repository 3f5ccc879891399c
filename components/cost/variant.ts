/** What a way to run a region's cache in a cloud buys. */
import { deliveryOf } from "../capacity/demand.ts";
import type { Cloud } from "../capacity/machine.ts";
import type { CapacityPlan } from "../capacity/plan.ts";
import type { CloudRegion, RegionSetting, Variant } from "../capacity/plan-region.ts";
import type { StackConfig } from "../config/schema.ts";
import { defaultExpireDays } from "../config/storage.ts";
import { storeSku } from "../hosts/azure/regions.ts";
import { type BucketContent, bucketContent } from "./bucket-content.ts";
import type { Charge } from "./charge.ts";
import {
  awsBucket,
  awsCluster,
  awsDnsQueries,
  awsFailover,
  awsLoadBalanced,
  awsNatGatewayData,
  awsPrivateLink,
  awsTransfer,
  awsVm,
} from "./charges-aws.ts";
import {
  azureBucket,
  azureCluster,
  azureDnsZone,
  azureFailover,
  azureLoadBalanced,
  azureNetwork,
  azureTransfer,
  azureVm,
} from "./charges-azure.ts";
import { nodesNatGateway, type Ways } from "./nodes-network.ts";
import { upstreamTransfer } from "./upstream-transfer.ts";
import { type MonthlyUsage, servedGiB } from "./usage.ts";

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

/** The content of a variant's bucket, if it has one, with the days of the configuration, or of the schema where it has no bucket. */
export function contentOf({ storage }: Variant, { region, workload }: Setting): BucketContent | undefined {
  if (storage.kind === "disk") return undefined;
  const expireDays = region.storage.kind === "bucket" ? region.storage.expireDays : defaultExpireDays;
  return bucketContent(workload, expireDays);
}

/** What passes through a variant: with a bucket, what its rule deletes while it is in use comes again. */
export function usageWith(variant: Variant, setting: Setting, usage: MonthlyUsage): MonthlyUsage {
  const { refetchedGiB = 0 } = contentOf(variant, setting) ?? {};
  return setting.fillMeasured ? usage : { ...usage, filledGiB: usage.filledGiB + refetchedGiB };
}

/** Everything that a variant buys in a month. */
export function chargesOf(
  variant: Variant,
  plan: CapacityPlan,
  setting: Setting,
  usage: MonthlyUsage,
): Charge[] {
  const own = usageWith(variant, setting, usage);
  return [
    ...cloudCharges[setting.cloud](variant, plan, setting, own),
    ...fillCharges(own.filledGiB, setting),
    ...nodesNatGateway(setting, waysOf(variant, setting, own)),
  ];
}

function waysOf({ storage }: Variant, { region: { endpoint } }: Setting, usage: MonthlyUsage): Ways {
  const served = servedGiB(usage, deliveryOf(storage));
  return { publicGiB: endpoint.exposure === "private" ? 0 : served, bucketGiB: usage.pulledGiB - served };
}

const cloudCharges: Readonly<Record<Cloud, typeof chargesOf>> = { aws: awsCharges, azure: azureCharges };

/** What comes from the upstreams. */
export function fillCharges(
  gib: number,
  { cloud, region, upstreams }: Setting,
  what = "Fill from",
): Charge[] {
  return upstreamTransfer(upstreams, gib, { cloud, region: region.name }, { what, kind: "fill" });
}

function awsCharges(
  variant: Variant,
  { machine, disk }: CapacityPlan,
  setting: Setting,
  usage: MonthlyUsage,
): Charge[] {
  const { workload, region } = setting;
  const content = contentOf(variant, setting);
  const delivery = deliveryOf(variant.storage);
  const isVm = variant.topology === "vm";
  const isPublic = region.endpoint.exposure === "public";
  const isOwnNetwork = isVm ? !isPublic && !("subnet" in region.network) : !("nodeSubnets" in region.network);
  const network = { isPublic, hasNatGateway: isOwnNetwork };
  return [
    ...(isVm ? awsVm(machine.type, disk, network) : awsCluster(machine.type, variant.replicas, network)),
    ...(content ? awsBucket(storedGiB(content), usage) : []),
    ...(isVm ? [] : awsLoadBalanced(usage, delivery)),
    ...(isVm && region.endpoint.privateLink ? awsPrivateLink(usage, delivery) : []),
    ...(isVm && region.endpoint.failover === "dns" ? awsFailover : []),
    ...(network.hasNatGateway ? awsNatGatewayData(usage) : []),
    ...awsTransfer(usage, delivery),
    ...(region.endpoint.zone === undefined ? [] : awsDnsQueries(workload.nodes * workload.nodeChurnPerMonth)),
  ];
}

function azureCharges(
  variant: Variant,
  { machine, disk }: CapacityPlan,
  setting: Setting,
  usage: MonthlyUsage,
): Charge[] {
  const { region, workload, azureBillsRegion } = setting;
  const content = contentOf(variant, setting);
  const delivery = deliveryOf(variant.storage);
  const isVm = variant.topology === "vm";
  const { tls } = region.endpoint;
  return [
    ...(isVm ? azureVm(machine.type, disk) : azureCluster(machine.type, variant.replicas)),
    ...azureNetwork(region, usage, variant.topology),
    ...(tls.mode === "acme" ? [azureDnsZone] : []),
    ...azureFailover(region, workload.nodes * workload.nodeChurnPerMonth),
    ...(content
      ? azureBucket(storeSku({ name: region.name, topology: variant.topology }), storedGiB(content), usage)
      : []),
    ...(isVm && !region.endpoint.privateLink ? [] : azureLoadBalanced(usage, delivery)),
    ...(azureBillsRegion && region.endpoint.exposure === "public" ? azureTransfer(usage, delivery) : []),
  ];
}

function storedGiB({ usedGiB, leftGiB }: BucketContent): number {
  return usedGiB + leftGiB;
}
