import type { Cluster } from "@pulumi/aws/eks/cluster.js";
import { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";
import type { AwsClusterRegion } from "../../../config/schema.ts";
import { providerSettings } from "../../kubernetes/provider.ts";

/**
 * The provider of objects in the cluster. Its kubeconfig contains no secret: the AWS CLI creates a token from the credentials in the environment.
 * https://docs.aws.amazon.com/eks/latest/userguide/create-kubeconfig.html
 */
export function createKubernetesProvider(
  { name: region }: AwsClusterRegion,
  { name: clusterName, endpoint, certificateAuthority }: Cluster,
  options: pulumi.ResourceOptions,
): Provider {
  const access = pulumi.all([clusterName, endpoint, certificateAuthority.data]);
  const kubeconfig = access.apply(([name, server, authority]) =>
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      "current-context": name,
      contexts: [{ name, context: { cluster: name, user: name } }],
      clusters: [{ name, cluster: { server, "certificate-authority-data": authority } }],
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
    }),
  );
  return new Provider(region, { ...providerSettings, kubeconfig }, options);
}
