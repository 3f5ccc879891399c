import type { ClientOptions } from "./cache-address.ts";
import { nodeFiles } from "./node-files.ts";

/**
 * Of Cluster API: `KubeadmConfigSpec`, in a KubeadmConfigTemplate, or as `kubeadmConfigSpec` of a KubeadmControlPlane. It is what to add to each `files`.
 * Cluster API writes them by cloud-init, or by Ignition where `format` says so; another value rolls the nodes.
 * https://github.com/kubernetes-sigs/cluster-api/blob/v1.14.2/api/bootstrap/kubeadm/v1beta2/kubeadmconfig_types.go
 */
export function kubeadmConfigSpec(options: ClientOptions) {
  return {
    files: nodeFiles(options).map(({ path, content }) => ({
      path,
      owner: "root:root",
      permissions: "0644",
      content,
    })),
  };
}
