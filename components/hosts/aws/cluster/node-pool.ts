import type { Cluster } from "@pulumi/aws/eks/cluster.js";
import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import type * as pulumi from "@pulumi/pulumi";
import type { KubernetesRegion } from "../../../config/schema.ts";
import { selectorLabels } from "../../kubernetes/names.ts";
import { isTagged, stackTags } from "../../naming.ts";
import type { ClusterArgs } from "./findings.ts";
import type { AwsClusterPlan } from "./plan.ts";

/** The name of the NodePool and the NodeClass. EKS reserves `default`. */
const poolName = "registry-cache";

/** Whether the nodes need settings that EKS's built-in pool can't have. EKS reverts every change of its node class. */
function hasOwnPool(plan: AwsClusterPlan): boolean {
  return isTagged(plan) || plan.governance?.kmsKey !== undefined;
}

/**
 * Placement of all Pods. By default, they run on EKS Auto Mode's `system` nodes, its only built-in ones that support arm64. Nothing else is in the cluster that their taint would keep away.
 * https://docs.aws.amazon.com/eks/latest/userguide/set-builtin-node-pools.html
 */
export function schedulingOf(plan: AwsClusterPlan): KubernetesRegion["scheduling"] {
  return {
    nodeSelector: {
      "kubernetes.io/arch": "arm64",
      ...(hasOwnPool(plan) && { "karpenter.sh/nodepool": poolName }),
    },
    tolerations: [{ key: "CriticalAddonsOnly", operator: "Exists" }],
  };
}

/** Placement of the replicas: one on each node, and on nodes that sustain the workload. */
export function replicaSchedulingOf(plan: AwsClusterPlan): KubernetesRegion["scheduling"] {
  const types = plan.nodes?.map(({ type }) => type);
  const ofTypes = types && [{ key: "node.kubernetes.io/instance-type", operator: "In", values: types }];
  // A preference isn't enough: Auto Mode creates no node for a replica while there is room on another one's.
  const others = {
    topologyKey: "kubernetes.io/hostname",
    labelSelector: { matchLabels: selectorLabels(plan.region.name) },
    // In a roll-out, a new replica may run beside an old one.
    matchLabelKeys: ["pod-template-hash"],
  };
  return {
    ...schedulingOf(plan),
    affinity: {
      ...(ofTypes && {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: ofTypes }],
          },
        },
      }),
      podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [others] },
    },
  };
}

/**
 * Creates a node pool of the stack, whose nodes resemble those of EKS's pool `system`. They also use that pool's role, so EKS lets them join:
 * https://docs.aws.amazon.com/eks/latest/userguide/create-node-class.html#auto-node-access-entry
 *
 * @param nodeSubnets ids
 * @param options with a provider of the cluster
 * @returns what must exist before the Pods of {@link schedulingOf}. Empty if EKS's own pool is used.
 */
export function createNodePool(
  { plan, found: { kmsKeyArn: kmsKeyID } }: ClusterArgs,
  cluster: Cluster,
  nodeSubnets: readonly pulumi.Input<string>[],
  options: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  if (!hasOwnPool(plan)) return [];
  const { names, governance = {} } = plan;
  const { name } = plan.region;
  const nodeClass = new CustomResource(
    `${name}-node-class`,
    {
      apiVersion: "eks.amazonaws.com/v1",
      kind: "NodeClass",
      metadata: { name: poolName },
      spec: {
        role: names.clusterRole("nodes"),
        subnetSelectorTerms: nodeSubnets.map((id) => ({ id })),
        securityGroupSelectorTerms: [{ id: cluster.vpcConfig.clusterSecurityGroupId }],
        ...(kmsKeyID !== undefined && { ephemeralStorage: { kmsKeyID } }),
        ...(isTagged(plan) && {
          tags: { ...stackTags(plan.stack, governance.tags), ...names.tags("node") },
        }),
      },
    },
    options,
  );
  const isIn = (key: string, ...values: string[]) => ({ key, operator: "In", values });
  const pool = new CustomResource(
    `${name}-node-pool`,
    {
      apiVersion: "karpenter.sh/v1",
      kind: "NodePool",
      metadata: { name: poolName },
      spec: {
        template: {
          spec: {
            nodeClassRef: { group: "eks.amazonaws.com", kind: "NodeClass", name: poolName },
            requirements: [
              isIn("karpenter.sh/capacity-type", "on-demand"),
              isIn("eks.amazonaws.com/instance-category", "c", "m", "r"),
              { key: "eks.amazonaws.com/instance-generation", operator: "Gt", values: ["4"] },
              isIn("kubernetes.io/arch", "arm64"),
              isIn("kubernetes.io/os", "linux"),
            ],
          },
        },
        disruption: { consolidationPolicy: "WhenEmptyOrUnderutilized", consolidateAfter: "30s" },
      },
    },
    { ...options, dependsOn: [nodeClass] },
  );
  return [nodeClass, pool];
}
