import { Provider } from "@pulumi/kubernetes/provider.js";
import type * as pulumi from "@pulumi/pulumi";
import type { KubernetesRegion } from "../../config/schema.ts";

/** Settings of every workload's provider: mutable objects are updated in place, and manual edits are overwritten. */
export const providerSettings = {
  enableConfigMapMutable: true,
  enablePatchForce: true,
  enableSecretMutable: true,
} as const;

/**
 * The provider of one region's objects. It can reach only the cluster of the region's context.
 *
 * Another cluster must replace it. The provider sees that itself if it has a kubeconfig, but not if it finds one where kubectl looks. Then the context identifies the cluster.
 * https://github.com/pulumi/pulumi-kubernetes/blob/v4.34.2/provider/pkg/provider/provider.go (DiffConfig)
 */
export function kubernetesProvider(
  { name, context, kubeconfig }: KubernetesRegion,
  options: pulumi.ResourceOptions,
): Provider {
  const cluster =
    kubeconfig === undefined
      ? // With an empty text, each run uses its own $KUBECONFIG. Without it, the SDK would write the variable's value into the state.
        { kubeconfig: "", clusterIdentifier: context }
      : { kubeconfig };
  return new Provider(name, { context, ...cluster, ...providerSettings }, options);
}
