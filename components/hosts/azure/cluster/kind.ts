import type { KindDefinition } from "../../kind.ts";
import { clusterFindings } from "../../kubernetes-cluster/preflight.ts";
import { services } from "../../kubernetes-cluster/services.ts";
import { previousResource, topologyProblems } from "../../previous-outputs.ts";
import { azureProvider } from "../place.ts";
import { lookUpIn } from "../question.ts";
import { ClusterHost } from "./cluster-host.ts";
import { clusterType, type FoundCluster, findCluster } from "./findings.ts";
import type { AzureClusterPlan } from "./plan.ts";

/** A region with an AKS cluster. */
export const azureCluster: KindDefinition<AzureClusterPlan, FoundCluster> = {
  async preflight({ region }, today) {
    const cluster = await previousResource<{ kubernetesVersion: string }>(clusterType, region.name);
    const previousVersion = cluster?.kubernetesVersion;
    const { problems, warnings } = clusterFindings(region, services.azure, { today, previousVersion });
    return {
      problems: [...(await topologyProblems(region, "registry-cache:azure:VmHost")), ...problems],
      warnings,
    };
  },
  createProvider: ({ region }, options) => azureProvider(region, options),
  lookUp: (plan, options) => lookUpIn(plan, options, findCluster),
  create: (name, args, options) => new ClusterHost(name, args, options),
};
