/**
 * The operations of AWS's APIs that the provider calls, by what it does with a resource: as its sources have them, whatever this project thinks that it needs.
 * https://github.com/hashicorp/terraform-provider-aws/tree/main/internal/service; the names are those of AWS's own models, which botocore carries.
 */

export interface Calls {
  /** After each creation and update. */
  readonly read: readonly string[];
  readonly create: readonly string[];
  readonly update: readonly string[];
  readonly delete: readonly string[];
}

function calls(service: string, parts: Partial<Calls>): Calls {
  const named = (operations: readonly string[] = []) =>
    operations.map((it) => (it.includes(".") ? it : `${service}.${it}`));
  return {
    read: named(parts.read),
    create: named(parts.create),
    update: named(parts.update),
    delete: named(parts.delete),
  };
}

const retagged = ["CreateTags", "DeleteTags"];
const rules = [
  "AuthorizeSecurityGroupIngress",
  "AuthorizeSecurityGroupEgress",
  "RevokeSecurityGroupIngress",
  "RevokeSecurityGroupEgress",
];

export const callsOf: Readonly<Record<string, Calls>> = {
  "aws:ec2/vpc:Vpc": calls("ec2", {
    // With what AWS makes besides.
    read: [
      "DescribeVpcs",
      "DescribeVpcAttribute",
      "DescribeNetworkAcls",
      "DescribeRouteTables",
      "DescribeSecurityGroups",
    ],
    create: ["CreateVpc", "ModifyVpcAttribute"],
    update: ["ModifyVpcAttribute", ...retagged],
    delete: ["DeleteVpc"],
  }),
  "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": calls("ec2", {
    read: ["DescribeSecurityGroups", "DescribeSecurityGroupRules"],
    create: ["CreateTags", "RevokeSecurityGroupIngress", "RevokeSecurityGroupEgress"],
    update: retagged,
  }),
  "aws:ec2/internetGateway:InternetGateway": calls("ec2", {
    read: ["DescribeInternetGateways"],
    create: ["CreateInternetGateway", "AttachInternetGateway"],
    update: retagged,
    delete: ["DetachInternetGateway", "DeleteInternetGateway"],
  }),
  "aws:ec2/subnet:Subnet": calls("ec2", {
    read: ["DescribeSubnets"],
    create: ["CreateSubnet"],
    update: ["ModifySubnetAttribute", ...retagged],
    delete: ["DescribeNetworkInterfaces", "DeleteSubnet"],
  }),
  "aws:ec2/routeTable:RouteTable": calls("ec2", {
    read: ["DescribeRouteTables"],
    create: ["CreateRouteTable"],
    update: retagged,
    delete: ["DeleteRouteTable"],
  }),
  "aws:ec2/route:Route": calls("ec2", {
    read: ["DescribeRouteTables"],
    create: ["CreateRoute"],
    update: ["ReplaceRoute"],
    delete: ["DeleteRoute"],
  }),
  "aws:ec2/routeTableAssociation:RouteTableAssociation": calls("ec2", {
    read: ["DescribeRouteTables"],
    create: ["AssociateRouteTable"],
    update: ["ReplaceRouteTableAssociation"],
    delete: ["DisassociateRouteTable"],
  }),
  "aws:ec2/vpcEndpoint:VpcEndpoint": calls("ec2", {
    read: ["DescribeVpcEndpoints", "DescribePrefixLists"],
    create: ["CreateVpcEndpoint"],
    update: ["ModifyVpcEndpoint", ...retagged],
    delete: ["DeleteVpcEndpoints"],
  }),
  "aws:ec2/natGateway:NatGateway": calls("ec2", {
    read: ["DescribeNatGateways"],
    create: ["CreateNatGateway"],
    update: retagged,
    delete: ["DeleteNatGateway"],
  }),
  "aws:ec2/eip:Eip": calls("ec2", {
    read: ["DescribeAddresses", "DescribeAddressesAttribute"],
    create: ["AllocateAddress"],
    update: retagged,
    delete: ["ReleaseAddress"],
  }),
  "aws:ec2/eipAssociation:EipAssociation": calls("ec2", {
    read: ["DescribeAddresses"],
    create: ["AssociateAddress"],
    delete: ["DisassociateAddress"],
  }),
  "aws:ec2/securityGroup:SecurityGroup": calls("ec2", {
    read: ["DescribeSecurityGroups", "DescribeSecurityGroupRules"],
    create: [
      "CreateSecurityGroup",
      "AuthorizeSecurityGroupIngress",
      "AuthorizeSecurityGroupEgress",
      // AWS adds a rule that lets all out.
      "RevokeSecurityGroupEgress",
    ],
    update: [...rules, ...retagged],
    delete: ["DescribeNetworkInterfaces", "DeleteSecurityGroup"],
  }),
  "aws:ec2/networkInterface:NetworkInterface": calls("ec2", {
    read: ["DescribeNetworkInterfaces"],
    create: ["CreateNetworkInterface"],
    update: ["ModifyNetworkInterfaceAttribute", "AssignIpv6Addresses", "UnassignIpv6Addresses", ...retagged],
    delete: ["DetachNetworkInterface", "DeleteNetworkInterface"],
  }),
  "aws:ec2/instance:Instance": calls("ec2", {
    read: [
      "DescribeInstances",
      "DescribeInstanceTypes",
      "DescribeInstanceAttribute",
      "DescribeInstanceCreditSpecifications",
      "DescribeVolumes",
      "DescribeTags",
    ],
    create: ["DescribeImages", "DescribeSubnets", "RunInstances"],
    update: [
      "ModifyInstanceAttribute",
      "ModifyInstanceMetadataOptions",
      "StopInstances",
      "StartInstances",
      ...retagged,
    ],
    delete: ["ModifyInstanceAttribute", "TerminateInstances"],
  }),
  "aws:ebs/volume:Volume": calls("ec2", {
    read: ["DescribeVolumes"],
    create: ["CreateVolume"],
    update: ["ModifyVolume", "DescribeVolumesModifications", ...retagged],
    delete: ["DeleteVolume"],
  }),
  "aws:ec2/volumeAttachment:VolumeAttachment": calls("ec2", {
    read: ["DescribeVolumes", "DescribeInstances"],
    create: ["AttachVolume"],
    delete: ["DetachVolume"],
  }),

  "aws:iam/role:Role": calls("iam", {
    read: ["GetRole", "ListRolePolicies", "ListAttachedRolePolicies"],
    create: ["CreateRole", "TagRole"],
    update: ["UpdateAssumeRolePolicy", "UpdateRole", "TagRole", "UntagRole"],
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
    // With what is in it.
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
    update: ["UpdateClusterConfig", "UpdateClusterVersion", "DescribeUpdate", "TagResource", "UntagResource"],
    delete: ["DeleteCluster", "DescribeCluster"],
  }),
  "aws:eks/addon:Addon": calls("eks", {
    read: ["DescribeAddon"],
    create: ["CreateAddon", "TagResource"],
    update: ["UpdateAddon", "DescribeUpdate", "TagResource", "UntagResource"],
    delete: ["DeleteAddon", "DescribeAddon"],
  }),
  "aws:eks/podIdentityAssociation:PodIdentityAssociation": calls("eks", {
    read: ["DescribePodIdentityAssociation"],
    create: ["CreatePodIdentityAssociation", "TagResource", "iam.GetRole"],
    update: ["UpdatePodIdentityAssociation", "TagResource", "UntagResource"],
    delete: ["DeletePodIdentityAssociation", "DescribePodIdentityAssociation"],
  }),
};

/** Of the provider's functions. */
export const functionCalls: Readonly<Record<string, readonly string[]>> = {
  "aws:index/getCallerIdentity:getCallerIdentity": ["sts.GetCallerIdentity"],
  "aws:index/getAvailabilityZones:getAvailabilityZones": ["ec2.DescribeAvailabilityZones"],
  "aws:s3/getBucket:getBucket": ["s3.HeadBucket"],
  "aws:route53/getZone:getZone": [
    "route53.ListHostedZones",
    "route53.GetHostedZone",
    "route53.ListTagsForResource",
  ],
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
  // From a list of the provider's own.
  "aws:lb/getHostedZoneId:getHostedZoneId": [],
  "aws:servicequotas/getServiceQuota:getServiceQuota": [
    "service-quotas.GetServiceQuota",
    "service-quotas.GetAWSDefaultServiceQuota",
  ],
};
