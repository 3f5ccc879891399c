import { leastEdgeMiB, planReplica, type ReplicaPlan } from "../../capacity/plan-replica.ts";
import { problemIf } from "../../config/problems.ts";
import type { KubernetesRegion } from "../../config/schema.ts";
import type { Planned, PlanRequest, RegionPlan } from "../kind.ts";
import { edgeAmounts } from "./container-resources.ts";
import { familyWarnings } from "./families.ts";
import { roleAnnotation, storeSecret } from "./names.ts";
import { regionProblems } from "./region-problems.ts";
import type { NetworkPolicies, WorkloadPlanArgs, WorkloadStorage } from "./workload-args.ts";

/** Properties of an existing cluster that the workload depends on. */
export interface FoundCluster {
  readonly networkPolicies: NetworkPolicies;
}

/** A region in an existing cluster. */
export interface KubernetesPlan extends RegionPlan<KubernetesRegion> {
  readonly replica: ReplicaPlan;
}

export function planKubernetes(request: PlanRequest<KubernetesRegion>): Planned<KubernetesPlan> {
  const { region, workload } = request;
  const { storage, replicas, pods } = region;
  const { min, sharing } = replicas;
  const edge = edgeAmounts(pods.resources.edge);
  const replica = planReplica({ storage, replicas: min, sharing, workload, edge });
  const { memoryMiB, workers } = replica.edge;
  const leastMiB = leastEdgeMiB(workers);
  return {
    plan: { ...request, replica },
    problems: [
      ...regionProblems(request),
      ...problemIf(
        memoryMiB < leastMiB,
        "pods.resources.edge.limits.memory",
        `${memoryMiB}Mi are too little for the edge: nginx with ${workers} workers takes ${leastMiB}Mi, without what it caches in memory`,
      ),
    ],
    warnings: [...familyWarnings(region), ...replica.warnings],
  };
}

/** The workload of a region. */
export function workloadPlan(
  { region, ...plan }: KubernetesPlan,
  { networkPolicies }: FoundCluster,
): WorkloadPlanArgs & Pick<KubernetesRegion, "serviceAccount"> {
  const storage = workloadStorage(region);
  return { ...plan, region: { ...region, storage, networkPolicies }, serviceAccount: region.serviceAccount };
}

function workloadStorage({ storage, serviceAccount }: KubernetesRegion): WorkloadStorage {
  if (storage.kind === "disk") return storage;
  const { kind, delivery, scratchGiB, scratchClass } = storage;
  const scratch = { scratchGiB, ...(scratchClass !== undefined && { scratchClass }) };
  if ("azure" in storage) return { kind, ...scratch, store: { kind: "azure", delivery, ...storage.azure } };
  const { credentials, ...s3 } = storage.s3;
  return {
    kind,
    ...scratch,
    store: {
      kind: "s3",
      delivery,
      ...s3,
      ...(credentials !== undefined && { credentials: storeSecret }),
      webIdentity: roleAnnotation in serviceAccount.annotations,
    },
  };
}
