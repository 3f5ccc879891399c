import type { Cluster } from "@pulumi/aws/eks/cluster.js";
import { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { providerSettings } from "../../kubernetes/provider.ts";
import { kubeconfig } from "./kubeconfig.ts";

export interface KubernetesProviderArgs {
  readonly cluster: Pick<Cluster, "name" | "endpoint" | "certificateAuthority">;
  /** An AWS region's code. */
  readonly region: string;
}

/** The provider of what is in the cluster. */
export function createKubernetesProvider(
  name: string,
  { cluster, region }: KubernetesProviderArgs,
  options: pulumi.ResourceOptions,
): Provider {
  const { name: clusterName, endpoint, certificateAuthority } = cluster;
  const access = pulumi.all([clusterName, endpoint, certificateAuthority.data]);
  const args = {
    ...providerSettings,
    kubeconfig: access.apply(([name, endpoint, certificateAuthority]) =>
      kubeconfig({ name, region, endpoint, certificateAuthority }),
    ),
  };
  return new Provider(name, args, options);
}
