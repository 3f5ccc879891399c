import type { Cluster } from "@pulumi/aws/eks/cluster.js";
import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import type * as pulumi from "@pulumi/pulumi";
import type { KubernetesRegion } from "../../../config/schema.ts";
import { isTagged, stackTags } from "../../naming.ts";
import type { ClusterArgs } from "./findings.ts";
import type { AwsClusterPlan } from "./plan.ts";

/** The name of both objects. EKS keeps `default` for its own. */
const poolName = "registry-cache";

/** Whether the nodes have something that those of EKS's own pool can't have: its node class belongs to EKS, which undoes every change. */
function hasOwnPool(plan: AwsClusterPlan): boolean {
  return isTagged(plan) || plan.governance?.kmsKey !== undefined;
}

/**
 * Where Pods run. By default on the one kind of node that EKS Auto Mode brings for arm64, too. Nothing else is in the cluster that its taint would keep away.
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

/**
 * Nodes of the stack's own, which are as those of EKS's pool `system`. They have its role, too, so EKS lets them in:
 * https://docs.aws.amazon.com/eks/latest/userguide/create-node-class.html#auto-node-access-entry
 *
 * @param nodeSubnets ids.
 * @param options with a provider of the cluster.
 * @returns what must be there before Pods that {@link schedulingOf} sends there; nothing where EKS's own pool does.
 */
export function createNodePool(
  name: string,
  { plan, found: { kmsKeyArn: kmsKeyID } }: ClusterArgs,
  cluster: Cluster,
  nodeSubnets: readonly pulumi.Input<string>[],
  options: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  if (!hasOwnPool(plan)) return [];
  const { names, governance = {} } = plan;
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
