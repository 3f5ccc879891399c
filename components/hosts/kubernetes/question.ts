import type { V1Namespace } from "@kubernetes/client-node";
import type { KubernetesRegion } from "../../config/schema.ts";
import type { ClusterApi, ifThere } from "./cluster-api.ts";
import type { WorkloadObjects } from "./objects.ts";
import type { WorkloadPlanArgs } from "./workload-args.ts";

/** The uids of what this stack has made for a region, as far as it has. */
export interface OwnObjects {
  readonly namespace?: string | undefined;
  readonly service?: string | undefined;
}

/** A region in which the static checks have found nothing, and the cluster that is asked about it. */
export interface Question {
  readonly region: KubernetesRegion;
  readonly workload: WorkloadPlanArgs;
  /** What the workload is made of. */
  readonly objects: WorkloadObjects;
  readonly api: ClusterApi;
  /** As it is; undefined or null where {@link ifThere} says so. */
  readonly namespace: V1Namespace | undefined | null;
  readonly own: OwnObjects;
  /** Whether it is there for the region: made by this stack, or an existing one that the region is to use. */
  readonly hasNamespace: boolean;
}
