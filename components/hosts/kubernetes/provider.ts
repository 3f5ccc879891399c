import { Provider } from "@pulumi/kubernetes/provider.js";
import type * as pulumi from "@pulumi/pulumi";
import type { KubernetesRegion } from "../../config/schema.ts";

/** For every provider of a workload: objects that aren't immutable are changed in place, and what was edited by hand is taken back. */
export const providerSettings = {
  enableConfigMapMutable: true,
  enablePatchForce: true,
  enableSecretMutable: true,
} as const;

/** The provider of one region's objects: the cluster of its context, and no other. */
export function kubernetesProvider(
  { name, context, kubeconfig }: KubernetesRegion,
  options: pulumi.ResourceOptions,
): Provider {
  const file = kubeconfig === undefined ? {} : { kubeconfig };
  return new Provider(name, { context, ...file, ...providerSettings }, options);
}
