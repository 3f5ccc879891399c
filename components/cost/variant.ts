/** A way to run a region's cache in a cloud, and what it buys: the one that the configuration asks for, and those that it is compared with. */
import { awsNodeDiskGiB, azureNode, fewestAzureNodes, isForAutoMode } from "../capacity/cluster-nodes.ts";
import type { Delivery } from "../capacity/demand.ts";
import { awsRootGiB } from "../capacity/disk.ts";
import type { Cloud } from "../capacity/machine.ts";
import { candidates } from "../capacity/machines.ts";
import { type CapacityPlan, type CapacityRequest, planCapacity } from "../capacity/plan.ts";
import type { Problem } from "../config/problems.ts";
import type { AwsRegion, AzureRegion, Upstream, Workload } from "../config/schema.ts";
import { defaultExpireDays } from "../config/storage.ts";
import { storeSku } from "../hosts/azure/regions.ts";
import { type BucketContent, bucketContent } from "./bucket-content.ts";
import type { Charge } from "./charge.ts";
import {
  awsBucket,
  awsCluster,
  awsDnsQueries,
  awsLoadBalanced,
  awsNatGatewayData,
  awsTransfer,
  awsVm,
} from "./charges-aws.ts";
import { azureBucket, azureCluster, azureLoadBalanced, azureTransfer, azureVm } from "./charges-azure.ts";
import type { MonthlyUsage } from "./estimate.ts";
import { upstreamTransfer } from "./upstream-transfer.ts";

export type CloudRegion = AwsRegion | AzureRegion;

export interface Variant {
  readonly topology: CloudRegion["topology"];
  /** Machines that share the work. */
  readonly replicas: number;
  readonly machine: CapacityRequest["region"]["machine"];
  readonly storage: CapacityRequest["region"]["storage"];
}

/** What all variants of a region have in common. */
export interface Setting {
  readonly cloud: Cloud;
  readonly region: CloudRegion;
  readonly workload: Workload;
  readonly upstreams: readonly Upstream[];
  /** What is fetched is what comes new, unless {@link Setting.fillMeasured}: see {@link usageWith}. */
  readonly usage: MonthlyUsage;
  /** Whether what is fetched was measured, and so has in it whatever it was fetched for. */
  readonly fillMeasured: boolean;
  /** Clusters, and accounts, that would each have a cache of their own. */
  readonly clusters: number;
  /** Whether Azure bills traffic within a region. */
  readonly azureBillsRegion: boolean;
}

export interface VariantPlan {
  readonly plan: CapacityPlan;
  /** The name of the machine as the configuration has it, which the plan may not know. */
  readonly machine: string;
  /** What the configuration asks for and can't be planned; the plan is then one for `auto`. */
  readonly problems: readonly Problem[];
}

/** The size of Debian's image in Azure, which is that of the machine's own disk. */
const azureOsDiskGiB = 30;

/** A replica must be able to go. */
export const clusterReplicas = 2;

export function variantOf(region: CloudRegion): Variant {
  const { topology, storage } = region;
  return topology === "vm"
    ? { topology, storage, replicas: 1, machine: region.machine }
    : {
        topology,
        storage,
        replicas: region.replicas.min,
        machine: "nodes" in region ? { type: region.nodes.type } : automatic,
      };
}

export function deliveryOf({ storage }: Pick<Variant, "storage">): Delivery {
  return storage.kind === "disk" ? "disk" : storage.delivery;
}

/**
 * A machine that isn't known is planned as it is, with a warning. An architecture that the machine hasn't got, or a size that no disk has, is said, and planned as if
 * it were `auto`.
 */
export function planVariant(variant: Variant, setting: Setting): VariantPlan {
  return variant.topology === "vm" ? planVm(variant, setting) : planNodes(variant, setting);
}

/** Each node carries its share: in AWS the least expensive that does, as Auto Mode chooses; AKS has the one of the configuration for all workloads. */
function planNodes({ storage, replicas, machine }: Variant, setting: Setting): VariantPlan {
  const share = { ...setting, workload: shareOf(setting.workload, replicas) };
  if (setting.cloud === "azure") return planAksNodes(machine, storage, share);
  let planned: VariantPlan | undefined;
  for (const { type } of candidates("aws", "arm64").filter(isForAutoMode)) {
    const { plan } = capacityOf({ type }, storage, share);
    if (!plan) continue;
    planned = { plan, machine: type, problems: [] };
    if (plan.limits.every(({ required, available }) => required <= available)) break;
  }
  if (!planned) throw new RangeError(`${setting.region.name}: no plan for a cluster's nodes`);
  return planned;
}

function planAksNodes(machine: Variant["machine"], storage: Variant["storage"], share: Setting): VariantPlan {
  const type = machine.type === "auto" ? azureNode.type : machine.type;
  const { plan } = capacityOf({ type }, storage, share);
  if (!plan) throw new RangeError(`${share.region.name}: no plan for a cluster's nodes`);
  const warnings = plan.warnings.map((it) =>
    it.path === "machine.type" ? { ...it, path: "nodes.type" } : it,
  );
  return { plan: { ...plan, warnings }, machine: type, problems: [] };
}

