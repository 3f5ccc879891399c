import { PodIdentityAssociation } from "@pulumi/aws/eks/podIdentityAssociation.js";
import type { PolicyDocument } from "@pulumi/aws/iam/documents.js";
import { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import { RolePolicyAttachment } from "@pulumi/aws/iam/rolePolicyAttachment.js";
import type * as pulumi from "@pulumi/pulumi";
import { isTagged } from "../../naming.ts";
import { machineTrust, roleSettings } from "../policies.ts";
import type { ClusterArgs } from "./findings.ts";
import type { AwsClusterPlan } from "./plan.ts";
import { clusterKeyPolicy, clusterTrust, noLogGroups, podTrust, taggingRights } from "./policies.ts";

export interface Roles {
  /** ARN, as is `nodes`. */
  readonly cluster: pulumi.Output<string>;
  readonly nodes: pulumi.Output<string>;
  /** The rights that a cluster needs throughout its life. */
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

/** Creates the roles of EKS for a cluster in Auto Mode and of its nodes. @param kmsKeyArn ARN of the configured key, if any */
export function createRoles(
  plan: AwsClusterPlan,
  kmsKeyArn: string | undefined,
  options: pulumi.CustomResourceOptions,
): Roles {
  const { name } = plan.region;
  const create = (part: string, trust: PolicyDocument, policies: readonly string[]) => {
    const role = createRole(plan, part, `Registry cache in ${name}: ${part}`, trust, options);
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
  const allow = (part: string, policyName: string, policy: PolicyDocument) =>
    new RolePolicy(
      `${name}-cluster-${part}`,
      { name: policyName, role: cluster.role.name, policy: JSON.stringify(policy) },
      options,
    );
  const own = [
    allow("logs", "no-log-groups", noLogGroups),
    ...(isTagged(plan) ? [allow("tags", "tags", taggingRights)] : []),
    ...(kmsKeyArn === undefined ? [] : [allow("key", "key", clusterKeyPolicy(kmsKeyArn))]),
  ];
  return {
    cluster: cluster.role.arn,
    nodes: nodes.role.arn,
    rights: [...cluster.rights, ...nodes.rights, ...own],
  };
}

export interface PodIdentityArgs {
  /** The part of the resource names that says whose identity it is: `pods` */
  readonly part: string;
  readonly clusterName: pulumi.Input<string>;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly rights: PolicyDocument;
}

/**
 * Gives rights to the Pods of a service account: https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html
 * @returns what must exist before such a Pod is created. A Pod that exists earlier gets no credentials.
 */
export function createPodIdentity(
  { plan, found: { accountId } }: ClusterArgs,
  { part, clusterName, namespace, serviceAccount, rights }: PodIdentityArgs,
  options: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  const { names } = plan;
  const { name } = plan.region;
  const account = `Registry cache: ${namespace}/${serviceAccount}`;
  const role = createRole(plan, part, account, podTrust(accountId), options);
  const policy = new RolePolicy(
    `${name}-${part}`,
    { name: part, role: role.name, policy: JSON.stringify(rights) },
    options,
  );
  const association = new PodIdentityAssociation(
    `${name}-${part}`,
    { clusterName, namespace, serviceAccount, roleArn: role.arn, tags: names.tags(part) },
    options,
  );
  return [policy, association];
}

function createRole(
  plan: AwsClusterPlan,
  part: string,
  description: string,
  trust: PolicyDocument,
  options: pulumi.CustomResourceOptions,
): Role {
  const { names, region } = plan;
  return new Role(
    `${region.name}-${part}`,
    {
      name: names.clusterRole(part),
      description,
      assumeRolePolicy: JSON.stringify(trust),
      ...roleSettings(plan),
      tags: names.tags(part),
    },
    options,
  );
}
