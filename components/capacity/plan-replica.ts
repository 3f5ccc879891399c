import type { Problem } from "../config/problems.ts";
import type { Workload } from "../config/schema.ts";
import { diskBudget, scratchBudget } from "../pod/edge/budget.ts";
import { minWorkers } from "../pod/edge/workers.ts";
import { deliveryOf, demandOf } from "./demand.ts";
import { mbpsPerVCpu } from "./limits.ts";
import { contentGiB, sizeFor } from "./plan-disk.ts";
import { number, quantity } from "./text.ts";

export interface ReplicaRequest {
  readonly storage:
    | { readonly kind: "disk"; readonly sizeGiB: number | "auto" }
    | {
        readonly kind: "bucket";
        readonly delivery: "proxied" | "redirect";
        readonly scratchGiB: number | "auto";
      };
  /** How many share the load: the smallest number of them. */
  readonly replicas: number;
  /** `hash`: each keeps a part of the blobs, and passes the others on. @default "none": each keeps all */
  readonly sharing?: "none" | "hash";
  readonly workload: Workload;
  /** @default from the workload */
  readonly edge?: EdgeAmounts;
}

/** What the edge is to request, where that doesn't follow from the workload. */
export interface EdgeAmounts {
  readonly cpuMillis?: number;
  /** Also the most it gets. */
  readonly memoryMiB?: number;
}

/** What one replica of the cache on Kubernetes asks for. */
export interface ReplicaPlan {
  /** Of its volume, or of its part of the node's disk. */
  readonly diskGiB: number;
  /** Of it, wanted for blobs under way, where they are not stored there for good. */
  readonly fillsGiB?: number;
  /** What the edge is to have for itself. Memory is also the most it gets: the page cache counts into it. */
  readonly edge: {
    readonly cpuMillis: number;
    readonly memoryMiB: number;
    /** Of nginx: one for each processor that it requests, or a part of one. */
    readonly workers: number;
  };
  /** Where the plan falls short of the workload: the setting, as a path within the region, and a better value. */
  readonly warnings: readonly Problem[];
}

/** nginx with its keys in memory and some thousand connections, without the page cache. */
const edgeMiB = 256;
/** Of each further worker, before it serves anybody: 64 take 249 MiB. */
const workerMiB = 4;

/** What nginx takes, without the page cache. */
export function leastEdgeMiB(workers: number): number {
  return edgeMiB + (workers - minWorkers) * workerMiB;
}

/** What a node's disk is read for beyond it costs less than so much memory in each replica. */
const mostPageCacheMiB = 4096;
const leastCpuMillis = 100;
const cpuStepMillis = 50;
/** Cold blobs at once: all that a node pulls, of two releases. Beyond that, clients fall back. */
const fillsGiB = ({ pullsPerNodeGiB }: Workload) => Math.min(16, Math.max(4, 2 * pullsPerNodeGiB));
/**
 * How much more than its part a replica may have. A hash of 160 points for each gives the busiest of 50 replicas 23% more, of 5 replicas 4%; and blobs differ in size.
 * https://nginx.org/en/docs/http/ngx_http_upstream_module.html#hash
 */
const unevenness = 1.25;
/** Buffers of a thousand blobs that are passed on at once: see peers.ts of the edge. */
const passingMiB = 64;
/** The largest layer that a platform's images are known to have: 1.15 GB. */
const largestLayerMiB = 1.15e9 / 1024 ** 2;
/** What has passed on its way into the store is kept for some minutes: see blobs.ts. */
const passedGiB = ({ pullsPerNodeGiB }: Workload) => Math.min(8, pullsPerNodeGiB);

