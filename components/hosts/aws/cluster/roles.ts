import { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import { RolePolicyAttachment } from "@pulumi/aws/iam/rolePolicyAttachment.js";
import type * as pulumi from "@pulumi/pulumi";
import type { Names } from "../naming.ts";
import { machineTrust } from "../policies.ts";
import { clusterTrust, noLogGroups } from "./policies.ts";

export interface Roles {
  /** ARNs. */
  readonly cluster: pulumi.Output<string>;
  readonly nodes: pulumi.Output<string>;
  /** What a cluster needs as long as it is there. */
  readonly rights: readonly pulumi.Resource[];
}

/** https://docs.aws.amazon.com/eks/latest/userguide/auto-cluster-iam-role.html */
const clusterPolicies = [
  "AmazonEKSClusterPolicy",
  "AmazonEKSComputePolicy",
  "AmazonEKSBlockStoragePolicy",
  "AmazonEKSLoadBalancingPolicy",
  "AmazonEKSNetworkingPolicy",
];

/** https://docs.aws.amazon.com/eks/latest/userguide/auto-create-node-role.html */
const nodePolicies = ["AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly"];

/** What EKS may do for a cluster in Auto Mode, and what its nodes may. */
export function createRoles(
  name: string,
  { names, region }: { readonly names: Names; readonly region: string },
  options: pulumi.CustomResourceOptions,
): Roles {
  const create = (part: string, trust: object, policies: readonly string[]) => {
    const role = new Role(
      `${name}-${part}`,
      {
        name: names.clusterRole(part),
        description: `Registry cache in ${region}: ${part}`,
        assumeRolePolicy: JSON.stringify(trust),
        tags: names.tags(part),
      },
      options,
    );
    const rights = policies.map(
      (policy) =>
        new RolePolicyAttachment(
          `${name}-${policy}`,
          { role: role.name, policyArn: `arn:aws:iam::aws:policy/${policy}` },
          options,
        ),
    );
    return { role, rights };
  };
  const cluster = create("cluster", clusterTrust, clusterPolicies);
  const nodes = create("nodes", machineTrust, nodePolicies);
  const logs = new RolePolicy(
    `${name}-cluster-logs`,
    { name: "no-log-groups", role: cluster.role.name, policy: JSON.stringify(noLogGroups) },
    options,
  );
  return {
    cluster: cluster.role.arn,
    nodes: nodes.role.arn,
    rights: [...cluster.rights, ...nodes.rights, logs],
  };
}
