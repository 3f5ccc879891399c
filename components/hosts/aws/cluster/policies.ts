import type { PolicyDocument, PolicyStatement } from "@pulumi/aws/iam/documents.js";
import { actionsOf, type RoleNeeds } from "../boundary.ts";
import { bucketRights, challengePolicy, document } from "../policies.ts";
import type { AwsClusterPlan } from "./plan.ts";

/** Lets an EKS service assume a role and pass session tags, which name the cluster: https://docs.aws.amazon.com/eks/latest/userguide/auto-cluster-iam-role.html */
function eksTrust(service: string, conditions: Pick<PolicyStatement, "Condition"> = {}): PolicyDocument {
  return document({
    Effect: "Allow",
    Principal: { Service: service },
    Action: ["sts:AssumeRole", "sts:TagSession"],
    ...conditions,
  });
}

export const clusterTrust = eksTrust("eks.amazonaws.com");

/**
 * Trust policy of a Pod's role, for EKS Pod Identity: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html. Limited to clusters of the same account:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
 */
export function podTrust(accountId: string): PolicyDocument {
  return eksTrust("pods.eks.amazonaws.com", {
    Condition: { StringEquals: { "aws:SourceAccount": accountId } },
  });
}

/**
 * Lets Auto Mode use the configured tags. EKS's own policies allow only EKS's tags. As in those policies, each request, or the resource that it changes, must have the tag with the
 * cluster's name. Volumes aren't covered, because the cache uses none in a cluster. https://docs.aws.amazon.com/eks/latest/userguide/auto-cluster-iam-role.html#tag-prop
 */
export const taggingRights: PolicyDocument = document(
  ofCluster(["ec2:CreateFleet", "ec2:RunInstances", "ec2:CreateLaunchTemplate"], {
    "aws:RequestTag/eks:kubernetes-node-class-name": "*",
    "aws:RequestTag/eks:kubernetes-node-pool-name": "*",
  }),
  ofCluster(["ec2:CreateNetworkInterface"], { "aws:RequestTag/eks:kubernetes-cni-node-name": "*" }),
  ofCluster([
    "elasticloadbalancing:CreateLoadBalancer",
    "elasticloadbalancing:CreateTargetGroup",
    "elasticloadbalancing:CreateListener",
    "elasticloadbalancing:CreateRule",
    "ec2:CreateSecurityGroup",
  ]),
  // On existing resources: the load balancer and its security groups.
  ofCluster(
    ["elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags", "ec2:CreateTags", "ec2:DeleteTags"],
    {},
    "ResourceTag",
  ),
);

function ofCluster(
  actions: string[],
  tags: Readonly<Record<string, string>> = {},
  kind: "RequestTag" | "ResourceTag" = "RequestTag",
): PolicyStatement {
  const cluster = "eks:eks-cluster-name";
  return {
    Effect: "Allow",
    Action: actions,
    Resource: "*",
    Condition: {
      StringEquals: { [`aws:${kind}/${cluster}`]: `\${aws:PrincipalTag/${cluster}}` },
      ...(Object.keys(tags).length > 0 && { StringLike: tags }),
    },
  };
}

/**
 * The right to use a KMS key for the nodes' volumes and for the data of the Kubernetes API. EC2 gets access to the key by a grant:
 * https://docs.aws.amazon.com/eks/latest/userguide/auto-kms.html
 */
export function clusterKeyPolicy(keyArn: string): PolicyDocument {
  return document(
    {
      Effect: "Allow",
      Action: [
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:Encrypt",
        "kms:GenerateDataKey",
        "kms:GenerateDataKeyWithoutPlaintext",
        "kms:ReEncryptFrom",
        "kms:ReEncryptTo",
      ],
      Resource: keyArn,
    },
    {
      Effect: "Allow",
      Action: ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"],
      Resource: keyArn,
      Condition: { Bool: { "kms:GrantIsForAWSResource": "true" } },
    },
  );
}

/**
 * Without this, the cluster recreates its log group after the stack has deleted it: https://github.com/terraform-aws-modules/terraform-aws-eks/issues/920. EKS itself still can, with
 * its service-linked role: https://github.com/terraform-aws-modules/terraform-aws-eks/issues/2763
 */
export const noLogGroups = document({ Effect: "Deny", Action: "logs:CreateLogGroup", Resource: "*" });

/**
 * The actions without which EKS can't create a node or a load balancer, from its own policies AmazonEKSComputePolicy, AmazonEKSNetworkingPolicy and AmazonEKSLoadBalancingPolicy in
 * https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html. EKS deletes with its service-linked role, which has no boundary.
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

/** The actions that a cluster, its nodes and its Pods need in their roles. The resources of these policies are placeholders. */
export function clusterNeeds({ region: { name, endpoint }, governance = {} }: AwsClusterPlan): RoleNeeds[] {
  const hasKey = governance.kmsKey !== undefined;
  return [
    { who: "EKS Auto Mode", actions: autoMode },
    { who: "a node", actions: node },
    { who: "a replica", actions: actionsOf(bucketRights(name, "*", hasKey ? "*" : undefined)) },
    ...(hasKey ? [{ who: "the cluster", actions: actionsOf(clusterKeyPolicy("*")) }] : []),
    ...(endpoint.tls.mode === "acme"
      ? [{ who: "cert-manager", actions: actionsOf(challengePolicy("*", endpoint.hostname)) }]
      : []),
  ];
}