/** Plans a replica: processor time for its share of the demand; memory for the hot set, disk for the content, or for its part of both. */
export function planReplica(request: ReplicaRequest): ReplicaPlan {
  const { storage, replicas, sharing, workload, edge: given = {} } = request;
  const delivery = deliveryOf(storage);
  const demand = demandOf(workload, delivery);
  const shares = sharing === "hash";
  // From the replica that keeps it, which may be the same one, and to the client: that takes 0.8 s of processor time per GB instead of 0.4.
  const sent = shares ? 2 : 1;
  const kept = shares ? Math.min(1, unevenness / replicas) : 1;
  const shareMillis = ((sent * demand.networkMbps) / replicas / mbpsPerVCpu) * 1000;
  const wantedMillis = Math.max(leastCpuMillis, Math.ceil(shareMillis / cpuStepMillis) * cpuStepMillis);
  const cpuMillis = given.cpuMillis ?? wantedMillis;
  const workers = Math.max(minWorkers, Math.ceil(cpuMillis / 1000));
  const pageCacheMiB = Math.min(mostPageCacheMiB, Math.ceil(kept * demand.hotSetGiB * 1024));
  const wantedMiB = leastEdgeMiB(workers) + pageCacheMiB + (shares ? passingMiB : 0);
  const edge = { cpuMillis, memoryMiB: given.memoryMiB ?? wantedMiB, workers };
  const content = kept * contentGiB(workload, delivery);
  const disk =
    storage.kind === "bucket" ? planScratch(storage, workload, content) : planVolume(storage, content);
  return {
    ...disk,
    edge,
    warnings: [...disk.warnings, ...cpuWarnings(cpuMillis, wantedMillis, shareMillis)],
  };
}

function cpuWarnings(cpuMillis: number, wantedMillis: number, shareMillis: number): Problem[] {
  if (cpuMillis >= shareMillis) return [];
  const [carried, share] = [cpuMillis, shareMillis].map((millis) =>
    Math.floor((millis * mbpsPerVCpu) / 1000),
  );
  const message = `${cpuMillis}m sustain ${carried} of the ${share} Mbps that each replica has in a peak; better: ${wantedMillis}m`;
  return [{ path: "pods.resources.edge.requests.cpu", message }];
}

function planVolume(
  { sizeGiB }: Extract<ReplicaRequest["storage"], { kind: "disk" }>,
  contentGiB: number,
): Omit<ReplicaPlan, "edge"> {
  const wantedGiB = sizeFor(contentGiB);
  const diskGiB = sizeGiB === "auto" ? wantedGiB : sizeGiB;
  return { diskGiB, warnings: sizeWarnings(diskGiB, contentGiB, wantedGiB) };
}

type ScratchRequest = Extract<ReplicaRequest["storage"], { kind: "bucket" }>;

function planScratch(
  { delivery, scratchGiB }: ScratchRequest,
  workload: Workload,
  contentGiB: number,
): Omit<ReplicaPlan, "edge"> {
  const fills = fillsGiB(workload);
  const kept = delivery === "redirect" ? passedGiB(workload) : contentGiB;
  const autoGiB = scratchFor(kept, fills);
  const diskGiB = scratchGiB === "auto" ? autoGiB : scratchGiB;
  if (diskGiB >= autoGiB) return { diskGiB, fillsGiB: fills, warnings: [] };
  const { blobsMiB, fillsMiB } = scratchBudget(diskGiB, fills);
  const isUnderLayer = fillsMiB / 2 < largestLayerMiB;
  const largest = isUnderLayer
    ? `, as the largest known layers of ${number(largestLayerMiB / 1024)} GiB`
    : "";
  const message =
    `${quantity(diskGiB, "GiB")} hold ${number(blobsMiB / 1024)} GiB of cached blobs and ${number(fillsMiB / 1024)} of blobs under way, and the workload has ` +
    `${number(kept)} and ${number(fills)}: clients fall back from what doesn't fit, and blobs over ${number(fillsMiB / 2 / 1024)} GiB aren't cached${largest}; better: ${autoGiB}GiB`;
  return { diskGiB, fillsGiB: fills, warnings: [{ path: "storage.scratch", message }] };
}

/** A node's own disk is small, so to the GiB. */
function scratchFor(contentGiB: number, fillsGiB: number): number {
  let sizeGiB = Math.max(1, Math.floor(contentGiB));
  for (;;) {
    const { blobsMiB, fillsMiB } = scratchBudget(sizeGiB, fillsGiB);
    if (blobsMiB >= contentGiB * 1024 && fillsMiB >= Math.floor(fillsGiB * 1024)) return sizeGiB;
    sizeGiB++;
  }
}

function sizeWarnings(diskGiB: number, contentGiB: number, wantedGiB: number): Problem[] {
  const holdsGiB = diskBudget(diskGiB).blobsMiB / 1024;
  if (holdsGiB >= contentGiB) return [];
  const message = `${quantity(diskGiB, "GiB")} hold ${number(holdsGiB)} of the ${number(contentGiB)} of the workload: the rest is fetched again; better: ${wantedGiB}GiB`;
  return [{ path: "storage.size", message }];
}
