import type { KubernetesRegion } from "../../config/schema.ts";
import type { HostPlanArgs } from "../host.ts";
import { storeSecret } from "./names.ts";
import type { NetworkPolicies, WorkloadPlanArgs, WorkloadStorage } from "./workload-args.ts";

/** Of IRSA: https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html */
export const roleAnnotation = "eks.amazonaws.com/role-arn";

/** What an existing cluster has, and the workload depends on. */
export interface ClusterFindings {
  readonly networkPolicies: NetworkPolicies;
}

/** The workload of a region in a cluster that is there already. */
export function workloadPlan(
  { region, ...shared }: HostPlanArgs<KubernetesRegion>,
  { networkPolicies }: ClusterFindings,
): WorkloadPlanArgs & {
  readonly serviceAccount: KubernetesRegion["serviceAccount"];
} {
  return {
    ...shared,
    provider: "kubernetes",
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
