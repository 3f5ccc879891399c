import type { Problem } from "../config/problems.ts";
import type { Workload } from "../config/schema.ts";
import { diskBudget, scratchBudget } from "../pod/edge/budget.ts";
import { minWorkers } from "../pod/edge/workers.ts";
import type { Requests } from "./cluster-nodes.ts";
import { deliveryOf, demandOf } from "./demand.ts";
import { mbpsPerVCpu, mostPageCacheMiB } from "./limits.ts";
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
  /** The minimum number of replicas that share the load. */
  readonly replicas: number;
  /** `hash`: each replica keeps a part of the blobs, and passes on requests for the others. @default "none": each replica keeps all */
  readonly sharing?: "none" | "hash";
  readonly workload: Workload;
  /** @default from the workload */
  readonly edge?: EdgeAmounts;
}

/** The edge's configured requests, which replace those from the workload. */
export interface EdgeAmounts {
  readonly cpuMillis?: number;
  /** The request, which is also the limit. */
  readonly memoryMiB?: number;
}

/** The resources that one replica of the cache on Kubernetes requests. */
export interface ReplicaPlan {
  /** The size of its volume, or of its share of the node's disk. */
  readonly diskGiB: number;
  /** The part of `diskGiB` for blobs in progress, if the disk isn't the primary store. */
  readonly fillsGiB?: number;
  /** The edge's requests. Memory is also its limit, because it includes the page cache. */
  readonly edge: {
    readonly cpuMillis: number;
    readonly memoryMiB: number;
    /** nginx's workers: one for each requested processor, rounded up, and at least {@link minWorkers}. */
    readonly workers: number;
  };
  /** Where the plan is too small for the workload: the setting, as a path within the region, and a better value. */
  readonly warnings: readonly Problem[];
}

/** What all containers of a replica with a bucket request. */
export function replicaRequests(
  { cpuMillis, memoryMiB }: ReplicaPlan["edge"],
  { upstreams, prefetch }: { readonly upstreams: readonly unknown[]; readonly prefetch?: unknown },
): Requests {
  const all = [
    besideEdge,
    ...upstreams.map(() => perUpstream),
    ...(prefetch === undefined ? [] : [forPrefetch]),
  ];
  return {
    cpuMillis: cpuMillis + all.reduce((sum, one) => sum + one.cpuMillis, 0),
    memoryMiB: memoryMiB + all.reduce((sum, one) => sum + one.memoryMiB, 0),
  };
}

/** The exporter, Prometheus, the prober and the janitor. A test compares all of these with the rendered Pod. */
const besideEdge: Requests = { cpuMillis: 4 * 20, memoryMiB: 16 + 128 + 16 + 16 };
/** The origin, and the container that reads the bucket. */
const perUpstream: Requests = { cpuMillis: 2 * 20, memoryMiB: 2 * 128 };
const forPrefetch: Requests = { cpuMillis: 20, memoryMiB: 32 };

/** The memory of nginx with its cache keys and some thousand connections, without the page cache. */
const edgeMiB = 256;
/** The memory of each further worker without connections: 64 take 249 MiB. */
const workerMiB = 4;

/** The memory that nginx needs, without the page cache. */
export function leastEdgeMiB(workers: number): number {
  return edgeMiB + (workers - minWorkers) * workerMiB;
}

export const leastCpuMillis = 100;
const cpuStepMillis = 50;
/** Space for simultaneous cold blobs: all that a node pulls, for two releases. Beyond that, clients fall back. */
const fillsGiB = ({ pullsPerNodeGiB }: Workload) => Math.min(16, Math.max(4, 2 * pullsPerNodeGiB));
/**
 * The ratio of a replica's largest share to an equal share. With 160 hash points per replica, the busiest of 50 replicas has 23% more, of 5 replicas 4%. Blobs also differ in size.
 * https://nginx.org/en/docs/http/ngx_http_upstream_module.html#hash
 */
const unevenness = 1.25;
/** The buffers for passing on a thousand blobs at the same time: see pod/edge/peers.ts. */
const passingMiB = 64;
/** The largest known layer of a platform's images: 1.15 GB. */
const largestLayerMiB = 1.15e9 / 1024 ** 2;
/** Space for blobs that passed on their way into the store, which the edge keeps for some minutes: see pod/edge/blobs.ts. */
const passedGiB = ({ pullsPerNodeGiB }: Workload) => Math.min(8, pullsPerNodeGiB);

/** Plans a replica: processor time for its share of the demand, memory for the hot set, and disk for the content. With `sharing: hash`, for its part of both. */
export function planReplica(request: ReplicaRequest): ReplicaPlan {
  const { storage, replicas, sharing, workload, edge: given = {} } = request;
  const delivery = deliveryOf(storage);
  const demand = demandOf(workload, delivery);
  const shares = sharing === "hash";
  // With a hash, blobs are sent twice: by the replica that keeps them, which may be the same one, and to the client. That takes 0.8 s of processor time per GB instead of 0.4.
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

/** The smallest size that holds the content and the fills. In steps of 1 GiB, because a node's own disk is small. */
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
