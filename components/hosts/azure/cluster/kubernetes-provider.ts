import { listManagedClusterUserCredentialsOutput } from "@pulumi/azure-native/containerservice/listManagedClusterUserCredentials.js";
import type { ManagedCluster } from "@pulumi/azure-native/containerservice/managedCluster.js";
import { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { providerSettings } from "../../kubernetes/provider.ts";
import type { InPlace } from "../place.ts";

/**
 * The provider of objects in the cluster. It uses the local account that AKS creates in each cluster: ADR 14. Each run asks for the account's certificate again, because AKS renews it.
 *
 * Only another cluster replaces the provider, and with it the objects in the cluster. The cluster's id identifies it, because a preview of an upgrade knows no other output of
 * the cluster. A replacement deletes the old cluster first, so everything that depends on the id sees a new one.
 */
export function createKubernetesProvider(
  { plan, place: { resourceGroupName } }: InPlace,
  cluster: ManagedCluster,
  options: pulumi.CustomResourceOptions,
): Provider {
  const credentials = listManagedClusterUserCredentialsOutput(
    { resourceGroupName, resourceName: cluster.name },
    options,
  );
  return new Provider(
    plan.region.name,
    {
      ...providerSettings,
      kubeconfig: pulumi.secret(credentials.apply(kubeconfigOf)),
      clusterIdentifier: cluster.id,
    },
    options,
  );
}

/** @throws RunError if AKS returns no credentials, for example because local accounts were disabled by hand or by a policy */
function kubeconfigOf({
  kubeconfigs: [first],
}: {
  readonly kubeconfigs: readonly { value: string }[];
}): string {
  if (!first)
    throw new pulumi.RunError(
      "AKS returns no credentials of the cluster. Its local accounts are probably disabled: enable them, or use an existing cluster (docs/governance.md#azure-log-in-to-aks-by-entra-id)",
    );
  return Buffer.from(first.value, "base64").toString();
}
