import { capitalized, number } from "../capacity/text.ts";
import { type Charge, type Place, priced } from "./charge.ts";
import { ecrPullThrough } from "./charges-aws.ts";
import { acrReplica } from "./charges-azure.ts";
import { comparableUSD, type Totals, totalsOf } from "./line.ts";
import type { PriceBook } from "./prices/price-book.ts";
import type { Sensitivity } from "./sensitivity.ts";
import { operatorOf, upstreamTransfer } from "./upstream-transfer.ts";
import {
  chargesOf,
  clusterReplicas,
  planVariant,
  type Setting,
  shareOf,
  type Variant,
  type VariantPlan,
  variantOf,
} from "./variant.ts";

export type AlternativeName =
  | "no cache"
  | "cache per cluster"
  | "VM with disk"
  | "VM with bucket, proxied"
  | "VM with bucket, redirect"
  | "cluster with bucket, proxied"
  | "cluster with bucket, redirect"
  | "ECR pull-through"
  | "ACR geo-replica";

/** One way to serve the workload. */
export interface Alternative {
  readonly name: AlternativeName;
  /** What it consists of, a few words. */
  readonly what: string;
  /** Whether it is the one that the configuration asks for: its totals are the estimate's. */
  readonly chosen: boolean;
  /** Of its lines. What isn't found is in none of them. */
  readonly totals: Totals;
  /** What we pay, USD a month, with prices of other regions where the region's own isn't found. Absent if a price is found nowhere. */
  readonly comparableUSD?: number;
  /** The same, of us and the customers together: what alternatives are compared by, as otherwise the best would be what others pay for. */
  readonly comparableAllUSD?: number;
  /** Whether it sustains the throughput of the workload; `reason` says why not. */
  readonly meetsThroughput: boolean;
  /** Whether it is as available as the configuration's topology; `reason` says why not. */
  readonly meetsAvailability: boolean;
  /** Why it does or doesn't suit: a sentence whose subject is the alternative. */
  readonly reason: string;
}

/** What the configuration asks for among the other ways to serve the same workload. */
export interface Alternatives {
  readonly options: readonly Alternative[];
  /** The least expensive of those that meet both. Absent if none does. */
  readonly cheapest?: AlternativeName;
  /** Why it is that one; a sentence or more. */
  readonly reason: string;
  readonly sensitivity: readonly Sensitivity[];
}

/** An alternative before its price. */
interface Option {
  readonly name: AlternativeName;
  readonly what: string;
  readonly charges: readonly Charge[];
  /** Why it doesn't suit, each the end of a sentence. */
  readonly tooSlow?: string;
  readonly tooFragile?: string;
  /** Otherwise. */
  readonly suits: string;
}

/** All alternatives for a cloud and its upstreams, the chosen one among them. */
export function alternativesFor(setting: Setting, book: PriceBook): Alternative[] {
  const place: Place = { cloud: setting.cloud, region: setting.region.name };
  const chosen = nameOf(variantOf(setting.region));
  return optionsFor(setting).map((option) => {
    const { lines, notPriced } = priced(option.charges, place, book);
    const us = comparableUSD(lines, notPriced, ["us"]);
    const all = comparableUSD(lines, notPriced, ["us", "customer"]);
    const { name, what, tooSlow, tooFragile, suits } = option;
    const objections = [tooSlow, tooFragile].filter((objection) => objection !== undefined);
    return {
      name,
      what,
      chosen: name === chosen,
      totals: totalsOf(lines),
      ...(us !== undefined && { comparableUSD: us }),
      ...(all !== undefined && { comparableAllUSD: all }),
      meetsThroughput: tooSlow === undefined,
      meetsAvailability: tooFragile === undefined,
      reason: `${capitalized(objections.length > 0 ? objections.join(", and ") : suits)}.`,
    };
  });
}

function optionsFor(setting: Setting): Option[] {
  const { region, upstreams } = setting;
  const asked = variantOf(region);
  const variants = [asked, ...otherVariants(asked)];
  const names = variants.map(nameOf);
  return [
    noCache(setting),
    ...variants
      .filter((variant, index) => names.indexOf(nameOf(variant)) === index)
      .map((variant) => variantOption(variant, setting)),
    cachePerCluster(setting),
    ...(setting.cloud === "aws" && upstreams.every((upstream) => ecrTakes(upstream.registry))
      ? [ecrOption(setting)]
      : []),
    ...(setting.cloud === "azure" && upstreams.every((upstream) => isAcr(upstream.url))
      ? [acrOption(setting)]
      : []),
  ];
}

/** @param asked what the configuration asks for: machines of its architecture, and in a cluster nodes of its size. */
function otherVariants({ topology, machine: own }: Variant): Variant[] {
  const { architecture } = own;
  const machine = { type: "auto", ...(architecture && { architecture }) };
  const nodes = topology === "cluster" ? own : machine;
  const cluster = { topology: "cluster", replicas: clusterReplicas, machine: nodes } as const;
  return [
    { topology: "vm", replicas: 1, machine, storage: { kind: "disk", sizeGiB: "auto" } },
    { topology: "vm", replicas: 1, machine, storage: { kind: "bucket", delivery: "redirect" } },
    { ...cluster, storage: { kind: "bucket", delivery: "proxied" } },
    { ...cluster, storage: { kind: "bucket", delivery: "redirect" } },
  ];
}

