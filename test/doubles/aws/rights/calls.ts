/**
 * The operations of AWS's APIs that the provider calls to create, read, update and delete each resource. The list is independent of the table in
 * scripts/rights. It is taken from the provider's sources, https://github.com/hashicorp/terraform-provider-aws/tree/main/internal/service, with the
 * names of AWS's own models in botocore.
 */
import { ec2Calls } from "./ec2-calls.ts";
import { loadBalancingCalls } from "./load-balancing.ts";
import { type Calls, calls } from "./provider-calls.ts";

export const callsOf: Readonly<Record<string, Calls>> = {
  ...ec2Calls,
  ...loadBalancingCalls,

  "aws:iam/role:Role": calls("iam", {
    read: ["GetRole", "ListRolePolicies", "ListAttachedRolePolicies"],
    create: ["CreateRole", "TagRole"],
    update: ["UpdateAssumeRolePolicy", "UpdateRole", "PutRolePermissionsBoundary", "TagRole", "UntagRole"],
    delete: ["ListInstanceProfilesForRole", "DeleteRole"],
  }),
  "aws:iam/rolePolicy:RolePolicy": calls("iam", {
    read: ["GetRolePolicy"],
    create: ["PutRolePolicy"],
    update: ["PutRolePolicy"],
    delete: ["DeleteRolePolicy"],
  }),
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": calls("iam", {
    read: ["ListAttachedRolePolicies"],
    create: ["AttachRolePolicy"],
    delete: ["DetachRolePolicy"],
  }),
  "aws:iam/instanceProfile:InstanceProfile": calls("iam", {
    read: ["GetInstanceProfile", "GetRole"],
    create: ["CreateInstanceProfile", "TagInstanceProfile", "AddRoleToInstanceProfile"],
    update: ["TagInstanceProfile", "UntagInstanceProfile"],
    delete: ["RemoveRoleFromInstanceProfile", "DeleteInstanceProfile"],
  }),

  "aws:ssm/parameter:Parameter": calls("ssm", {
    read: ["GetParameter", "DescribeParameters", "ListTagsForResource"],
    create: ["PutParameter", "AddTagsToResource"],
    update: ["PutParameter", "AddTagsToResource", "RemoveTagsFromResource"],
    delete: ["DeleteParameter"],
  }),
  "aws:cloudwatch/metricAlarm:MetricAlarm": calls("cloudwatch", {
    read: ["DescribeAlarms", "ListTagsForResource"],
    create: ["PutMetricAlarm", "TagResource"],
    update: ["PutMetricAlarm", "TagResource", "UntagResource"],
    delete: ["DeleteAlarms"],
  }),
  "aws:cloudwatch/logGroup:LogGroup": calls("logs", {
    read: ["DescribeLogGroups", "ListTagsForResource"],
    create: ["CreateLogGroup", "TagResource", "PutRetentionPolicy"],
    update: ["PutRetentionPolicy", "DeleteRetentionPolicy", "TagResource", "UntagResource"],
    delete: ["DeleteLogGroup"],
  }),
  "aws:route53/record:Record": calls("route53", {
    read: ["GetHostedZone", "ListResourceRecordSets"],
    create: ["GetHostedZone", "ChangeResourceRecordSets", "GetChange"],
    update: ["ChangeResourceRecordSets", "GetChange"],
    delete: ["GetHostedZone", "ListResourceRecordSets", "ChangeResourceRecordSets", "GetChange"],
  }),
  "aws:route53/healthCheck:HealthCheck": calls("route53", {
    read: ["GetHealthCheck", "ListTagsForResource"],
    create: ["CreateHealthCheck", "ChangeTagsForResource"],
    update: ["UpdateHealthCheck", "ChangeTagsForResource"],
    delete: ["DeleteHealthCheck"],
  }),
  // Route 53 looks up the VPC with the caller's rights: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/r53-api-permissions-ref.html
  "aws:route53/zoneAssociation:ZoneAssociation": calls("route53", {
    read: ["ListHostedZonesByVPC"],
    create: ["AssociateVPCWithHostedZone", "ec2.DescribeVpcs", "GetChange"],
    delete: ["DisassociateVPCFromHostedZone", "ec2.DescribeVpcs"],
  }),

  "aws:s3/bucket:Bucket": calls("s3", {
    read: [
      "HeadBucket",
      "GetBucketPolicy",
      "GetBucketAcl",
      "GetBucketCors",
      "GetBucketWebsite",
      "GetBucketVersioning",
      "GetBucketAccelerateConfiguration",
      "GetBucketRequestPayment",
      "GetBucketLogging",
      "GetBucketLifecycleConfiguration",
      "GetBucketReplication",
      "GetBucketEncryption",
      "GetObjectLockConfiguration",
      "GetBucketLocation",
      "GetBucketTagging",
      "s3control.ListTagsForResource",
    ],
    create: ["CreateBucket", "PutBucketTagging", "s3control.TagResource"],
    update: ["PutBucketTagging", "s3control.TagResource", "s3control.UntagResource"],
    // Also deletes the bucket's objects.
    delete: ["ListObjectVersions", "DeleteObjects", "DeleteBucket"],
  }),
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": calls("s3", {
    read: ["GetBucketLifecycleConfiguration"],
    create: ["PutBucketLifecycleConfiguration"],
    update: ["PutBucketLifecycleConfiguration"],
    delete: ["DeleteBucketLifecycle"],
  }),
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls": calls("s3", {
    read: ["GetBucketOwnershipControls"],
    create: ["PutBucketOwnershipControls"],
    update: ["PutBucketOwnershipControls"],
    delete: ["DeleteBucketOwnershipControls"],
  }),
  "aws:s3/bucketPolicy:BucketPolicy": calls("s3", {
    read: ["GetBucketPolicy"],
    create: ["PutBucketPolicy"],
    update: ["PutBucketPolicy"],
    delete: ["DeleteBucketPolicy"],
  }),
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": calls("s3", {
    read: ["GetPublicAccessBlock"],
    create: ["PutPublicAccessBlock"],
    update: ["PutPublicAccessBlock"],
    delete: ["DeletePublicAccessBlock"],
  }),
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": calls("s3", {
    read: ["GetBucketEncryption"],
    create: ["PutBucketEncryption"],
    update: ["PutBucketEncryption"],
    delete: ["DeleteBucketEncryption"],
  }),
  "aws:s3/bucketObjectv2:BucketObjectv2": calls("s3", {
    read: ["HeadObject", "GetObjectTagging"],
    create: ["PutObject", "PutObjectTagging"],
    update: ["PutObject", "PutObjectTagging"],
    delete: ["ListObjectVersions", "DeleteObject"],
  }),

  "aws:eks/cluster:Cluster": calls("eks", {
    read: ["DescribeCluster"],
    create: ["CreateCluster", "TagResource"],
    update: [
      "UpdateClusterConfig",
      "UpdateClusterVersion",
      "AssociateEncryptionConfig",
      "DescribeUpdate",
      "TagResource",
      "UntagResource",
    ],
    delete: ["DeleteCluster", "DescribeCluster"],
  }),
  "aws:eks/addon:Addon": calls("eks", {
    read: ["DescribeAddon"],
    create: ["CreateAddon", "TagResource"],
    update: ["UpdateAddon", "DescribeUpdate", "TagResource", "UntagResource"],
    delete: ["DeleteAddon", "DescribeAddon"],
  }),
  "aws:eks/accessEntry:AccessEntry": calls("eks", {
    read: ["DescribeAccessEntry"],
    create: ["CreateAccessEntry", "TagResource"],
    update: ["UpdateAccessEntry", "TagResource", "UntagResource"],
    delete: ["DeleteAccessEntry"],
  }),
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": calls("eks", {
    read: ["ListAssociatedAccessPolicies"],
    create: ["AssociateAccessPolicy"],
    delete: ["DisassociateAccessPolicy"],
  }),
  "aws:eks/podIdentityAssociation:PodIdentityAssociation": calls("eks", {
    read: ["DescribePodIdentityAssociation"],
    create: ["CreatePodIdentityAssociation", "TagResource", "iam.GetRole"],
    update: ["UpdatePodIdentityAssociation", "TagResource", "UntagResource"],
    delete: ["DeletePodIdentityAssociation", "DescribePodIdentityAssociation"],
  }),
};

