import type { Cloud } from "../../capacity/machine.ts";
import { planReplica } from "../../capacity/plan-replica.ts";
import type { Problem } from "../../config/problems.ts";
import type { HostPlanArgs } from "../host.ts";
import { workloadProblems } from "../kubernetes/preflight.ts";
import { accessProblems } from "./access.ts";
import { services } from "./services.ts";
import type { Surroundings } from "./surroundings.ts";
import { type PreflightFindings, versionFindings } from "./versions.ts";
import type { OwnClusterRegion } from "./workload-region.ts";

/** A kind of cluster, as far as the preflight has to know it. */
export interface ClusterKind {
  readonly cloud: Cloud;
  /** What of a node's disk is left for the replica on it, beside images and logs. */
  readonly nodeDiskGiB: number;
}

/** What is to be said of a region whose cluster the stack makes, in whatever cloud, found without asking it. */
export function ownClusterFindings(
  args: HostPlanArgs<OwnClusterRegion>,
  { cloud, nodeDiskGiB }: ClusterKind,
  surroundings: Surroundings,
): PreflightFindings {
  const { region } = args;
  const { problems, warnings } = versionFindings({ cloud, version: region.version, ...surroundings });
  return {
    problems: [
      ...problems,
      ...accessProblems(region, services[cloud]),
      ...workloadProblems(region),
      ...(surroundings.previousVersion === undefined ? emptyProblems(region) : []),
      ...scratchProblems(args, nodeDiskGiB),
    ],
    warnings,
  };
}

/** What a new cluster hasn't got; later, somebody may have brought it. */
function emptyProblems({ operator, replicas }: OwnClusterRegion): Problem[] {
  const later = "a new cluster doesn't have: set it when the cluster is there and has that";
  const kinds = `takes the Prometheus Operator's kinds, which ${later}`;
  return [
    ...(operator.podMonitor ? [{ path: "operator.podMonitor", message: kinds }] : []),
    ...(operator.prometheusRule ? [{ path: "operator.prometheusRule", message: kinds }] : []),
    ...(replicas.connections === undefined
      ? []
      : [{ path: "replicas.connections", message: `takes the custom metrics API, which ${later}` }]),
  ];
}

/** A Pod that asks for more than any node has waits for ever. */
function scratchProblems(
  { region: { storage, replicas }, workload }: HostPlanArgs<OwnClusterRegion>,
  nodeDiskGiB: number,
): Problem[] {
  const { diskGiB } = planReplica({ storage, replicas: replicas.min, workload });
  if (diskGiB <= nodeDiskGiB) return [];
  const message = `for this workload, each replica keeps ${diskGiB}GiB on its node, which has room for ${nodeDiskGiB}GiB: set ${nodeDiskGiB}GiB, or use \`delivery: redirect\``;
  return [{ path: "storage.scratch", message }];
}
