/**
 * The actions with which the provider creates, reads, changes and deletes each type of resource. Whether an action reads or writes, and which resources it can be limited to, is in the
 * service authorization reference: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
 *
 * Which actions the provider calls is in its sources: https://github.com/hashicorp/terraform-provider-aws/tree/main/internal/service
 */
import type { Inputs } from "../resources.ts";
import { ec2Rows } from "./ec2-actions.ts";
import { cloudwatch, ec2, eks, iam, logs, type Row, route53, s3, ssm } from "./row.ts";

/** The provider reads every setting of a bucket, even if the bucket doesn't use it. */
const bucketReads = s3`GetAccelerateConfiguration GetBucketAcl GetBucketCORS GetBucketLocation
  GetBucketLogging GetBucketObjectLockConfiguration GetBucketPolicy GetBucketRequestPayment
  GetBucketTagging GetBucketVersioning GetBucketWebsite GetEncryptionConfiguration
  GetLifecycleConfiguration GetReplicationConfiguration ListBucket ListTagsForResource`;

const bucket = ({ bucket, bucketPrefix }: Inputs) => ({
  bucket: [bucket ?? `${bucketPrefix ?? ""}*`],
  object: [bucket ?? `${bucketPrefix ?? ""}*`],
});
const withPath = ({ path, name }: Inputs) => `${String(path ?? "/").slice(1)}${name}`;
const ofRole = ({ path, role }: Inputs) => ({ role: [role && withPath({ path, name: role })] });
const bucketSetting = (names: TemplateStringsArray): Row => ({
  actions: s3(names),
  own: "bucket",
  names: bucket,
});

