import { awsNodeRoomGiB } from "../../../capacity/cluster-nodes.ts";
import type { Machine } from "../../../capacity/machine.ts";
import { autoModeNodes, orRedirect } from "../../../capacity/plan-region.ts";
import { problemIf } from "../../../config/problems.ts";
import type { AwsClusterRegion } from "../../../config/schema.ts";
import type { Planned, PlanRequest } from "../../kind.ts";
import { judgeRoom, type OwnClusterPlan, planOwnCluster } from "../../kubernetes-cluster/plan.ts";
import { services } from "../../kubernetes-cluster/services.ts";
import { regionNameProblems } from "../../region-name.ts";
import { type Names, namesOf } from "../naming.ts";
import { awsRegions } from "../regions.ts";

export const clusterType = "aws:eks/cluster:Cluster";

/** A region with an EKS cluster. */
export interface AwsClusterPlan extends OwnClusterPlan<AwsClusterRegion> {
  readonly names: Names;
  /** The machines that sustain a replica, the least expensive first. Undefined if any does: {@link autoModeNodes}. */
  readonly nodes: readonly Machine[] | undefined;
}

export function planAwsCluster(request: PlanRequest<AwsClusterRegion>): Planned<AwsClusterPlan> {
  const { region, stack } = request;
  const nodes = autoModeNodes(region, request);
  const [largest] =
    nodes?.toSorted((one, other) => other.vCpu - one.vCpu || other.memoryGiB - one.memoryGiB) ?? [];
  const { plan, problems, warnings } = planOwnCluster(request, services.aws, awsNodeRoomGiB);
  // Without a list of nodes, Auto Mode chooses one that is large enough.
  const room =
    largest &&
    judgeRoom(plan, "aws", largest, {
      path: "replicas.min",
      wayOut: `set more${orRedirect(region.storage)}`,
    });
  return {
    plan: { ...plan, names: namesOf({ stack, region: region.name }), nodes },
    problems: [
      ...regionNameProblems(region, awsRegions),
      ...problems,
      ...(room?.problems ?? []),
      // https://docs.aws.amazon.com/elasticloadbalancing/latest/network/network-load-balancers.html#dns-failover
      ...problemIf(
        region.endpoint.failover !== "none",
        "endpoint.failover",
        "is for a machine: the name of a cluster's load balancer leads only to the availability zones that have a healthy replica",
      ),
    ],
    warnings: [...warnings, ...(room?.warnings ?? [])],
  };
}
