import type { Cluster } from "@pulumi/aws/eks/cluster.js";
import { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { providerSettings } from "../../kubernetes/provider.ts";

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

export interface ClusterAccess {
  /** Of the cluster in EKS. */
  readonly name: string;
  /** An AWS region's code. */
  readonly region: string;
  /** URL of the Kubernetes API. */
  readonly endpoint: string;
  /** Base64 of its certificate authority, PEM. */
  readonly certificateAuthority: string;
}

/**
 * A kubeconfig without a secret: the AWS CLI makes a token from the credentials in the environment.
 * https://docs.aws.amazon.com/eks/latest/userguide/create-kubeconfig.html
 */
export function kubeconfig({ name, region, endpoint, certificateAuthority }: ClusterAccess): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": name,
    contexts: [{ name, context: { cluster: name, user: name } }],
    clusters: [{ name, cluster: { server: endpoint, "certificate-authority-data": certificateAuthority } }],
    users: [
      {
        name,
        user: {
          exec: {
            apiVersion: "client.authentication.k8s.io/v1beta1",
            command: "aws",
            args: ["--region", region, "eks", "get-token", "--cluster-name", name, "--output", "json"],
            interactiveMode: "Never",
          },
        },
      },
    ],
  });
}
