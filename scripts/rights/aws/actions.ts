/**
 * What the provider asks AWS for, by the type of a resource: to make, read, change and delete it. Whether an action reads or writes, and on what it can be allowed, is in the service
 * authorization reference: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
 *
 * What it calls is in its sources: https://github.com/hashicorp/terraform-provider-aws/tree/main/internal/service
 */
import type { Inputs } from "../resources.ts";
import { ec2Rows } from "./ec2-actions.ts";
import { ec2, type Row } from "./row.ts";

/** The provider reads all settings of a bucket, whichever it has. */
const bucketReads = [
  "s3:GetAccelerateConfiguration",
  "s3:GetBucketAcl",
  "s3:GetBucketCORS",
  "s3:GetBucketLocation",
  "s3:GetBucketLogging",
  "s3:GetBucketObjectLockConfiguration",
  "s3:GetBucketPolicy",
  "s3:GetBucketRequestPayment",
  "s3:GetBucketTagging",
  "s3:GetBucketVersioning",
  "s3:GetBucketWebsite",
  "s3:GetEncryptionConfiguration",
  "s3:GetLifecycleConfiguration",
  "s3:GetReplicationConfiguration",
  "s3:ListBucket",
  "s3:ListTagsForResource",
];

const bucket = ({ bucket, bucketPrefix }: Inputs) => ({
  bucket: [bucket ?? `${bucketPrefix ?? ""}*`],
  object: [bucket ?? `${bucketPrefix ?? ""}*`],
});
const withPath = ({ path, name }: Inputs) => `${String(path ?? "/").slice(1)}${name}`;
const ofRole = ({ path, role }: Inputs) => ({ role: [role && withPath({ path, name: role })] });
const bucketSetting = (...actions: string[]): Row => ({ actions, own: "bucket", names: bucket });

