import { listManagedClusterUserCredentialsOutput } from "@pulumi/azure-native/containerservice/listManagedClusterUserCredentials.js";
import type { ManagedCluster } from "@pulumi/azure-native/containerservice/managedCluster.js";
import { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { providerSettings } from "../../kubernetes/provider.ts";
import type { Place } from "../place.ts";

/**
 * The provider of what is in the cluster, by the account that AKS makes in each: ADR 14. Its certificate is asked for anew at each run, as AKS renews it.
 *
 * Another cluster, and nothing else, is another provider, and what is in the cluster goes with it. The id says which one it is, as a preview of an upgrade knows no other
 * output of the cluster; what replaces a cluster deletes it before, so that the id is another one for all that depends on it.
 */
export function createKubernetesProvider(
  name: string,
  cluster: ManagedCluster,
  place: Place,
  options: pulumi.CustomResourceOptions,
): Provider {
  const credentials = listManagedClusterUserCredentialsOutput(
    { resourceGroupName: place.resourceGroupName, resourceName: cluster.name },
    options,
  );
  return new Provider(
    name,
    {
      ...providerSettings,
      kubeconfig: pulumi.secret(credentials.apply(kubeconfigOf)),
      clusterIdentifier: cluster.id,
    },
    options,
  );
}

/** @throws Error when AKS gives none, as with local accounts disabled by hand or by a policy. */
function kubeconfigOf({
  kubeconfigs: [first],
}: {
  readonly kubeconfigs: readonly { value: string }[];
}): string {
  if (!first)
    throw new pulumi.RunError("AKS gives no credentials of the cluster: are its local accounts disabled?");
  return Buffer.from(first.value, "base64").toString();
}
