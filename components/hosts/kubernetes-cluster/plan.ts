import { capacityOf } from "../../capacity/plan-region.ts";
import { planReplica, type ReplicaPlan } from "../../capacity/plan-replica.ts";
import type { Problem } from "../../config/problems.ts";
import type { OwnClusterRegion } from "../../config/schema.ts";
import type { PlanRequest, RegionPlan } from "../kind.ts";
import { workloadProblems } from "../kubernetes/preflight.ts";
import { accessProblems } from "./access.ts";
import type { Service } from "./services.ts";

/** A region whose cluster the stack makes, in whatever cloud. */
export interface OwnClusterPlan<R extends OwnClusterRegion = OwnClusterRegion> extends RegionPlan<R> {
  readonly replica: ReplicaPlan;
}

/**
 * @param service that runs the cluster
 * @param nodeRoomGiB what of a node's disk is left for the replica on it, beside images and logs
 */
export function planOwnCluster<R extends OwnClusterRegion>(
  request: PlanRequest<R>,
  service: Service,
  nodeRoomGiB: number,
): { readonly plan: OwnClusterPlan<R>; readonly problems: readonly Problem[] } {
  const { region, workload } = request;
  const { storage, replicas } = region;
  const replica = planReplica({ storage, replicas: replicas.min, workload });
  return {
    plan: { ...request, replica, capacity: capacityOf(region, request).plan },
    problems: [
      ...accessProblems(region, service),
      ...workloadProblems(region),
      ...scratchProblems(replica, nodeRoomGiB),
    ],
  };
}

/** A Pod that asks for more than any node has waits for ever. */
function scratchProblems({ diskGiB }: ReplicaPlan, roomGiB: number): Problem[] {
  if (diskGiB <= roomGiB) return [];
  const message = `for this workload, each replica keeps ${diskGiB}GiB on its node, which has room for ${roomGiB}GiB: set ${roomGiB}GiB, or use \`delivery: redirect\``;
  return [{ path: "storage.scratch", message }];
}
