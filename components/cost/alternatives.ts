import type { Capacity, CapacityPlan } from "../capacity/plan.ts";
import { planVariant, shareOf, type Variant, variantOf } from "../capacity/plan-region.ts";
import { capitalized, number } from "../capacity/text.ts";
import { isZot } from "../config/upstream.ts";
import { type BilledRegion, type Charge, costOf, priced, type Setting } from "./charge.ts";
import { awsBetweenNodesZones, ecrPullThrough } from "./charges-aws.ts";
import { acrReplica } from "./charges-azure.ts";
import { type Committed, committedTo } from "./commitment.ts";
import { type Totals, totalsOf } from "./line.ts";
import { isAcr, isForEcr, needsSecret, uncountedTransfer, upstreamTransfer } from "./upstream-transfer.ts";
import { chargesOf, fillCharges, nodesNatGateway } from "./variant.ts";

export type AlternativeName =
  | "no cache"
  | "cache per cluster"
  | "VM with disk"
  | `${"VM" | "cluster"} with bucket, ${"proxied" | "redirect"}`
  | "ECR pull-through"
  | "ACR geo-replica";

/** One way to serve the workload. */
export interface Alternative {
  readonly name: AlternativeName;
  /** A short description. */
  readonly what: string;
  /** Whether it is the configured one. Its totals are then those of the estimate. */
  readonly chosen: boolean;
  /** The totals of its lines, without lines that have no price. */
  readonly totals: Totals;
  /** What we pay, USD a month. Uses other regions' prices for missing ones. Absent if no region has one of the prices. */
  readonly comparableUSD?: number;
  /** `comparableUSD` with a commitment to all machines. Absent without machines, or if the region's price isn't known. */
  readonly committed?: Committed;
  /** `comparableUSD` of us and the customers together. Alternatives are compared by this amount, because otherwise the best one would be paid by others. */
  readonly comparableAllUSD?: number;
  /** Whether the configuration can have it, with the engines of its upstreams. If not, `reason` says why. */
  readonly isAllowed: boolean;
  /** Whether it sustains the workload's throughput. If not, `reason` says why. Also true for alternatives without a machine of ours, where it isn't checked, as `reason` says. */
  readonly meetsThroughput: boolean;
  /** Whether it is as available as the configured topology. If not, `reason` says why. */
  readonly meetsAvailability: boolean;
  /** Why it is suitable or not, as a sentence whose subject is the alternative, and what its price doesn't include. */
  readonly reason: string;
}

/** An alternative without its price. */
interface Option extends Pick<Alternative, "name" | "what"> {
  readonly charges: readonly Charge[];
  /** Why it isn't suitable. Each text is the end of a sentence. */
  readonly refused?: string | undefined;
  readonly tooSlow?: string | undefined;
  readonly tooFragile?: string | undefined;
  /** The reason if there is none of the above. */
  readonly suits?: string;
  /** What its price doesn't include, in sentences. */
  readonly uncounted?: readonly string[];
}

/**
 * All alternatives for a cloud and its upstreams, including the configured one.
 * @param capacity the capacity of the configured one
 */
export function alternativesFor(setting: Setting, capacity: Capacity): Alternative[] {
  const chosen = nameOf(variantOf(setting.region));
  return optionsFor(setting, capacity).map((option) => {
    const { name, what, charges, refused, tooSlow, tooFragile, suits = "", uncounted = [] } = option;
    const us = costOf(charges, ["us"], setting);
    const all = costOf(charges, ["us", "customer"], setting);
    const committed = committedTo(charges, setting);
    const objections = [refused, tooSlow, tooFragile].filter((objection) => objection !== undefined);
    return {
      name,
      what,
      chosen: name === chosen,
      totals: totalsOf(priced(charges, setting).lines),
      ...(us !== undefined && { comparableUSD: us }),
      ...(committed && { committed }),
      ...(all !== undefined && { comparableAllUSD: all }),
      isAllowed: refused === undefined,
      meetsThroughput: tooSlow === undefined,
      meetsAvailability: tooFragile === undefined,
      reason: [
        `${capitalized(objections.length > 0 ? objections.join(", and ") : suits)}.`,
        ...uncounted,
      ].join(" "),
    };
  });
}

