/** Plans the machine, or the nodes of the cluster, for a region's cache in a cloud. */
import type { Problem } from "../config/problems.ts";
import type { AwsClusterRegion, CloudRegion, Upstream, Workload } from "../config/schema.ts";
import { azureNode, isForAutoMode, nodeDisks } from "./cluster-nodes.ts";
import { deliveryOf } from "./demand.ts";
import { disks } from "./disk.ts";
import { type Limit, mostPageCacheMiB, strain, suffices } from "./limits.ts";
import { type Cloud, type ClusterCloud, cloudOf, type Machine } from "./machine.ts";
import { candidates } from "./machines.ts";
import {
  type Capacity,
  type CapacityPlan,
  type CapacityRequest,
  planCapacity,
  settingOf,
  upstreamsOf,
} from "./plan.ts";
import { type RateName, rateText, sufficient } from "./plan-machine.ts";
import { quantity } from "./text.ts";

/** A way to run a region's cache: the configured one, or an alternative for comparison. */
export interface Variant {
  readonly topology: CloudRegion["topology"];
  /** The number of machines that share the load. */
  readonly replicas: number;
  readonly machine: CapacityRequest["region"]["machine"];
  readonly storage: CapacityRequest["region"]["storage"];
}

/** What all variants of a region share. Only a cloud with managed clusters has them all. */
export interface RegionSetting<Name extends Cloud = ClusterCloud> {
  readonly cloud: Name;
  readonly region: { readonly name: string };
  readonly workload: Workload;
  readonly upstreams: readonly Upstream[];
}

/**
 * Plans the machine and the disk of the configured variant. In a cluster, these are the machine and the disk of each node.
 * @returns problems whose path is relative to the region
 */
export function capacityOf(
  region: CloudRegion,
  { workload, upstreams }: Pick<RegionSetting, "workload" | "upstreams">,
): Capacity {
  const shared = { region, workload, upstreams };
  return region.topology === "vm"
    ? planCapacity(requestOf(variantOf(region), { cloud: cloudOf(region), ...shared }))
    : planVariant(variantOf(region), { cloud: cloudOf(region), ...shared });
}

/** The configured variant of a region. */
export function variantOf(region: CloudRegion): Variant {
  const { topology, storage } = region;
  if (topology === "vm") return { topology, storage, replicas: 1, machine: region.machine };
  const type = region.kind === "azure cluster" ? region.nodes.type : "auto";
  return { topology, storage, replicas: region.replicas.min, machine: { type } };
}

/** The limits of another machine type for the region's workload. In a cluster, for one node's share of it. */
export function limitsOn(
  type: string,
  region: CloudRegion,
  { workload, upstreams }: Pick<RegionSetting, "workload" | "upstreams">,
): readonly Limit[] {
  const variant = { ...variantOf(region), machine: { type } };
  const shared = { region, workload, upstreams };
  const request =
    region.topology === "vm"
      ? requestOf(variant, { cloud: cloudOf(region), ...shared })
      : nodeRequestOf(variant, { cloud: cloudOf(region), ...shared });
  return planCapacity(request).plan.limits;
}

/** Plans the machines of a variant. @returns problems whose path is relative to the region */
export function planVariant(variant: Variant, setting: RegionSetting): Capacity {
  return variant.topology === "vm"
    ? planCapacity(requestOf(variant, setting))
    : nodePlanners[setting.cloud](nodeRequestOf(variant, setting), variant);
}

/** The request for one of the machines that share the load. */
function requestOf(
  { replicas, machine, storage }: Variant,
  { cloud, region, workload, upstreams }: RegionSetting<Cloud>,
): CapacityRequest {
  return {
    cloud,
    region: { name: region.name, machine, storage },
    workload: shareOf(workload, replicas),
    ...upstreamsOf(upstreams),
  };
}

/** The request for a node of a cluster. */
function nodeRequestOf(variant: Variant, setting: RegionSetting): CapacityRequest {
  const disk = nodeDisks[setting.cloud];
  return { ...requestOf(variant, setting), cachedGiB: mostPageCacheMiB / 1024, disk };
}