/** Operations that are called only if this input has a value. */
export const onlyWith: Readonly<Record<string, string>> = {
  "iam.PutRolePermissionsBoundary": "permissionsBoundary",
  "eks.AssociateEncryptionConfig": "encryptionConfig",
};

/** The operations of the provider's functions. */
export const functionCalls: Readonly<Record<string, readonly string[]>> = {
  "aws:index/getCallerIdentity:getCallerIdentity": ["sts.GetCallerIdentity"],
  "aws:index/getAvailabilityZones:getAvailabilityZones": ["ec2.DescribeAvailabilityZones"],
  "aws:s3/getBucket:getBucket": ["s3.HeadBucket"],
  "aws:cloudwatch/getLogGroup:getLogGroup": ["logs.DescribeLogGroups"],
  // In addition to those in zones.ts.
  "aws:route53/getZone:getZone": ["route53.ListHostedZones"],
  "aws:route53/getRecords:getRecords": [],
  "aws:ssm/getParameter:getParameter": ["ssm.GetParameter"],
  "aws:ec2/getAmi:getAmi": ["ec2.DescribeImages"],
  "aws:ec2/getInstanceType:getInstanceType": ["ec2.DescribeInstanceTypes"],
  "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings": ["ec2.DescribeInstanceTypeOfferings"],
  "aws:ec2/getManagedPrefixList:getManagedPrefixList": [
    "ec2.DescribeManagedPrefixLists",
    "ec2.GetManagedPrefixListEntries",
  ],
  "aws:ec2/getRouteTable:getRouteTable": ["ec2.DescribeRouteTables"],
  "aws:ec2/getSecurityGroup:getSecurityGroup": ["ec2.DescribeSecurityGroups"],
  "aws:ec2/getVpcPeeringConnections:getVpcPeeringConnections": ["ec2.DescribeVpcPeeringConnections"],
  "aws:ec2/getSubnet:getSubnet": ["ec2.DescribeSubnets"],
  "aws:ec2/getVpc:getVpc": ["ec2.DescribeVpcs"],
  "aws:eks/getClusters:getClusters": ["eks.ListClusters"],
  "aws:iam/getPolicy:getPolicy": ["iam.GetPolicy", "iam.GetPolicyVersion"],
  "aws:kms/getKey:getKey": ["kms.DescribeKey"],
  "aws:lb/getLoadBalancer:getLoadBalancer": [
    "elbv2.DescribeLoadBalancers",
    "elbv2.DescribeLoadBalancerAttributes",
    "elbv2.DescribeTags",
  ],
  // The provider has a list of these.
  "aws:lb/getHostedZoneId:getHostedZoneId": [],
  "aws:servicequotas/getServiceQuota:getServiceQuota": [
    "service-quotas.GetServiceQuota",
    "service-quotas.GetAWSDefaultServiceQuota",
  ],
};
