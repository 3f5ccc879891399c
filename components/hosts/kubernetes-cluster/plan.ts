import { roomOn } from "../../capacity/cluster-nodes.ts";
import type { ClusterCloud, Machine } from "../../capacity/machine.ts";
import { capacityOf } from "../../capacity/plan-region.ts";
import {
  leastCpuMillis,
  planReplica,
  type ReplicaPlan,
  replicaRequests,
} from "../../capacity/plan-replica.ts";
import { number, quantity } from "../../capacity/text.ts";
import { type Problem, problemIf } from "../../config/problems.ts";
import type { OwnClusterRegion } from "../../config/schema.ts";
import { familyOf, ipv4Ranges } from "../address-family.ts";
import type { Findings, Planned, PlanRequest, RegionPlan } from "../kind.ts";
import { workloadProblems } from "../kubernetes/region-problems.ts";
import type { Source } from "../kubernetes/workload-args.ts";
import type { Service } from "./services.ts";

/** A region whose cluster the stack creates, in any cloud. */
export interface OwnClusterPlan<R extends OwnClusterRegion = OwnClusterRegion> extends RegionPlan<R> {
  readonly replica: ReplicaPlan;
}

/**
 * @param service the service that runs the cluster
 * @param nodeRoomGiB space on a node's disk for the replica there, without images and logs
 */
export function planOwnCluster<R extends OwnClusterRegion>(
  request: PlanRequest<R>,
  service: Service,
  nodeRoomGiB: number,
): Planned<OwnClusterPlan<R>> {
  const { region, workload } = request;
  const { storage, replicas } = region;
  const replica = planReplica({ storage, replicas: replicas.min, workload });
  const { plan: capacity } = capacityOf(region, request);
  return {
    plan: { ...request, replica, capacity },
    problems: [
      ...accessProblems(region, service),
      ...workloadProblems(region),
      // A Pod that needs more disk than any node has stays pending forever.
      ...problemIf(
        replica.diskGiB > nodeRoomGiB,
        "storage.scratch",
        `for this workload, each replica keeps ${replica.diskGiB}GiB on its node, which has room for ${nodeRoomGiB}GiB: set ${nodeRoomGiB}GiB, or use \`delivery: redirect\``,
      ),
    ],
    warnings: [...replica.warnings, ...capacity.warnings.filter(({ path }) => path === "replicas.min")],
  };
}

/**
 * Refuses replicas that request more processors than a node has, because they would never start, and warns of more memory, of which the service's own Pods take an amount that it
 * doesn't publish.
 * @param node the largest one that a replica can get
 * @param larger the configuration entry that leads to larger nodes or smaller replicas, and what to set there
 */
export function judgeRoom(
  { region: { replicas }, replica: { edge }, ...plan }: OwnClusterPlan,
  cloud: ClusterCloud,
  { type, ...size }: Pick<Machine, "type" | "vCpu" | "memoryGiB">,
  larger: { readonly path: string; readonly wayOut: string },
): Findings {
  const room = roomOn(cloud, size);
  const requests = replicaRequests(edge, plan);
  const tooSmall = (has: string, asked: string) => ({
    path: larger.path,
    message: `a node (${type}) has ${has} for a replica, and with this workload and these upstreams (${plan.upstreams.length}) it requests ${asked}: ${larger.wayOut}`,
  });
  const problems: Problem[] = [];
  // What remains for the edge, whose request is a share of the load.
  const edgeMillis = room.cpuMillis - (requests.cpuMillis - edge.cpuMillis);
  if (edgeMillis < leastCpuMillis) {
    problems.push(tooSmall(`${room.cpuMillis / 1000} processors`, `${requests.cpuMillis / 1000}`));
  } else if (edge.cpuMillis > edgeMillis) {
    const needed = Math.ceil((edge.cpuMillis * replicas.min) / edgeMillis);
    const message = `the workload's peak takes at least ${needed} replicas: a node (${type}) has ${edgeMillis / 1000} processors for one, and with ${replicas.min} each would ask for ${edge.cpuMillis / 1000}`;
    problems.push({ path: "replicas.min", message });
  }
  const memory = tooSmall(`about ${quantity(room.memoryMiB, "MiB")} of memory`, number(requests.memoryMiB));
  return { problems, warnings: requests.memoryMiB > room.memoryMiB ? [memory] : [] };
}

/** `public` includes this range. It is allowed because users can't write `public` without it. */
const everyoneInIpv6 = "::/0";

/**
 * Refuses IPv6 ranges, because the networks and load balancers of created clusters have IPv4 only. Also refuses lists with too many ranges.
 * @returns problems whose path is relative to the region
 */
function accessProblems(
  { access, apiAccess }: OwnClusterRegion,
  { name, maxApiRanges, maxClientRanges = Infinity, clientRangesIn }: Service,
): Problem[] {
  const lists: Readonly<Record<string, readonly Source[]>> = {
    "access.clients": access.clients,
    "access.metrics": access.metrics,
    apiAccess,
  };
  const useless = Object.entries(lists).flatMap(([path, ranges]) =>
    ranges.flatMap((range, index) =>
      typeof range !== "string" || familyOf(range) === "ipv4" || range === everyoneInIpv6
        ? []
        : [
            {
              path: `${path}[${index}]`,
              message: `${range} is IPv6, but clients reach a cluster only by IPv4`,
            },
          ],
    ),
  );
  const clients = ipv4Ranges(access.clients).length;
  return [
    ...useless,
    ...tooMany("access.clients", clients, clientRangesIn, maxClientRanges),
    ...tooMany("apiAccess", apiAccess.length, name, maxApiRanges),
  ];
}

function tooMany(path: string, count: number, holder: string, most: number): Problem[] {
  return problemIf(count > most, path, tooManyRanges(count, holder, most));
}

export function tooManyRanges(count: number, holder: string, most: number): string {
  return `has ${count} ranges, and ${holder} takes ${most}: put some together`;
}
