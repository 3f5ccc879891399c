/**
 * The members of AWS's own models that the provider's inputs become. An input becomes the member with its own name, without regard to case, unless
 * the table names another.
 * The models are in models.json, which test/setup/aws-models.ts makes from public packages.
 */

/** The model of an API call, or of a CloudFormation resource. */
export interface Model {
  /** `ec2.CreateVolume`; `route53.CreateHealthCheck/HealthCheckConfig` for a part of a call's input; or `AWS::EC2::Volume` */
  readonly of: string;
  /** Members by input: `vpcConfig: "resourcesVpcConfig"`. Paths skip lists. Empty if the model has no such member, although one has the same name. */
  readonly names?: Readonly<Record<string, string>>;
  /** Required members that the provider sets itself. */
  readonly given?: readonly string[];
}

export interface Members {
  /** The calls by which the provider creates and configures the resource. */
  readonly calls: readonly Model[];
  /** The resource in CloudFormation, which lacks some types. */
  readonly resource?: Model;
  /** Inputs that are in neither: the provider's own, or translated for another call. */
  readonly others?: readonly string[];
  /** Properties and inputs for whose changes only one of provider and CloudFormation replaces the resource, with the reason. */
  readonly differences?: Readonly<Record<string, string>>;
}

const tagSpecifications = { tags: "TagSpecifications.Tags" };

/** Reasons for such differences. */
const because = {
  immutable: "no call changes it. CloudFormation refuses the change, and the provider replaces the resource",
  unused: "no stack gives it, so the double doesn't know what the provider does",
};

function named(member: string): Record<string, string> {
  return { name: member, namePrefix: member };
}

