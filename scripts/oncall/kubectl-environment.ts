import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Cluster } from "./place.ts";
import { ask } from "./programs.ts";

/**
 * Environment variables with which kubectl finds a cluster.
 *
 * @param directory for a temporary kubeconfig
 */
export async function kubectlEnvironment(
  { kubeconfig, context }: Cluster,
  directory: string,
): Promise<Record<string, string>> {
  const file = join(directory, "kubeconfig");
  switch (kubeconfig.from) {
    case "environment":
      return {};
    case "state":
      // The value is a kubeconfig's content if it isn't a path.
      if (!/^\s*\{|\n/.test(kubeconfig.kubeconfig)) return { KUBECONFIG: kubeconfig.kubeconfig };
      await writeFile(file, kubeconfig.kubeconfig, { mode: 0o600 });
      return { KUBECONFIG: file };
    case "aks": {
      const { subscription, resourceGroup, cluster } = kubeconfig;
      await ask("az", [
        ...["aks", "get-credentials", "--subscription", subscription, "--resource-group", resourceGroup],
        ...["--name", cluster, "--context", context, "--file", file, "--only-show-errors"],
      ]);
      return { KUBECONFIG: file };
    }
  }
}
