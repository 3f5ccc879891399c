/** The operations of calls.ts for networks, machines and disks. */
import { type Calls, calls } from "./provider-calls.ts";

/** A tag of a resource that the stack didn't create. */
export const oneTag = "aws:ec2/tag:Tag";

const retagged = ["CreateTags", "DeleteTags"];
const rules = [
  "AuthorizeSecurityGroupIngress",
  "AuthorizeSecurityGroupEgress",
  "RevokeSecurityGroupIngress",
  "RevokeSecurityGroupEgress",
];

export const ec2Calls: Readonly<Record<string, Calls>> = {
  "aws:ec2/vpc:Vpc": calls("ec2", {
    // Includes what AWS creates with a VPC.
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
    // Also from a deleted NAT gateway.
    delete: ["DisassociateAddress", "ReleaseAddress"],
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
      // AWS adds a rule that allows all outbound traffic.
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

  "aws:ec2/vpcEndpointService:VpcEndpointService": calls("ec2", {
    read: ["DescribeVpcEndpointServiceConfigurations", "DescribeVpcEndpointServicePermissions"],
    create: ["CreateVpcEndpointServiceConfiguration", "ModifyVpcEndpointServicePermissions"],
    update: ["ModifyVpcEndpointServiceConfiguration", "ModifyVpcEndpointServicePermissions", ...retagged],
    delete: ["DeleteVpcEndpointServiceConfigurations"],
  }),
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": calls("ec2", {
    read: ["DescribeSecurityGroupRules"],
    // A rule gets its tags after its creation.
    create: ["AuthorizeSecurityGroupIngress", "CreateTags"],
    update: ["ModifySecurityGroupRules", ...retagged],
    delete: ["RevokeSecurityGroupIngress"],
  }),
  [oneTag]: calls("ec2", {
    read: ["DescribeTags"],
    create: ["CreateTags"],
    update: ["CreateTags"],
    delete: ["DeleteTags"],
  }),
};
