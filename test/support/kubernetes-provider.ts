/** Pulumi's real Kubernetes provider under the engine. */
import { ensureKubernetesProvider } from "../setup/kubernetes-provider.ts";

/**
 * What an engine is given to reach a cluster, for the `environment` of {@link newStack}.
 *
 * @param kubeconfig the path of a file
 */
export async function kubernetesEnvironment(kubeconfig: string): Promise<NodeJS.ProcessEnv> {
  return { ...(await ensureKubernetesProvider()), KUBECONFIG: kubeconfig };
}