export const rows: Readonly<Record<string, Row>> = {
  // The row of a region's component holds the look-ups for that region.
  "registry-cache:aws:VmHost": {
    actions: [
      ...ec2`DescribeImages DescribeInstances DescribeInstanceTypes DescribeInstanceTypeOfferings
        DescribeRegions DescribeRouteTables DescribeSubnets`,
      "servicequotas:GetAWSDefaultServiceQuota",
      "servicequotas:GetServiceQuota",
      "sts:GetCallerIdentity",
    ],
  },
  "registry-cache:aws:ClusterHost": {
    actions: [
      ...ec2`DescribeAvailabilityZones DescribeInstances DescribeInstanceTypeOfferings DescribeRegions
        DescribeRouteTables DescribeSubnets`,
      "eks:ListClusters",
      "servicequotas:GetAWSDefaultServiceQuota",
      "servicequotas:GetServiceQuota",
      "sts:GetCallerIdentity",
    ],
  },
  ...ec2Rows,

  "aws:iam/role:Role": {
    actions: iam`CreateRole DeleteRole GetRole ListAttachedRolePolicies ListInstanceProfilesForRole
      ListRolePolicies TagRole UntagRole UpdateAssumeRolePolicy UpdateRole`,
    own: "role",
    names: (inputs) => ({ role: [withPath(inputs)] }),
  },
  "aws:iam/rolePolicy:RolePolicy": {
    actions: iam`DeleteRolePolicy GetRolePolicy PutRolePolicy`,
    own: "role",
    names: ofRole,
  },
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": {
    actions: iam`AttachRolePolicy DetachRolePolicy ListAttachedRolePolicies`,
    own: "role",
    names: ofRole,
  },
  "aws:iam/instanceProfile:InstanceProfile": {
    actions: iam`AddRoleToInstanceProfile CreateInstanceProfile DeleteInstanceProfile GetInstanceProfile
      RemoveRoleFromInstanceProfile TagInstanceProfile UntagInstanceProfile`,
    own: "instance-profile",
    names: (inputs) => ({ "instance-profile": [withPath(inputs)] }),
  },

  "aws:ssm/parameter:Parameter": {
    actions: ssm`AddTagsToResource DeleteParameter DescribeParameters GetParameter ListTagsForResource
      PutParameter RemoveTagsFromResource`,
    own: "parameter",
    names: ({ name }) => ({ parameter: [String(name).replace(/^\//, "")] }),
  },
  "aws:cloudwatch/metricAlarm:MetricAlarm": {
    actions: cloudwatch`DeleteAlarms DescribeAlarms ListTagsForResource PutMetricAlarm TagResource
      UntagResource`,
    own: "alarm",
    names: ({ name }) => ({ alarm: [name] }),
  },
  "aws:cloudwatch/logGroup:LogGroup": {
    actions: logs`CreateLogGroup DeleteLogGroup DeleteRetentionPolicy DescribeLogGroups
      ListTagsForResource PutRetentionPolicy TagResource UntagResource`,
    own: "log-group",
    names: ({ name }) => ({ "log-group": [name] }),
    // Only the actions for tags use the group's ARN without `:*`: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogGroup.html
    endings: ["", ":*"],
  },
  "aws:route53/record:Record": {
    actions: route53`ChangeResourceRecordSets GetChange ListHostedZones ListResourceRecordSets
      ListTagsForResource`,
    names: ({ zoneId }) => ({ hostedzone: [zoneId], change: ["*"] }),
  },

  // AWS chooses the ID, so it is unknown until the health check exists.
  "aws:route53/healthCheck:HealthCheck": {
    actions: route53`ChangeTagsForResource CreateHealthCheck DeleteHealthCheck GetHealthCheck
      ListTagsForResource UpdateHealthCheck`,
    own: "healthcheck",
    names: (_, id) => ({ healthcheck: [id] }),
  },
  "aws:route53/zoneAssociation:ZoneAssociation": {
    actions: [
      "ec2:DescribeVpcs",
      ...route53`AssociateVPCWithHostedZone DisassociateVPCFromHostedZone GetChange GetHostedZone
        ListHostedZonesByVPC`,
    ],
    names: ({ zoneId }) => ({ hostedzone: [zoneId], change: ["*"] }),
  },

  "aws:s3/bucket:Bucket": {
    actions: [
      ...bucketReads,
      ...s3`CreateBucket DeleteBucket DeleteObject DeleteObjectVersion ListBucketVersions
        PutBucketTagging TagResource UntagResource`,
    ],
    own: "bucket",
    names: bucket,
  },
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": bucketSetting`
    GetLifecycleConfiguration PutLifecycleConfiguration`,
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls": bucketSetting`
    GetBucketOwnershipControls PutBucketOwnershipControls`,
  "aws:s3/bucketPolicy:BucketPolicy": bucketSetting`
    DeleteBucketPolicy GetBucketPolicy PutBucketPolicy`,
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": bucketSetting`
    GetBucketPublicAccessBlock PutBucketPublicAccessBlock`,
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": bucketSetting`
    GetEncryptionConfiguration PutEncryptionConfiguration`,
  "aws:s3/bucketObjectv2:BucketObjectv2": {
    actions: s3`DeleteObject DeleteObjectVersion GetObject GetObjectTagging ListBucket PutObject
      PutObjectTagging`,
    own: "object",
    names: bucket,
  },

  "aws:eks/cluster:Cluster": {
    actions: [
      ...eks`CreateCluster DeleteCluster DescribeCluster DescribeUpdate TagResource UntagResource
        UpdateClusterConfig UpdateClusterVersion`,
      "iam:GetRole",
    ],
    own: "cluster",
    names: ({ name }) => ({ cluster: [name] }),
  },
  "aws:eks/addon:Addon": {
    actions: eks`CreateAddon DeleteAddon DescribeAddon DescribeUpdate TagResource UntagResource UpdateAddon`,
    own: "addon",
    names: ({ clusterName, addonName }) => ({ cluster: [clusterName], addon: [clusterName, addonName] }),
  },
  "aws:eks/accessEntry:AccessEntry": {
    actions: eks`CreateAccessEntry DeleteAccessEntry DescribeAccessEntry TagResource UntagResource
      UpdateAccessEntry`,
    own: "access-entry",
    names: ({ clusterName }) => ({ cluster: [clusterName], "access-entry": [clusterName] }),
  },
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": {
    actions: eks`AssociateAccessPolicy DisassociateAccessPolicy ListAssociatedAccessPolicies`,
    own: "access-entry",
    names: ({ clusterName }) => ({ "access-entry": [clusterName] }),
  },
  "aws:eks/podIdentityAssociation:PodIdentityAssociation": {
    actions: [
      ...eks`CreatePodIdentityAssociation DeletePodIdentityAssociation DescribePodIdentityAssociation
        TagResource UntagResource UpdatePodIdentityAssociation`,
      "iam:GetRole",
    ],
    own: "podidentityassociation",
    names: ({ clusterName }) => ({ cluster: [clusterName], podidentityassociation: [clusterName] }),
  },
  // The stack's own dynamic resources, from teardown-provider.ts.
  "pulumi-nodejs:dynamic/aws:ClusterNodes": { actions: ec2`DescribeInstances` },
  "pulumi-nodejs:dynamic/aws:ClusterSecurityGroup": { actions: ec2`DescribeSecurityGroups` },
};