/** What each of several machines, or clusters, has to carry: all of the images, for a part of the nodes. */
export function shareOf(workload: Workload, parts: number): Workload {
  const { nodes, peakNodes } = workload;
  return {
    ...workload,
    nodes: Math.ceil(nodes / parts),
    ...(peakNodes !== undefined && { peakNodes: Math.ceil(peakNodes / parts) }),
  };
}

function planVm({ machine, storage }: Variant, setting: Setting): VariantPlan {
  const { plan: asked, problems } = capacityOf(machine, storage, setting);
  const plan =
    asked ??
    capacityOf(automatic, storage, setting).plan ??
    capacityOf(automatic, automaticStorage(storage), setting).plan;
  if (!plan) throw new RangeError(`${setting.region.name}: no plan, even for an automatic machine and disk`);
  return { plan, machine: machine.type === "auto" ? plan.machine.type : machine.type, problems };
}

function capacityOf(
  machine: Variant["machine"],
  storage: Variant["storage"],
  { cloud, region, workload, upstreams }: Setting,
) {
  const place = { name: region.name, machine, storage };
  return planCapacity({ cloud, region: place, workload, upstreams: upstreams.length });
}

const automatic = { type: "auto" } as const;

function automaticStorage(storage: Variant["storage"]): Variant["storage"] {
  return storage.kind === "disk" ? { kind: "disk", sizeGiB: "auto" } : storage;
}

/** The content of a variant's bucket, if it has one, with the days of the configuration, or of the schema where it has no bucket. */
export function contentOf({ storage }: Variant, { region, workload }: Setting): BucketContent | undefined {
  if (storage.kind === "disk") return undefined;
  const expireDays = region.storage.kind === "bucket" ? region.storage.expireDays : defaultExpireDays;
  return bucketContent(workload, expireDays);
}

/** What passes through a variant: with a bucket, what its rule deletes while it is in use comes again. */
export function usageWith(variant: Variant, setting: Setting): MonthlyUsage {
  const { usage, fillMeasured } = setting;
  const { refetchedGiB = 0 } = contentOf(variant, setting) ?? {};
  return fillMeasured ? usage : { ...usage, filledGiB: usage.filledGiB + refetchedGiB };
}

/** Everything that a variant buys in a month. */
export function chargesOf(variant: Variant, { plan, machine }: VariantPlan, setting: Setting): Charge[] {
  const { cloud, region, upstreams } = setting;
  const usage = usageWith(variant, setting);
  const content = contentOf(variant, setting);
  const parts: VariantParts = {
    variant,
    plan,
    machine,
    delivery: deliveryOf(variant),
    setting,
    usage,
    content,
  };
  return [
    ...(cloud === "aws" ? awsCharges(parts) : azureCharges(parts)),
    ...upstreamTransfer(upstreams, usage.filledGiB, { cloud, region: region.name }, fill),
  ];
}

const fill = { what: "Fill from", kind: "fill" } as const;

interface VariantParts {
  readonly variant: Variant;
  readonly plan: CapacityPlan;
  readonly machine: string;
  readonly delivery: Delivery;
  readonly setting: Setting;
  /** By {@link usageWith}. */
  readonly usage: MonthlyUsage;
  readonly content: BucketContent | undefined;
}

function awsCharges({ variant, plan, machine, delivery, setting, usage, content }: VariantParts): Charge[] {
  const { workload, region } = setting;
  const isVm = variant.topology === "vm";
  const hasNatGateway = !isVm && !("nodeSubnets" in region.network);
  return [
    ...(isVm
      ? awsVm({ machine, rootGiB: awsRootGiB, disk: plan.disk })
      : awsCluster({
          machine,
          nodes: variant.replicas,
          nodeDiskGiB: awsNodeDiskGiB,
          hasNatGateway,
        })),
    ...(content ? awsBucket(storedGiB(content), usage) : []),
    ...(isVm ? [] : awsLoadBalanced(usage, delivery)),
    ...(hasNatGateway ? awsNatGatewayData(usage) : []),
    ...awsTransfer(usage, delivery),
    ...(region.endpoint.zone === undefined ? [] : awsDnsQueries(workload.nodes * workload.nodeChurnPerMonth)),
  ];
}

function azureCharges({ variant, plan, machine, delivery, setting, usage, content }: VariantParts): Charge[] {
  const { region, azureBillsRegion } = setting;
  const isVm = variant.topology === "vm";
  const { tls, zone } = region.endpoint;
  const challengeZone = tls.mode === "acme" && zone !== undefined;
  return [
    ...(isVm
      ? azureVm({
          machine,
          osDiskGiB: azureOsDiskGiB,
          disk: plan.disk,
          challengeZone,
        })
      : azureCluster({
          machine,
          nodes: Math.max(fewestAzureNodes, variant.replicas),
          osDiskGiB: azureNode.diskGiB,
          challengeZone,
        })),
    ...(content
      ? azureBucket(storeSku({ name: region.name, topology: variant.topology }), storedGiB(content), usage)
      : []),
    ...(isVm ? [] : azureLoadBalanced(usage, delivery)),
    ...(azureBillsRegion ? azureTransfer(usage, delivery) : []),
  ];
}

function storedGiB({ usedGiB, leftGiB }: BucketContent): number {
  return usedGiB + leftGiB;
}
