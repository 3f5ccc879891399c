import { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap.js";
import type * as pulumi from "@pulumi/pulumi";

/**
 * Lets Auto Mode look at NetworkPolicies, which it doesn't by itself: https://docs.aws.amazon.com/eks/latest/userguide/auto-net-pol.html
 * @param options with a provider of the cluster.
 */
export function enforceNetworkPolicies(name: string, options: pulumi.CustomResourceOptions): pulumi.Resource {
  return new ConfigMap(
    `${name}-network-policies`,
    {
      metadata: { name: "amazon-vpc-cni", namespace: "kube-system" },
      data: { "enable-network-policy-controller": "true" },
    },
    options,
  );
}
