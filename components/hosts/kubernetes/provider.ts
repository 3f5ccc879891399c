import { Provider } from "@pulumi/kubernetes/provider.js";
import type * as pulumi from "@pulumi/pulumi";
import type { KubernetesRegion } from "../../config/schema.ts";

/** Settings of every workload's provider: mutable objects are updated in place, and manual edits are overwritten. */
export const providerSettings = {
  enableConfigMapMutable: true,
  enablePatchForce: true,
  enableSecretMutable: true,
} as const;

/** The provider of one region's objects. It can reach only the cluster of the region's context. */
export function kubernetesProvider(
  { name, context, kubeconfig }: KubernetesRegion,
  options: pulumi.ResourceOptions,
): Provider {
  const file = kubeconfig === undefined ? {} : { kubeconfig };
  return new Provider(name, { context, ...file, ...providerSettings }, options);
}