type NodePlanner = (request: CapacityRequest, variant: Variant) => Capacity;

const nodePlanners: Readonly<Record<ClusterCloud, NodePlanner>> = {
  aws: planAutoModeNodes,
  azure: planAksNodes,
};

/** Chooses the least expensive machine of Auto Mode that sustains a replica's share, or else of those that come closest. */
function planAutoModeNodes(request: CapacityRequest, variant: Variant): Capacity {
  const [{ type }] = autoModeMachines(request);
  const { plan, problems } = planCapacity({ ...request, region: { ...request.region, machine: { type } } });
  // The configuration names no machine, so other warnings would be about settings that aren't there.
  return { plan: { ...plan, warnings: nodeWarnings(plan, variant) }, problems };
}

const allOfAutoMode = candidates("aws", "arm64").filter(isForAutoMode);

/** The least expensive machine that Auto Mode would use for a replica. No other has fewer processors. */
export const [smallestOfAutoMode] = allOfAutoMode;

/** The machines of Auto Mode that sustain a replica's share, or else those that come closest, the least expensive first. */
function autoModeMachines(request: CapacityRequest) {
  return sufficient(allOfAutoMode, settingOf(request));
}

/**
 * The nodes to ask Auto Mode for, which itself sees only the processors and the memory that Pods request. The least expensive first.
 * @returns undefined if the least expensive machine sustains the workload, so that any does
 */
export function autoModeNodes(
  region: AwsClusterRegion,
  { workload, upstreams }: Pick<RegionSetting, "workload" | "upstreams">,
): readonly Machine[] | undefined {
  const all = autoModeMachines(
    nodeRequestOf(variantOf(region), { cloud: "aws", region, workload, upstreams }),
  );
  return all[0] === smallestOfAutoMode ? undefined : all;
}

/** In AKS, the configuration decides on the size of the nodes, regardless of the workload. */
function planAksNodes(request: CapacityRequest, variant: Variant): Capacity {
  const { region } = request;
  const type = region.machine.type === "auto" ? azureNode.type : region.machine.type;
  const { plan, problems } = planCapacity({ ...request, region: { ...region, machine: { type } } });
  const warnings = plan.warnings.map((it) => ({ ...it, path: "nodes.type" }));
  return { plan: { ...plan, warnings: [...warnings, ...nodeWarnings(plan, variant)] }, problems };
}

/** Warns if a node, or its disk, is too slow for a replica's share of the workload. */
function nodeWarnings(
  { limits, machine, disk }: CapacityPlan,
  { replicas, storage }: Pick<Variant, "replicas" | "storage">,
): Problem[] {
  const [worst] = limits
    .filter((limit): limit is Limit<RateName> => limit.name !== "memory" && !suffices(limit))
    .sort((one, other) => strain(other) - strain(one));
  if (!worst) return [];
  const subject = worst.name.startsWith("disk ")
    ? `the disk of a node, ${quantity(disk.sizeGiB, "GiB")} of ${disks[disk.type].label},`
    : `a node, ${machine.type},`;
  const message = `${subject} ${rateText(worst, `that each of ${replicas} replicas needs`)}: that takes about ${Math.ceil(replicas * strain(worst))} replicas${orRedirect(storage)}`;
  return [{ path: "replicas.min", message }];
}

/** The end of a message that names a way out: Pods that redirect clients to the bucket need less. */
export function orRedirect(storage: Variant["storage"]): string {
  return deliveryOf(storage) === "proxied" ? ", or `storage: { delivery: redirect }`" : "";
}

/** The workload of each of several machines or clusters: all images, for a part of the nodes. */
export function shareOf(workload: Workload, parts: number): Workload {
  const { nodes, peakNodes } = workload;
  return {
    ...workload,
    nodes: Math.ceil(nodes / parts),
    ...(peakNodes !== undefined && { peakNodes: Math.ceil(peakNodes / parts) }),
  };
}