export function nameOf({ topology, storage }: Variant): AlternativeName {
  if (storage.kind === "disk") return "VM with disk";
  return topology === "vm"
    ? `VM with bucket, ${storage.delivery}`
    : `cluster with bucket, ${storage.delivery}`;
}

function variantOption(variant: Variant, setting: Setting): Option {
  const planned = planVariant(variant, setting);
  const { machine } = planned;
  const isVm = variant.topology === "vm";
  return {
    name: nameOf(variant),
    what: isVm ? `one ${machine}` : `${variant.replicas} nodes, ${machine}, behind a load balancer`,
    charges: chargesOf(variant, planned, setting),
    ...slowness(planned),
    ...fragility(isVm, setting),
    suits: isVm
      ? "comes back by itself within minutes; until then, nodes pull from the upstream"
      : "serves on when a machine or a zone fails",
  };
}

function slowness({ plan }: VariantPlan): Pick<Option, "tooSlow"> {
  const short = plan.limits.find(({ required, available }) => required > available);
  if (!short) return {};
  const { name, required, available, unit } = short;
  return { tooSlow: `is too slow: ${name}, ${number(available)} of ${number(required)} ${unit}` };
}

function fragility(isOneMachine: boolean, { region }: Setting): Pick<Option, "tooFragile"> {
  if (!isOneMachine || region.topology === "vm") return {};
  return { tooFragile: "is one machine, and a cluster was asked for" };
}

/** What the nodes pull, straight from the upstream. */
export function pullCharges({ cloud, region, upstreams, usage }: Setting): Charge[] {
  const place = { cloud, region: region.name };
  return upstreamTransfer(upstreams, usage.pulledGiB, place, { what: "Pulls from", kind: "transfer" });
}

function noCache(setting: Setting): Option {
  return {
    name: "no cache",
    what: "nodes pull from the upstream",
    charges: pullCharges(setting),
    tooFragile: "makes every pull depend on one registry, however far away",
    suits: "",
  };
}

/** Each inside its cluster's network, so that pulls are not billed, with a share of the nodes and all of the images. */
function cachePerCluster(setting: Setting): Option {
  const { region, workload, usage, clusters, upstreams, cloud } = setting;
  const share: Setting = {
    ...setting,
    workload: shareOf(workload, clusters),
    usage: { pulledGiB: 0, filledGiB: usage.filledGiB },
  };
  const { machine, storage } = variantOf(region);
  const variant: Variant = {
    topology: "vm",
    replicas: 1,
    machine: region.topology === "vm" ? machine : { type: "auto" },
    storage: storage.kind === "disk" ? storage : { kind: "disk", sizeGiB: "auto" },
  };
  const planned = planVariant(variant, share);
  const fills = upstreamTransfer(upstreams, clusters * usage.filledGiB, { cloud, region: region.name }, fill);
  return {
    name: "cache per cluster",
    what: `${clusters} times one ${planned.machine}`,
    charges: [
      ...chargesOf(variant, planned, { ...share, usage: { pulledGiB: 0, filledGiB: 0 } }).map((charge) => ({
        ...charge,
        quantity: clusters * charge.quantity,
      })),
      ...fills,
    ],
    ...slowness(planned),
    ...fragility(true, setting),
    suits: "is inside each cluster's network; each holds all images, and is one more thing to run",
  };
}

const fill = { what: "Fill from", kind: "fill" } as const;

function ecrOption({ cloud, region, workload, usage, clusters, upstreams }: Setting): Option {
  return {
    name: "ECR pull-through",
    what: `a rule in each of ${clusters} accounts`,
    charges: [
      ...ecrPullThrough(clusters, workload.workingSetGiB),
      ...upstreamTransfer(upstreams, clusters * usage.filledGiB, { cloud, region: region.name }, fill),
    ],
    suits: "is AWS's own, and every account needs credentials for the upstream, and every node for ECR",
  };
}

/** The upstreams that a rule can have: https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html */
function ecrTakes(registry: string): boolean {
  const fixed = [
    "docker.io",
    "ghcr.io",
    "public.ecr.aws",
    "quay.io",
    "registry.gitlab.com",
    "registry.k8s.io",
  ];
  return fixed.includes(registry) || registry.endsWith(".azurecr.io");
}

function acrOption({ region, workload, usage, upstreams }: Setting): Option {
  return {
    name: "ACR geo-replica",
    what: "the registry itself, in the region too",
    charges: [
      ...acrReplica(upstreams.length, workload.workingSetGiB),
      ...upstreamTransfer(
        upstreams,
        usage.filledGiB,
        { cloud: "azure", region: region.name },
        { what: "Replication of", kind: "fill" },
      ),
    ],
    suits: "is Azure's own, with all of the registry in it, for nodes in Azure only",
  };
}

function isAcr(url: string): boolean {
  const operator = operatorOf({ url });
  return operator.by === "cloud" && operator.place.cloud === "azure";
}
