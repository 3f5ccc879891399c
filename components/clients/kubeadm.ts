import type { ClientOptions } from "./cache-address.ts";
import { nodeFiles } from "./node-files.ts";

/**
 * Cluster API's `KubeadmConfigSpec`, for a KubeadmConfigTemplate or for `kubeadmConfigSpec` of a KubeadmControlPlane: the entries to add to each `files`.
 * Cluster API writes the files by cloud-init, or by Ignition, depending on `format`. A change rolls out new nodes.
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
