import type { PolicyDocument, PolicyStatement } from "@pulumi/aws/iam/documents.js";
import { actionsOf, type RoleNeeds } from "../boundary.ts";
import { bucketRights, challengePolicy, document } from "../policies.ts";
import type { AwsClusterPlan } from "./plan.ts";

/** Lets a service of EKS take a role; it passes on which cluster it is for: https://docs.aws.amazon.com/eks/latest/userguide/auto-cluster-iam-role.html */
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
 * Of Pods, by EKS Pod Identity: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html. Only for clusters of the account itself:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
 */
export function podTrust(accountId: string): PolicyDocument {
  return eksTrust("pods.eks.amazonaws.com", {
    Condition: { StringEquals: { "aws:SourceAccount": accountId } },
  });
}

/**
 * What EKS's own policies let Auto Mode do with its own tags alone, with others, too. Each request, or what it changes, has the tag with the cluster's name, by which those
 * policies know what belongs to it. Not for volumes, of which the cache has none in a cluster. https://docs.aws.amazon.com/eks/latest/userguide/auto-cluster-iam-role.html#tag-prop
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
  // Of what is there: the load balancer and its security groups.
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
 * Using a key for the volumes of nodes, and for what the Kubernetes API stores. EC2 gets the key by a grant:
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
 * Else the cluster makes its log group anew when the stack has deleted it: https://github.com/terraform-aws-modules/terraform-aws-eks/issues/920. EKS itself still may, by its
 * service-linked role: https://github.com/terraform-aws-modules/terraform-aws-eks/issues/2763
 */
export const noLogGroups = document({ Effect: "Deny", Action: "logs:CreateLogGroup", Resource: "*" });

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
