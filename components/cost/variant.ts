/** A way to run a region's cache in a cloud, and what it buys: the one that the configuration asks for, and those that it is compared with. */
import type { Delivery } from "../capacity/demand.ts";
import { awsRootGiB } from "../capacity/disk.ts";
import type { Cloud } from "../capacity/machine.ts";
import { candidates } from "../capacity/machines.ts";
import { type CapacityPlan, type CapacityRequest, planCapacity } from "../capacity/plan.ts";
import type { Problem } from "../config/problems.ts";
import type { AwsRegion, AzureRegion, Upstream, Workload } from "../config/schema.ts";
import type { Charge } from "./charge.ts";
import { awsBucket, awsCluster, awsDnsQueries, awsLoadBalanced, awsTransfer, awsVm } from "./charges-aws.ts";
import { azureBucket, azureCluster, azureLoadBalanced, azureTransfer, azureVm } from "./charges-azure.ts";
import type { MonthlyUsage } from "./estimate.ts";
import { upstreamTransfer } from "./upstream-transfer.ts";

export type CloudRegion = AwsRegion | AzureRegion;

export interface Variant {
  readonly topology: CloudRegion["topology"];
  readonly machine: CapacityRequest["region"]["machine"];
  readonly storage: CloudRegion["storage"];
}

/** What all variants of a region have in common. */
export interface Setting {
  readonly cloud: Cloud;
  readonly region: CloudRegion;
  readonly workload: Workload;
  readonly upstreams: readonly Upstream[];
  readonly usage: MonthlyUsage;
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

/** A replica must be able to go: one node carries the workload, two are there, and the load balancer has an address in each of three zones. */
const clusterNodes = 2;
const leastNodeGiB = 8;
const awsNodeRootGiB = 20;
const awsLoadBalancerAddresses = 3;
const azureNodeOsDiskGiB = 30;

export function variantOf(region: CloudRegion): Variant {
  const { topology, storage } = region;
  return { topology, storage, machine: topology === "vm" ? region.machine : { type: "auto" } };
}

export function deliveryOf({ storage }: Pick<Variant, "storage">): Delivery {
  return storage.kind === "disk" ? "disk" : storage.delivery;
}

/** A machine or a disk that isn't known is said, and the rest is planned as if it were `auto`. */
export function planVariant(variant: Variant, setting: Setting): VariantPlan {
  return variant.topology === "vm" ? planVm(variant, setting) : planNodes(variant, setting);
}

/** The least expensive machine that has memory for a cluster's own Pods too. */
function planNodes({ storage }: Variant, setting: Setting): VariantPlan {
  for (const { type, memoryGiB } of candidates(setting.cloud, "arm64")) {
    const { plan } = memoryGiB < leastNodeGiB ? {} : capacityOf({ type }, storage, setting);
    if (plan?.limits.every(({ required, available }) => required <= available)) {
      return { plan, machine: type, problems: [] };
    }
  }
  return planVm({ topology: "vm", machine: automatic, storage }, setting);
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

/** Everything that a variant buys in a month. */
export function chargesOf(variant: Variant, { plan, machine }: VariantPlan, setting: Setting): Charge[] {
  const { cloud, region, upstreams, usage } = setting;
  const parts: VariantParts = { variant, plan, machine, delivery: deliveryOf(variant), setting };
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
}

function awsCharges({ variant, plan, machine, delivery, setting }: VariantParts): Charge[] {
  const { usage, workload } = setting;
  const isVm = variant.topology === "vm";
  return [
    ...(isVm
      ? awsVm({ machine, rootGiB: awsRootGiB, disk: plan.disk })
      : awsCluster({
          machine,
          nodes: clusterNodes,
          rootGiB: awsNodeRootGiB,
          addresses: awsLoadBalancerAddresses,
        })),
    ...(variant.storage.kind === "bucket" ? awsBucket(workload.workingSetGiB, usage) : []),
    ...(isVm ? [] : awsLoadBalanced(usage, delivery)),
    ...awsTransfer(usage, delivery),
    ...(setting.region.endpoint.zone === undefined
      ? []
      : awsDnsQueries(workload.nodes * workload.nodeChurnPerMonth)),
  ];
}

function azureCharges({ variant, plan, machine, delivery, setting }: VariantParts): Charge[] {
  const { usage, workload, region, azureBillsRegion } = setting;
  const isVm = variant.topology === "vm";
  const { tls, zone } = region.endpoint;
  return [
    ...(isVm
      ? azureVm({
          machine,
          osDiskGiB: azureOsDiskGiB,
          disk: plan.disk,
          challengeZone: tls.mode === "acme" && zone !== undefined,
        })
      : azureCluster({ machine, nodes: clusterNodes, osDiskGiB: azureNodeOsDiskGiB })),
    ...(variant.storage.kind === "bucket" ? azureBucket(workload.workingSetGiB, usage) : []),
    ...(isVm ? [] : azureLoadBalanced(usage, delivery)),
    ...(azureBillsRegion ? azureTransfer(usage, delivery) : []),
  ];
}
