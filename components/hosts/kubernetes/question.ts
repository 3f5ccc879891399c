import type { V1Namespace } from "@kubernetes/client-node";
import type { KubernetesRegion } from "../../config/schema.ts";
import type { ClusterApi, ifThere } from "./cluster-api.ts";
import type { WorkloadObjects } from "./objects.ts";
import type { WorkloadPlanArgs } from "./workload-args.ts";

/** A region in which the static checks have found nothing, and the cluster that is asked about it. */
export interface Question {
  readonly region: KubernetesRegion;
  readonly workload: WorkloadPlanArgs;
  /** What the workload is made of. */
  readonly objects: WorkloadObjects;
  readonly api: ClusterApi;
  /** As it is; undefined or null where {@link ifThere} says so. */
  readonly namespace: V1Namespace | undefined | null;
  /** Whether it is the one that this stack has made for the region. */
  readonly ownsNamespace: boolean;
}
