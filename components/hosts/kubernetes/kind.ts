import type { KindDefinition } from "../kind.ts";
import { previousResource } from "../previous-outputs.ts";
import { findingsInCluster } from "./findings.ts";
import { type ClusterFindings, type KubernetesPlan, workloadPlan } from "./plan.ts";
import { kubernetesProvider } from "./provider.ts";
import { Workload } from "./workload.ts";

/** A region in an existing cluster. */
export const kubernetes: KindDefinition<KubernetesPlan, ClusterFindings> = {
  createProvider: ({ region }, options) => kubernetesProvider(region, options),
  async lookUp(plan) {
    const uidOf = async (kind: string) => {
      const type = `kubernetes:core/v1:${kind}`;
      return (await previousResource<{ metadata: { uid?: string } }>(type, plan.region.name))?.metadata?.uid;
    };
    const [namespace, service] = await Promise.all([uidOf("Namespace"), uidOf("Service")]);
    return findingsInCluster(plan, { namespace, service });
  },
  create(name, { plan, found, secrets }, options) {
    const { storage } = plan.region;
    const key = "s3" in storage ? storage.s3.credentials : undefined;
    const storeCredentials = key === undefined ? undefined : secrets.credentials[key];
    return new Workload(name, { ...workloadPlan(plan, found), secrets, storeCredentials }, options);
  },
};