function optionsFor(setting: Setting, capacity: Capacity): Option[] {
  const { cloud, region, upstreams } = setting;
  const asked = variantOf(region);
  const others = otherVariants(asked, setting).filter((variant) => nameOf(variant) !== nameOf(asked));
  return [
    {
      name: "no cache",
      what: "nodes pull from the upstream",
      charges: pullCharges(setting),
      tooFragile: "makes every pull depend on one registry, however far away, whose throughput isn't checked",
      uncounted: uncountedTransfer(upstreams),
    },
    variantOption(asked, setting, capacity),
    ...others.map((variant) => variantOption(variant, setting, planVariant(variant, setting))),
    cachePerCluster(setting),
    ...(cloud === "aws" && upstreams.every(isForEcr) ? [ecrOption(setting)] : []),
    ...(cloud === "azure" && upstreams.every(isAcr) ? [acrOption(setting)] : []),
  ];
}

/** Variants with machines of the configured architecture, and in a cluster with nodes of the configured size. */
function otherVariants({ topology, machine: own }: Variant, setting: Setting): Variant[] {
  const machine = { ...own, type: "auto" };
  const vm = { topology: "vm", replicas: 1, machine } as const;
  const inCluster = (delivery: "proxied" | "redirect") =>
    withEnoughReplicas(
      {
        topology: "cluster",
        // One of them can be drained.
        replicas: 2,
        machine: topology === "cluster" ? own : machine,
        storage: { kind: "bucket", delivery },
      },
      setting,
    );
  return [
    { ...vm, storage: { kind: "disk", sizeGiB: "auto" } },
    { ...vm, storage: { kind: "bucket", delivery: "redirect" } },
    inCluster("proxied"),
    inCluster("redirect"),
  ];
}

const mostReplicas = 20;

/** The same variant with as many replicas as sustain the workload. Unchanged if twenty don't. */
function withEnoughReplicas(variant: Variant, setting: Setting): Variant {
  for (let { replicas } = variant; replicas <= mostReplicas; replicas++) {
    const more = { ...variant, replicas };
    if (slowness(planVariant(more, setting).plan) === undefined) return more;
  }
  return variant;
}

function nameOf({ topology, storage }: Variant): AlternativeName {
  if (storage.kind === "disk") return "VM with disk";
  return `${topology === "vm" ? "VM" : "cluster"} with bucket, ${storage.delivery}`;
}

function variantOption(variant: Variant, setting: Setting, { plan }: Capacity): Option {
  const { type } = plan.machine;
  const isVm = variant.topology === "vm";
  return {
    name: nameOf(variant),
    what: isVm ? `one ${type}` : `${variant.replicas} nodes, ${type}, behind a load balancer`,
    charges: chargesOf(variant, plan, setting),
    refused: refusal(variant, setting),
    tooSlow: slowness(plan),
    tooFragile: isVm ? fragility(setting) : undefined,
    suits: isVm
      ? "comes back by itself within minutes; until then, nodes pull from the upstream"
      : "serves on when a machine or a zone fails",
  };
}

/** Matches the checks of config/engines.ts. */
function refusal({ topology, storage }: Variant, { upstreams }: Setting): string | undefined {
  const suitsZot = topology === "vm" && storage.kind === "disk";
  return suitsZot || !upstreams.some(isZot)
    ? undefined
    : "can't have upstreams with `engine: zot`, which needs one machine with a disk";
}

function slowness({ limits }: CapacityPlan): string | undefined {
  const short = limits.find(({ required, available }) => required > available);
  return (
    short &&
    `is too slow: ${short.name}, ${number(short.available)} of ${number(short.required)} ${short.unit}`
  );
}

/** The objection to a single machine if the configuration has a cluster. */
function fragility({ region }: Setting): string | undefined {
  return region.topology === "cluster" ? "is one machine, and a cluster was asked for" : undefined;
}

