import { planReplica, type ReplicaPlan } from "../../capacity/plan-replica.ts";
import type { KubernetesRegion } from "../../config/schema.ts";
import type { Planned, PlanRequest, RegionPlan } from "../kind.ts";
import { storeSecret } from "./names.ts";
import { preflight, roleAnnotation } from "./preflight.ts";
import type { NetworkPolicies, WorkloadPlanArgs, WorkloadStorage } from "./workload-args.ts";

/** What an existing cluster has, and the workload depends on. */
export interface ClusterFindings {
  readonly networkPolicies: NetworkPolicies;
}

/** A region in a cluster that is there already. */
export interface KubernetesPlan extends RegionPlan<KubernetesRegion> {
  readonly replica: ReplicaPlan;
}

export function planKubernetes(request: PlanRequest<KubernetesRegion>): Planned<KubernetesPlan> {
  const { region, workload } = request;
  const { storage, replicas } = region;
  const { min, sharing } = replicas;
  const replica = planReplica({ storage, replicas: min, sharing, workload });
  return { plan: { ...request, replica }, problems: preflight(request), warnings: [] };
}

/** Its workload. */
export function workloadPlan(
  { region, ...plan }: KubernetesPlan,
  { networkPolicies }: ClusterFindings,
): WorkloadPlanArgs & Pick<KubernetesRegion, "serviceAccount"> {
  return {
    ...plan,
    region: { ...region, storage: workloadStorage(region), networkPolicies },
    serviceAccount: region.serviceAccount,
  };
}

function workloadStorage({ storage, serviceAccount }: KubernetesRegion): WorkloadStorage {
  if (storage.kind === "disk") return storage;
  const { kind, delivery, scratchGiB } = storage;
  if ("azure" in storage) return { kind, scratchGiB, store: { kind: "azure", delivery, ...storage.azure } };
  const { credentials, ...s3 } = storage.s3;
  return {
    kind,
    scratchGiB,
    store: {
      kind: "s3",
      delivery,
      ...s3,
      ...(credentials !== undefined && { credentials: storeSecret }),
      webIdentity: roleAnnotation in serviceAccount.annotations,
    },
  };
}
