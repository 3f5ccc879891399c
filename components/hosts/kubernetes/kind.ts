import type { KindDefinition } from "../kind.ts";
import { previousProvider, previousResource } from "../previous-outputs.ts";
import { findInCluster } from "./findings.ts";
import { type FoundCluster, type KubernetesPlan, workloadPlan } from "./plan.ts";
import { kubernetesProvider } from "./provider.ts";
import { Workload } from "./workload.ts";

interface Metadata {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
}

/** A region in an existing cluster. */
export const kubernetes: KindDefinition<KubernetesPlan, FoundCluster> = {
  createProvider: ({ region }, options) => kubernetesProvider(region, options),
  async lookUp(plan) {
    const { name, namespace } = plan.region;
    const uidOf = async (kind: string) => {
      const previous = await previousResource<{ metadata: Metadata }>(`kubernetes:core/v1:${kind}`, name);
      const metadata = previous?.metadata;
      return (metadata?.namespace ?? metadata?.name) === namespace.name ? metadata?.uid : undefined;
    };
    const provider = await previousProvider<{ clusterIdentifier: string }>("kubernetes", name);
    return findInCluster(plan, {
      namespace: await uidOf("Namespace"),
      service: await uidOf("Service"),
      context: provider?.clusterIdentifier,
    });
  },
  create(name, { plan, found, secrets }, options) {
    const { storage } = plan.region;
    const key = "s3" in storage ? storage.s3.credentials : undefined;
    const storeCredentials = key === undefined ? undefined : secrets.credentials[key];
    return new Workload(name, { ...workloadPlan(plan, found), secrets, storeCredentials }, options);
  },
};
