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