export const rows: Readonly<Record<string, Row>> = {
  // A region's component stands for its look-ups.
  "registry-cache:aws:VmHost": {
    actions: [
      ...ec2(
        "DescribeImages",
        "DescribeInstances",
        "DescribeInstanceTypes",
        "DescribeInstanceTypeOfferings",
        "DescribeRegions",
        "DescribeRouteTables",
        "DescribeSubnets",
      ),
      "servicequotas:GetAWSDefaultServiceQuota",
      "servicequotas:GetServiceQuota",
      "sts:GetCallerIdentity",
    ],
  },
  "registry-cache:aws:ClusterHost": {
    actions: [
      ...ec2("DescribeAvailabilityZones", "DescribeRegions", "DescribeRouteTables", "DescribeSubnets"),
      "eks:ListClusters",
      "servicequotas:GetAWSDefaultServiceQuota",
      "servicequotas:GetServiceQuota",
      "sts:GetCallerIdentity",
    ],
  },
  ...ec2Rows,

  "aws:iam/role:Role": {
    actions: [
      "iam:CreateRole",
      "iam:DeleteRole",
      "iam:GetRole",
      "iam:ListAttachedRolePolicies",
      "iam:ListInstanceProfilesForRole",
      "iam:ListRolePolicies",
      "iam:TagRole",
      "iam:UntagRole",
      "iam:UpdateAssumeRolePolicy",
      "iam:UpdateRole",
    ],
    own: "role",
    names: (inputs) => ({ role: [withPath(inputs)] }),
  },
  "aws:iam/rolePolicy:RolePolicy": {
    actions: ["iam:DeleteRolePolicy", "iam:GetRolePolicy", "iam:PutRolePolicy"],
    own: "role",
    names: ofRole,
  },
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": {
    actions: ["iam:AttachRolePolicy", "iam:DetachRolePolicy", "iam:ListAttachedRolePolicies"],
    own: "role",
    names: ofRole,
  },
  "aws:iam/instanceProfile:InstanceProfile": {
    actions: [
      "iam:AddRoleToInstanceProfile",
      "iam:CreateInstanceProfile",
      "iam:DeleteInstanceProfile",
      "iam:GetInstanceProfile",
      "iam:RemoveRoleFromInstanceProfile",
      "iam:TagInstanceProfile",
      "iam:UntagInstanceProfile",
    ],
    own: "instance-profile",
    names: (inputs) => ({ "instance-profile": [withPath(inputs)] }),
  },

  "aws:ssm/parameter:Parameter": {
    actions: [
      "ssm:AddTagsToResource",
      "ssm:DeleteParameter",
      "ssm:DescribeParameters",
      "ssm:GetParameter",
      "ssm:ListTagsForResource",
      "ssm:PutParameter",
      "ssm:RemoveTagsFromResource",
    ],
    own: "parameter",
    names: ({ name }) => ({ parameter: [String(name).replace(/^\//, "")] }),
  },
  "aws:cloudwatch/metricAlarm:MetricAlarm": {
    actions: [
      "cloudwatch:DeleteAlarms",
      "cloudwatch:DescribeAlarms",
      "cloudwatch:ListTagsForResource",
      "cloudwatch:PutMetricAlarm",
      "cloudwatch:TagResource",
      "cloudwatch:UntagResource",
    ],
    own: "alarm",
    names: ({ name }) => ({ alarm: [name] }),
  },
  "aws:cloudwatch/logGroup:LogGroup": {
    actions: [
      "logs:CreateLogGroup",
      "logs:DeleteLogGroup",
      "logs:DeleteRetentionPolicy",
      "logs:DescribeLogGroups",
      "logs:ListTagsForResource",
      "logs:PutRetentionPolicy",
      "logs:TagResource",
      "logs:UntagResource",
    ],
    own: "log-group",
    names: ({ name }) => ({ "log-group": [name] }),
    // Only the tags' actions are on the group alone: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogGroup.html
    endings: ["", ":*"],
  },
  "aws:route53/record:Record": {
    actions: [
      "route53:ChangeResourceRecordSets",
      "route53:GetChange",
      "route53:ListHostedZones",
      "route53:ListResourceRecordSets",
      "route53:ListTagsForResource",
    ],
    names: ({ zoneId }) => ({ hostedzone: [zoneId], change: ["*"] }),
  },

  // AWS chooses its ID.
  "aws:route53/healthCheck:HealthCheck": {
    actions: [
      "route53:ChangeTagsForResource",
      "route53:CreateHealthCheck",
      "route53:DeleteHealthCheck",
      "route53:GetHealthCheck",
      "route53:ListTagsForResource",
      "route53:UpdateHealthCheck",
    ],
    own: "healthcheck",
    names: (_, id) => ({ healthcheck: [id] }),
  },
  "aws:route53/zoneAssociation:ZoneAssociation": {
    actions: [
      "ec2:DescribeVpcs",
      "route53:AssociateVPCWithHostedZone",
      "route53:DisassociateVPCFromHostedZone",
      "route53:GetChange",
      "route53:GetHostedZone",
      "route53:ListHostedZonesByVPC",
    ],
    names: ({ zoneId }) => ({ hostedzone: [zoneId], change: ["*"] }),
  },

  "aws:s3/bucket:Bucket": {
    actions: [
      ...bucketReads,
      "s3:CreateBucket",
      "s3:DeleteBucket",
      "s3:DeleteObject",
      "s3:DeleteObjectVersion",
      "s3:ListBucketVersions",
      "s3:PutBucketTagging",
      "s3:TagResource",
      "s3:UntagResource",
    ],
    own: "bucket",
    names: bucket,
  },
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": bucketSetting(
    "s3:GetLifecycleConfiguration",
    "s3:PutLifecycleConfiguration",
  ),
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls": bucketSetting(
    "s3:GetBucketOwnershipControls",
    "s3:PutBucketOwnershipControls",
  ),
  "aws:s3/bucketPolicy:BucketPolicy": bucketSetting(
    "s3:DeleteBucketPolicy",
    "s3:GetBucketPolicy",
    "s3:PutBucketPolicy",
  ),
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": bucketSetting(
    "s3:GetBucketPublicAccessBlock",
    "s3:PutBucketPublicAccessBlock",
  ),
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": bucketSetting(
    "s3:GetEncryptionConfiguration",
    "s3:PutEncryptionConfiguration",
  ),
  "aws:s3/bucketObjectv2:BucketObjectv2": {
    actions: [
      "s3:DeleteObject",
      "s3:DeleteObjectVersion",
      "s3:GetObject",
      "s3:GetObjectTagging",
      "s3:ListBucket",
      "s3:PutObject",
      "s3:PutObjectTagging",
    ],
    own: "object",
    names: bucket,
  },

  "aws:eks/cluster:Cluster": {
    actions: [
      "eks:CreateCluster",
      "eks:DeleteCluster",
      "eks:DescribeCluster",
      "eks:DescribeUpdate",
      "eks:TagResource",
      "eks:UntagResource",
      "eks:UpdateClusterConfig",
      "eks:UpdateClusterVersion",
      "iam:GetRole",
    ],
    own: "cluster",
    names: ({ name }) => ({ cluster: [name] }),
  },
  "aws:eks/addon:Addon": {
    actions: [
      "eks:CreateAddon",
      "eks:DeleteAddon",
      "eks:DescribeAddon",
      "eks:DescribeUpdate",
      "eks:TagResource",
      "eks:UntagResource",
      "eks:UpdateAddon",
    ],
    own: "addon",
    names: ({ clusterName, addonName }) => ({ cluster: [clusterName], addon: [clusterName, addonName] }),
  },
  "aws:eks/accessEntry:AccessEntry": {
    actions: [
      "eks:CreateAccessEntry",
      "eks:DeleteAccessEntry",
      "eks:DescribeAccessEntry",
      "eks:TagResource",
      "eks:UntagResource",
      "eks:UpdateAccessEntry",
    ],
    own: "access-entry",
    names: ({ clusterName }) => ({ cluster: [clusterName], "access-entry": [clusterName] }),
  },
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": {
    actions: [
      "eks:AssociateAccessPolicy",
      "eks:DisassociateAccessPolicy",
      "eks:ListAssociatedAccessPolicies",
    ],
    own: "access-entry",
    names: ({ clusterName }) => ({ "access-entry": [clusterName] }),
  },
  "aws:eks/podIdentityAssociation:PodIdentityAssociation": {
    actions: [
      "eks:CreatePodIdentityAssociation",
      "eks:DeletePodIdentityAssociation",
      "eks:DescribePodIdentityAssociation",
      "eks:TagResource",
      "eks:UntagResource",
      "eks:UpdatePodIdentityAssociation",
      "iam:GetRole",
    ],
    own: "podidentityassociation",
    names: ({ clusterName }) => ({ cluster: [clusterName], podidentityassociation: [clusterName] }),
  },
  // The stack's own, of teardown-provider.ts.
  "pulumi-nodejs:dynamic/aws:ClusterNodes": { actions: ec2("DescribeInstances") },
  "pulumi-nodejs:dynamic/aws:ClusterSecurityGroup": { actions: ec2("DescribeSecurityGroups") },
};