export const members: Readonly<Record<string, Members>> = {
  "aws:cloudwatch/logGroup:LogGroup": {
    calls: [
      { of: "logs.CreateLogGroup", names: named("logGroupName") },
      { of: "logs.PutRetentionPolicy", names: named("logGroupName") },
    ],
    resource: { of: "AWS::Logs::LogGroup", names: named("LogGroupName") },
  },
  "aws:cloudwatch/metricAlarm:MetricAlarm": {
    calls: [{ of: "cloudwatch.PutMetricAlarm", names: { name: "AlarmName" } }],
    resource: { of: "AWS::CloudWatch::Alarm", names: { name: "AlarmName" } },
  },
  "aws:ebs/volume:Volume": {
    calls: [{ of: "ec2.CreateVolume", names: { ...tagSpecifications, type: "VolumeType" } }],
    resource: { of: "AWS::EC2::Volume", names: { type: "VolumeType" } },
    differences: {
      AvailabilityZone: because.immutable,
      Encrypted: because.immutable,
      KmsKeyId: because.immutable,
      OutpostArn: because.immutable,
      SnapshotId: because.immutable,
    },
  },
  "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": {
    calls: [{ of: "ec2.CreateTags", given: ["Resources"] }],
    others: ["vpcId"],
  },
  "aws:ec2/eip:Eip": {
    calls: [{ of: "ec2.AllocateAddress", names: tagSpecifications }],
    resource: { of: "AWS::EC2::EIP" },
    differences: {
      Domain: because.immutable,
      PublicIpv4Pool: because.immutable,
    },
  },
  "aws:ec2/eipAssociation:EipAssociation": {
    calls: [{ of: "ec2.AssociateAddress" }],
    resource: { of: "AWS::EC2::EIPAssociation" },
  },
  "aws:ec2/instance:Instance": {
    calls: [
      {
        of: "ec2.RunInstances",
        names: {
          ...tagSpecifications,
          ami: "ImageId",
          iamInstanceProfile: "IamInstanceProfile.Name",
          primaryNetworkInterface: "NetworkInterfaces",
          rootBlockDevice: "BlockDeviceMappings.Ebs",
          userDataBase64: "UserData",
        },
        given: ["MaxCount", "MinCount"],
      },
    ],
    resource: {
      of: "AWS::EC2::Instance",
      names: {
        ami: "ImageId",
        primaryNetworkInterface: "NetworkInterfaces",
        rootBlockDevice: "BlockDeviceMappings.Ebs",
        userDataBase64: "UserData",
      },
      given: ["NetworkInterfaces.DeviceIndex", "BlockDeviceMappings.DeviceName"],
    },
    others: ["userDataReplaceOnChange", "rootBlockDevice.tags"],
    differences: {
      "BlockDeviceMappings.Ebs.Encrypted":
        "CloudFormation replaces the instance, or not, by which of its disks changes",
      "BlockDeviceMappings.Ebs.KmsKeyId":
        "CloudFormation replaces the instance, or not, by which of its disks changes",
      UserData:
        "CloudFormation stops the instance and changes it, and the provider replaces it if `userDataReplaceOnChange` is true",
      Ipv6AddressCount: because.unused,
      Ipv6Addresses: because.unused,
      LaunchTemplate: because.unused,
    },
  },
  "aws:ec2/internetGateway:InternetGateway": {
    calls: [
      { of: "ec2.CreateInternetGateway", names: tagSpecifications },
      { of: "ec2.AttachInternetGateway", given: ["InternetGatewayId"] },
    ],
    resource: { of: "AWS::EC2::InternetGateway" },
  },
  "aws:ec2/natGateway:NatGateway": {
    calls: [{ of: "ec2.CreateNatGateway", names: tagSpecifications }],
    resource: { of: "AWS::EC2::NatGateway" },
    differences: {
      AvailabilityMode: because.unused,
      VpcId: because.unused,
    },
  },
  "aws:ec2/networkInterface:NetworkInterface": {
    calls: [{ of: "ec2.CreateNetworkInterface", names: { ...tagSpecifications, securityGroups: "Groups" } }],
    resource: { of: "AWS::EC2::NetworkInterface", names: { securityGroups: "GroupSet" } },
  },
  "aws:ec2/route:Route": {
    calls: [{ of: "ec2.CreateRoute" }],
    resource: { of: "AWS::EC2::Route" },
  },
  "aws:ec2/routeTable:RouteTable": {
    calls: [{ of: "ec2.CreateRouteTable", names: tagSpecifications }],
    resource: { of: "AWS::EC2::RouteTable" },
  },
  "aws:ec2/routeTableAssociation:RouteTableAssociation": {
    calls: [{ of: "ec2.AssociateRouteTable" }],
    resource: { of: "AWS::EC2::SubnetRouteTableAssociation" },
    differences: {
      RouteTableId: "the provider calls ec2.ReplaceRouteTableAssociation",
    },
  },
  "aws:ec2/securityGroup:SecurityGroup": {
    calls: [{ of: "ec2.CreateSecurityGroup", names: { ...tagSpecifications, ...named("GroupName") } }],
    resource: {
      of: "AWS::EC2::SecurityGroup",
      names: { ...named("GroupName"), description: "GroupDescription" },
    },
    others: ["ingress", "egress"],
  },
  "aws:ec2/subnet:Subnet": {
    calls: [{ of: "ec2.CreateSubnet", names: tagSpecifications }],
    resource: { of: "AWS::EC2::Subnet" },
    differences: {
      Ipv4IpamPoolId: because.unused,
      Ipv4NetmaskLength: because.unused,
      Ipv6IpamPoolId: because.unused,
      Ipv6NetmaskLength: because.unused,
    },
  },
  "aws:ec2/tag:Tag": {
    calls: [
      { of: "ec2.CreateTags", names: { resourceId: "Resources", key: "Tags.Key", value: "Tags.Value" } },
    ],
  },
  "aws:ec2/volumeAttachment:VolumeAttachment": {
    calls: [{ of: "ec2.AttachVolume", names: { deviceName: "Device" } }],
    resource: { of: "AWS::EC2::VolumeAttachment", names: { deviceName: "Device" } },
    others: ["skipDestroy", "stopInstanceBeforeDetaching"],
  },
  "aws:ec2/vpc:Vpc": {
    calls: [
      {
        of: "ec2.CreateVpc",
        names: { ...tagSpecifications, assignGeneratedIpv6CidrBlock: "AmazonProvidedIpv6CidrBlock" },
      },
      {
        of: "ec2.ModifyVpcAttribute",
        names: { enableDnsHostnames: "EnableDnsHostnames.Value", enableDnsSupport: "EnableDnsSupport.Value" },
        given: ["VpcId"],
      },
    ],
    resource: { of: "AWS::EC2::VPC" },
    differences: {
      InstanceTenancy: "CloudFormation changes it from dedicated to default, as the API does",
    },
  },
  "aws:ec2/vpcEndpoint:VpcEndpoint": {
    calls: [{ of: "ec2.CreateVpcEndpoint", names: tagSpecifications }],
    resource: { of: "AWS::EC2::VPCEndpoint" },
    differences: {
      ResourceConfigurationArn: because.unused,
      ServiceNetworkArn: because.unused,
      "DnsOptions.PrivateDnsPreference": because.unused,
      "DnsOptions.PrivateDnsSpecifiedDomains": because.unused,
    },
  },
  "aws:ec2/vpcEndpointService:VpcEndpointService": {
    calls: [
      { of: "ec2.CreateVpcEndpointServiceConfiguration", names: tagSpecifications },
      {
        of: "ec2.ModifyVpcEndpointServicePermissions",
        names: { allowedPrincipals: "AddAllowedPrincipals" },
        given: ["ServiceId"],
      },
    ],
    resource: { of: "AWS::EC2::VPCEndpointService" },
  },
  "aws:eks/accessEntry:AccessEntry": {
    calls: [{ of: "eks.CreateAccessEntry", names: { userName: "username" } }],
    resource: { of: "AWS::EKS::AccessEntry", names: { userName: "Username" } },
  },
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": {
    calls: [{ of: "eks.AssociateAccessPolicy" }],
  },
  "aws:eks/addon:Addon": {
    calls: [{ of: "eks.CreateAddon" }],
    resource: { of: "AWS::EKS::Addon" },
    differences: {
      NamespaceConfig: because.unused,
    },
  },
  "aws:eks/cluster:Cluster": {
    calls: [
      {
        of: "eks.CreateCluster",
        names: { vpcConfig: "resourcesVpcConfig", enabledClusterLogTypes: "logging.clusterLogging.types" },
      },
    ],
    resource: {
      of: "AWS::EKS::Cluster",
      names: {
        vpcConfig: "ResourcesVpcConfig",
        enabledClusterLogTypes: "Logging.ClusterLogging.EnabledTypes.Type",
      },
    },
    differences: {
      EncryptionConfig: "the provider calls eks.AssociateEncryptionConfig where there was none",
      OutpostConfig: because.unused,
    },
  },
  "aws:eks/podIdentityAssociation:PodIdentityAssociation": {
    calls: [{ of: "eks.CreatePodIdentityAssociation" }],
    resource: { of: "AWS::EKS::PodIdentityAssociation" },
  },
  "aws:iam/instanceProfile:InstanceProfile": {
    calls: [
      { of: "iam.CreateInstanceProfile", names: named("InstanceProfileName") },
      { of: "iam.AddRoleToInstanceProfile", names: { ...named("InstanceProfileName"), role: "RoleName" } },
    ],
    resource: {
      of: "AWS::IAM::InstanceProfile",
      names: { ...named("InstanceProfileName"), role: "Roles" },
    },
  },
  "aws:iam/role:Role": {
    calls: [
      {
        of: "iam.CreateRole",
        names: { ...named("RoleName"), assumeRolePolicy: "AssumeRolePolicyDocument" },
      },
    ],
    resource: {
      of: "AWS::IAM::Role",
      names: { ...named("RoleName"), assumeRolePolicy: "AssumeRolePolicyDocument" },
    },
  },
  "aws:iam/rolePolicy:RolePolicy": {
    calls: [
      {
        of: "iam.PutRolePolicy",
        names: { ...named("PolicyName"), policy: "PolicyDocument", role: "RoleName" },
      },
    ],
    resource: {
      of: "AWS::IAM::RolePolicy",
      names: { ...named("PolicyName"), policy: "PolicyDocument", role: "RoleName" },
    },
  },
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": {
    calls: [{ of: "iam.AttachRolePolicy", names: { role: "RoleName" } }],
  },
  "aws:lb/listener:Listener": {
    calls: [{ of: "elbv2.CreateListener" }],
    resource: { of: "AWS::ElasticLoadBalancingV2::Listener" },
  },
  "aws:lb/loadBalancer:LoadBalancer": {
    calls: [{ of: "elbv2.CreateLoadBalancer", names: { ...named("Name"), loadBalancerType: "Type" } }],
    resource: {
      of: "AWS::ElasticLoadBalancingV2::LoadBalancer",
      names: { ...named("Name"), loadBalancerType: "Type" },
    },
    others: ["internal", "enableCrossZoneLoadBalancing"],
    differences: {
      internal: "it becomes Scheme, whose change replaces the load balancer in CloudFormation, too",
    },
  },
  "aws:lb/targetGroup:TargetGroup": {
    calls: [{ of: "elbv2.CreateTargetGroup", names: named("Name") }],
    resource: { of: "AWS::ElasticLoadBalancingV2::TargetGroup", names: named("Name") },
  },
  "aws:lb/targetGroupAttachment:TargetGroupAttachment": {
    calls: [{ of: "elbv2.RegisterTargets", names: { targetId: "Targets.Id", port: "Targets.Port" } }],
  },
  "aws:route53/healthCheck:HealthCheck": {
    calls: [
      {
        of: "route53.CreateHealthCheck/HealthCheckConfig",
        names: {
          cloudwatchAlarmName: "AlarmIdentifier.Name",
          cloudwatchAlarmRegion: "AlarmIdentifier.Region",
          ipAddress: "IPAddress",
          insufficientDataHealthStatus: "InsufficientDataHealthStatus",
        },
      },
    ],
    resource: {
      of: "AWS::Route53::HealthCheck",
      names: {
        type: "HealthCheckConfig.Type",
        requestInterval: "HealthCheckConfig.RequestInterval",
        measureLatency: "HealthCheckConfig.MeasureLatency",
      },
    },
    others: ["tags"],
    differences: {
      ipAddress: "CloudFormation changes it in place, as the API does",
    },
  },
  "aws:route53/record:Record": {
    calls: [
      {
        of: "route53.ChangeResourceRecordSets/ChangeBatch.Changes.ResourceRecordSet",
        names: {
          aliases: "AliasTarget",
          "aliases.name": "DNSName",
          "aliases.zoneId": "HostedZoneId",
          records: "ResourceRecords.Value",
        },
      },
    ],
    resource: {
      of: "AWS::Route53::RecordSet",
      names: {
        aliases: "AliasTarget",
        "aliases.name": "DNSName",
        "aliases.zoneId": "HostedZoneId",
        records: "ResourceRecords",
        zoneId: "HostedZoneId",
      },
    },
    others: ["failoverRoutingPolicies", "zoneId"],
    differences: {
      Name: "CloudFormation makes the other record itself, and deletes the first",
      SetIdentifier: "CloudFormation makes the other record itself, and deletes the first",
      Type: "CloudFormation makes the other record itself, and deletes the first",
    },
  },
  "aws:route53/zoneAssociation:ZoneAssociation": {
    calls: [
      {
        of: "route53.AssociateVPCWithHostedZone",
        names: { zoneId: "HostedZoneId", vpcId: "VPC.VPCId", vpcRegion: "VPC.VPCRegion" },
      },
    ],
  },
  "aws:s3/bucket:Bucket": {
    calls: [{ of: "s3.CreateBucket", names: { bucketPrefix: "Bucket" } }],
    resource: { of: "AWS::S3::Bucket", names: { bucket: "BucketName", bucketPrefix: "BucketNamePrefix" } },
    others: ["forceDestroy", "tags"],
  },
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": {
    calls: [{ of: "s3.PutBucketLifecycleConfiguration", names: { rules: "LifecycleConfiguration.Rules" } }],
  },
  "aws:s3/bucketObjectv2:BucketObjectv2": {
    calls: [{ of: "s3.PutObject", names: { content: "Body", kmsKeyId: "SSEKMSKeyId" } }],
    others: ["tags", "overrideProvider"],
  },
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls": {
    calls: [{ of: "s3.PutBucketOwnershipControls", names: { rule: "OwnershipControls.Rules" } }],
  },
  "aws:s3/bucketPolicy:BucketPolicy": {
    calls: [{ of: "s3.PutBucketPolicy" }],
    resource: { of: "AWS::S3::BucketPolicy", names: { policy: "PolicyDocument" } },
  },
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {
    calls: [
      {
        of: "s3.PutPublicAccessBlock",
        names: {
          blockPublicAcls: "PublicAccessBlockConfiguration.BlockPublicAcls",
          blockPublicPolicy: "PublicAccessBlockConfiguration.BlockPublicPolicy",
          ignorePublicAcls: "PublicAccessBlockConfiguration.IgnorePublicAcls",
          restrictPublicBuckets: "PublicAccessBlockConfiguration.RestrictPublicBuckets",
        },
      },
    ],
  },
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": {
    calls: [
      {
        of: "s3.PutBucketEncryption",
        names: {
          rules: "ServerSideEncryptionConfiguration.Rules",
          "rules.applyServerSideEncryptionByDefault.kmsMasterKeyId": "KMSMasterKeyID",
          "rules.applyServerSideEncryptionByDefault.sseAlgorithm": "SSEAlgorithm",
        },
      },
    ],
  },
  "aws:ssm/parameter:Parameter": {
    calls: [{ of: "ssm.PutParameter" }],
    // CloudFormation can't create secret parameters.
    resource: { of: "AWS::SSM::Parameter", names: { type: "" }, given: ["Type"] },
    differences: {
      DataType: "CloudFormation overwrites the parameter",
    },
  },
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {
    calls: [
      {
        of: "ec2.AuthorizeSecurityGroupIngress/IpPermissions",
        names: {
          cidrIpv4: "IpRanges.CidrIp",
          cidrIpv6: "Ipv6Ranges.CidrIpv6",
          prefixListId: "PrefixListIds.PrefixListId",
        },
      },
    ],
    resource: {
      of: "AWS::EC2::SecurityGroupIngress",
      names: {
        securityGroupId: "GroupId",
        cidrIpv4: "CidrIp",
        prefixListId: "SourcePrefixListId",
        referencedSecurityGroupId: "SourceSecurityGroupId",
      },
    },
    others: ["tags"],
    differences: {
      CidrIp: "the provider calls ec2.ModifySecurityGroupRules",
      CidrIpv6: "the provider calls ec2.ModifySecurityGroupRules",
      FromPort: "the provider calls ec2.ModifySecurityGroupRules",
      IpProtocol: "the provider calls ec2.ModifySecurityGroupRules",
      SourcePrefixListId: "the provider calls ec2.ModifySecurityGroupRules",
      SourceSecurityGroupId: "the provider calls ec2.ModifySecurityGroupRules",
      ToPort: "the provider calls ec2.ModifySecurityGroupRules",
    },
  },
};