/** The charges if nodes pull directly from the upstreams. */
export function pullCharges(setting: Setting): Charge[] {
  const { pulledGiB } = setting.usage;
  return [
    ...upstreamTransfer(setting.upstreams, pulledGiB, setting, { what: "Pulls from", kind: "transfer" }),
    ...nodesNatGateway(setting, pulledGiB, 0),
  ];
}

/** One cache in each cluster's network, so that pulls are billed only between AWS's zones. Each has a share of the nodes and all images. */
function cachePerCluster(setting: Setting): Option {
  const { cloud, region, workload, usage, settings } = setting;
  const { clusters } = settings;
  const inside = { pulledGiB: 0, filledGiB: 0 };
  const share: Setting = {
    ...setting,
    region: insideNetwork(region),
    workload: shareOf(workload, clusters),
    usage: inside,
  };
  const { machine, storage } = variantOf(region);
  const variant: Variant = {
    topology: "vm",
    replicas: 1,
    machine: region.topology === "vm" ? machine : { type: "auto" },
    storage: storage.kind === "disk" ? storage : { kind: "disk", sizeGiB: "auto" },
  };
  const { plan } = planVariant(variant, share);
  return {
    name: "cache per cluster",
    what: `${clusters} times one ${plan.machine.type}`,
    charges: [
      ...chargesOf(variant, plan, share).map((one) => ({ ...one, quantity: clusters * one.quantity })),
      ...fillCharges(clusters * usage.filledGiB, setting),
      ...nodesNatGateway(setting, region.endpoint.exposure === "private" ? clusters * usage.filledGiB : 0, 0),
      ...(cloud === "aws" ? [awsBetweenNodesZones(usage.pulledGiB)] : []),
    ],
    tooSlow: slowness(plan),
    tooFragile: fragility(setting),
    suits: "is inside each cluster's network; each holds all images, and is one more thing to run",
  };
}

/** A region moved into an existing network, whose nodes need neither a private link nor failover. */
function insideNetwork(region: BilledRegion): BilledRegion {
  const { privateLink: _, ...endpoint } = region.endpoint;
  const network = { vpc: "", vnet: "", subnet: "" };
  return { ...region, network, endpoint: { ...endpoint, failover: "none" } } as BilledRegion;
}

function ecrOption(setting: Setting): Option {
  const { workload, usage, upstreams } = setting;
  const { clusters } = setting.settings;
  const withSecret = upstreams.filter(needsSecret).map(({ registry }) => registry);
  const secrets =
    withSecret.length > 0 ? `every account needs credentials for ${withSecret.join(", ")}, and ` : "";
  return {
    name: "ECR pull-through",
    what: `a rule in each of ${clusters} accounts`,
    charges: [
      ...ecrPullThrough(clusters, workload.workingSetGiB, withSecret.length),
      ...fillCharges(clusters * usage.filledGiB, setting),
      // ECR keeps layers in S3: https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
      ...nodesNatGateway(setting, 0, usage.pulledGiB),
    ],
    suits: `is AWS's own; ${secrets}every node needs credentials for ECR; it stores the working set only if a lifecycle policy deletes the rest, and its throughput isn't checked`,
  };
}

/** https://learn.microsoft.com/azure/container-registry/container-registry-geo-replication */
export const premiumOnly =
  "ACR geo-replica takes a Premium registry: the upgrade of another one isn't counted.";

function acrOption(setting: Setting): Option {
  const { workload, upstreams, usage } = setting;
  const { registryGiB } = setting.settings;
  return {
    name: "ACR geo-replica",
    what: "the registry itself, in the region too",
    charges: [
      ...acrReplica(upstreams.length, registryGiB ?? workload.workingSetGiB),
      ...fillCharges(usage.filledGiB, setting, "Replication of"),
    ],
    suits: `is Azure's own, with all of the registry in it, for nodes in Azure only; its throughput isn't checked${registryGiB === undefined ? "; more than the working set costs more, and `cost.registryGiB` says how much there is" : ""}`,
    uncounted: [premiumOnly],
  };
}
