import { actionsOf, type RoleNeeds } from "../boundary.ts";
import { bucketPolicy, challengePolicy } from "../policies.ts";
import type { AwsClusterPlan } from "./plan.ts";
import { clusterKeyPolicy, taggingRights } from "./policies.ts";

/**
 * What EKS can't make a node or a load balancer without, of what its own policies allow: AmazonEKSComputePolicy, AmazonEKSNetworkingPolicy and AmazonEKSLoadBalancingPolicy in
 * https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html. It terminates and deletes by its service-linked role, which has no boundary.
 */
const autoMode = [
  ...actionsOf(taggingRights),
  "ec2:CreateTags",
  "iam:AddRoleToInstanceProfile",
  "iam:PassRole",
  "ec2:DescribeInstances",
  "ec2:AuthorizeSecurityGroupIngress",
  "elasticloadbalancing:AddTags",
  "elasticloadbalancing:RegisterTargets",
];

/**
 * https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonEKSWorkerNodeMinimalPolicy.html,
 * https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonEC2ContainerRegistryPullOnly.html
 */
const node = [
  "eks-auth:AssumeRoleForPodIdentity",
  "ecr:GetAuthorizationToken",
  "ecr:BatchGetImage",
  "ecr:GetDownloadUrlForLayer",
];

/** What a cluster, its nodes and its Pods do by their roles. The resources don't matter. */
export function clusterNeeds({ region: { endpoint }, governance = {} }: AwsClusterPlan): RoleNeeds[] {
  const hasKey = governance.kmsKey !== undefined;
  return [
    { who: "EKS Auto Mode", actions: autoMode },
    { who: "a node", actions: node },
    {
      who: "a replica",
      actions: [...actionsOf(bucketPolicy("*")), ...(hasKey ? ["kms:Decrypt", "kms:GenerateDataKey"] : [])],
    },
    ...(hasKey ? [{ who: "the cluster", actions: actionsOf(clusterKeyPolicy("*")) }] : []),
    ...(endpoint.tls.mode === "acme"
      ? [{ who: "cert-manager", actions: actionsOf(challengePolicy("*", endpoint.hostname)) }]
      : []),
  ];
}
