/** The same as actions.ts, for networks, machines and disks. */
import { ec2, type Row, tags } from "./row.ts";

export const ec2Rows: Readonly<Record<string, Row>> = {
  "aws:ec2/vpc:Vpc": {
    actions: [
      ...ec2("CreateVpc", "DeleteVpc", "ModifyVpcAttribute"),
      ...ec2("DescribeVpcs", "DescribeVpcAttribute", "DescribeNetworkAcls", "DescribeRouteTables"),
      ...ec2("DescribeSecurityGroups"),
      ...tags,
    ],
    own: "vpc",
  },
  "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": {
    actions: [
      ...ec2("RevokeSecurityGroupEgress", "RevokeSecurityGroupIngress"),
      ...ec2("DescribeSecurityGroups", "DescribeSecurityGroupRules"),
      ...tags,
    ],
    own: "security-group",
  },
  "aws:ec2/internetGateway:InternetGateway": {
    actions: [
      ...ec2("CreateInternetGateway", "DeleteInternetGateway"),
      ...ec2("AttachInternetGateway", "DetachInternetGateway", "DescribeInternetGateways"),
      ...tags,
    ],
    own: "internet-gateway",
  },
  "aws:ec2/subnet:Subnet": {
    actions: [
      ...ec2("CreateSubnet", "DeleteSubnet", "ModifySubnetAttribute", "DescribeSubnets"),
      // What still lies in it.
      ...ec2("DescribeNetworkInterfaces"),
      ...tags,
    ],
    own: "subnet",
  },
  "aws:ec2/routeTable:RouteTable": {
    actions: [...ec2("CreateRouteTable", "DeleteRouteTable", "DescribeRouteTables"), ...tags],
    own: "route-table",
  },
  "aws:ec2/route:Route": {
    actions: ec2("CreateRoute", "DeleteRoute", "ReplaceRoute", "DescribeRouteTables"),
  },
  "aws:ec2/routeTableAssociation:RouteTableAssociation": {
    actions: ec2(
      "AssociateRouteTable",
      "DisassociateRouteTable",
      "ReplaceRouteTableAssociation",
      "DescribeRouteTables",
    ),
  },
  "aws:ec2/vpcEndpoint:VpcEndpoint": {
    actions: [
      ...ec2("CreateVpcEndpoint", "DeleteVpcEndpoints", "ModifyVpcEndpoint"),
      ...ec2("DescribeVpcEndpoints", "DescribePrefixLists"),
      ...tags,
    ],
    own: "vpc-endpoint",
  },
  "aws:ec2/natGateway:NatGateway": {
    actions: [...ec2("CreateNatGateway", "DeleteNatGateway", "DescribeNatGateways"), ...tags],
    own: "natgateway",
  },
  "aws:ec2/eip:Eip": {
    actions: [
      ...ec2("AllocateAddress", "ReleaseAddress", "DescribeAddresses", "DescribeAddressesAttribute"),
      // In the state, the address may still be a NAT gateway's.
      ...ec2("DisassociateAddress"),
      ...tags,
    ],
    own: "elastic-ip",
  },
  "aws:ec2/eipAssociation:EipAssociation": {
    actions: ec2("AssociateAddress", "DisassociateAddress", "DescribeAddresses"),
  },
  "aws:ec2/securityGroup:SecurityGroup": {
    actions: [
      ...ec2("CreateSecurityGroup", "DeleteSecurityGroup"),
      ...ec2("AuthorizeSecurityGroupEgress", "AuthorizeSecurityGroupIngress"),
      ...ec2("RevokeSecurityGroupEgress", "RevokeSecurityGroupIngress"),
      ...ec2("DescribeSecurityGroups", "DescribeSecurityGroupRules", "DescribeNetworkInterfaces"),
      ...tags,
    ],
    own: "security-group",
  },
  "aws:ec2/networkInterface:NetworkInterface": {
    actions: [
      ...ec2("CreateNetworkInterface", "DeleteNetworkInterface", "ModifyNetworkInterfaceAttribute"),
      ...ec2("AssignIpv6Addresses", "UnassignIpv6Addresses", "DetachNetworkInterface"),
      ...ec2("DescribeNetworkInterfaces"),
      ...tags,
    ],
    own: "network-interface",
  },
  "aws:ec2/instance:Instance": {
    actions: [
      ...ec2("RunInstances", "StartInstances", "StopInstances", "TerminateInstances"),
      ...ec2("ModifyInstanceAttribute", "ModifyInstanceMetadataOptions"),
      ...ec2("DescribeInstances", "DescribeInstanceAttribute", "DescribeInstanceTypes"),
      ...ec2("DescribeInstanceCreditSpecifications", "DescribeVolumes", "DescribeTags"),
      ...ec2("DescribeSubnets", "DescribeImages"),
      "iam:GetInstanceProfile",
      ...tags,
    ],
    own: "instance",
  },
  "aws:ebs/volume:Volume": {
    actions: [
      ...ec2("CreateVolume", "DeleteVolume", "ModifyVolume"),
      ...ec2("DescribeVolumes", "DescribeVolumesModifications"),
      ...tags,
    ],
    own: "volume",
  },
  "aws:ec2/volumeAttachment:VolumeAttachment": {
    // EC2 detaches it from a machine that it deletes.
    actions: ec2("AttachVolume", "DescribeInstances", "DescribeVolumes"),
  },

  "aws:ec2/vpcEndpointService:VpcEndpointService": {
    actions: [
      ...ec2("CreateVpcEndpointServiceConfiguration", "DeleteVpcEndpointServiceConfigurations"),
      ...ec2("ModifyVpcEndpointServiceConfiguration", "ModifyVpcEndpointServicePermissions"),
      ...ec2("DescribeVpcEndpointServiceConfigurations", "DescribeVpcEndpointServicePermissions"),
      // The one that a cluster has made is looked up.
      "elasticloadbalancing:DescribeLoadBalancerAttributes",
      "elasticloadbalancing:DescribeLoadBalancers",
      ...tags,
    ],
    own: "vpc-endpoint-service",
  },
  // Of a cluster's security group, which EKS makes: special.ts.
  "aws:ec2/tag:Tag": { actions: ec2("DescribeTags") },
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {
    actions: [
      // On the group, which is a cluster's: special.ts.
      ...ec2("ModifySecurityGroupRules", "DescribeSecurityGroupRules"),
      ...tags,
    ],
    own: "security-group-rule",
  },
  // Elastic Load Balancing's actions are in special.ts: the reference doesn't tell its two APIs apart. What it asks EC2 for, it asks with the rights of who calls it:
  // https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-permissions.html
  "aws:lb/loadBalancer:LoadBalancer": {
    actions: [
      ...ec2("DescribeAccountAttributes", "DescribeAddresses", "DescribeInstances"),
      ...ec2("DescribeInternetGateways", "DescribeNetworkInterfaces"),
      ...ec2("DescribeSecurityGroups", "DescribeSubnets", "DescribeVpcs"),
    ],
  },
  "aws:lb/targetGroup:TargetGroup": { actions: [] },
  "aws:lb/targetGroupAttachment:TargetGroupAttachment": { actions: [] },
  "aws:lb/listener:Listener": { actions: [] },
};
