/** The same table as in actions.ts, for networks, machines and disks. */
import { ec2, type Row } from "./row.ts";

/** The row of a resource with the stack's tags, which can change while the resource exists. */
function tagged(own: string, actions: readonly string[]): Row {
  return { actions: [...actions, ...ec2("CreateTags", "DeleteTags")], own };
}

export const ec2Rows: Readonly<Record<string, Row>> = {
  "aws:ec2/vpc:Vpc": tagged("vpc", [
    ...ec2("CreateVpc", "DeleteVpc", "ModifyVpcAttribute"),
    ...ec2("DescribeVpcs", "DescribeVpcAttribute", "DescribeNetworkAcls", "DescribeRouteTables"),
    ...ec2("DescribeSecurityGroups"),
  ]),
  "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": tagged("security-group", [
    ...ec2("RevokeSecurityGroupEgress", "RevokeSecurityGroupIngress"),
    ...ec2("DescribeSecurityGroups", "DescribeSecurityGroupRules"),
  ]),
  "aws:ec2/internetGateway:InternetGateway": tagged("internet-gateway", [
    ...ec2("CreateInternetGateway", "DeleteInternetGateway"),
    ...ec2("AttachInternetGateway", "DetachInternetGateway", "DescribeInternetGateways"),
  ]),
  "aws:ec2/subnet:Subnet": tagged("subnet", [
    ...ec2("CreateSubnet", "DeleteSubnet", "ModifySubnetAttribute", "DescribeSubnets"),
    // The provider looks for interfaces that are left in the subnet.
    ...ec2("DescribeNetworkInterfaces"),
  ]),
  "aws:ec2/routeTable:RouteTable": tagged("route-table", [
    ...ec2("CreateRouteTable", "DeleteRouteTable", "DescribeRouteTables"),
  ]),
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
  "aws:ec2/vpcEndpoint:VpcEndpoint": tagged("vpc-endpoint", [
    ...ec2("CreateVpcEndpoint", "DeleteVpcEndpoints", "ModifyVpcEndpoint"),
    ...ec2("DescribeVpcEndpoints", "DescribePrefixLists"),
  ]),
  "aws:ec2/natGateway:NatGateway": tagged("natgateway", [
    ...ec2("CreateNatGateway", "DeleteNatGateway", "DescribeNatGateways"),
  ]),
  "aws:ec2/eip:Eip": tagged("elastic-ip", [
    ...ec2("AllocateAddress", "ReleaseAddress", "DescribeAddresses", "DescribeAddressesAttribute"),
    // The state may still associate the address with a NAT gateway.
    ...ec2("DisassociateAddress"),
  ]),
  "aws:ec2/eipAssociation:EipAssociation": {
    actions: ec2("AssociateAddress", "DisassociateAddress", "DescribeAddresses"),
  },
  "aws:ec2/securityGroup:SecurityGroup": tagged("security-group", [
    ...ec2("CreateSecurityGroup", "DeleteSecurityGroup"),
    ...ec2("AuthorizeSecurityGroupEgress", "AuthorizeSecurityGroupIngress"),
    ...ec2("RevokeSecurityGroupEgress", "RevokeSecurityGroupIngress"),
    ...ec2("DescribeSecurityGroups", "DescribeSecurityGroupRules", "DescribeNetworkInterfaces"),
  ]),
  "aws:ec2/networkInterface:NetworkInterface": tagged("network-interface", [
    ...ec2("CreateNetworkInterface", "DeleteNetworkInterface", "ModifyNetworkInterfaceAttribute"),
    ...ec2("AssignIpv6Addresses", "UnassignIpv6Addresses", "DetachNetworkInterface"),
    ...ec2("DescribeNetworkInterfaces"),
  ]),
  "aws:ec2/instance:Instance": tagged("instance", [
    ...ec2("RunInstances", "StartInstances", "StopInstances", "TerminateInstances"),
    ...ec2("ModifyInstanceAttribute", "ModifyInstanceMetadataOptions"),
    ...ec2("DescribeInstances", "DescribeInstanceAttribute", "DescribeInstanceTypes"),
    ...ec2("DescribeInstanceCreditSpecifications", "DescribeVolumes", "DescribeTags"),
    ...ec2("DescribeSubnets", "DescribeImages"),
    "iam:GetInstanceProfile",
  ]),
  "aws:ebs/volume:Volume": tagged("volume", [
    ...ec2("CreateVolume", "DeleteVolume", "ModifyVolume"),
    ...ec2("DescribeVolumes", "DescribeVolumesModifications"),
  ]),
  "aws:ec2/volumeAttachment:VolumeAttachment": {
    // EC2 detaches the volume from a machine that it deletes.
    actions: ec2("AttachVolume", "DescribeInstances", "DescribeVolumes"),
  },

  "aws:ec2/vpcEndpointService:VpcEndpointService": tagged("vpc-endpoint-service", [
    ...ec2("CreateVpcEndpointServiceConfiguration", "DeleteVpcEndpointServiceConfigurations"),
    ...ec2("ModifyVpcEndpointServiceConfiguration", "ModifyVpcEndpointServicePermissions"),
    ...ec2("DescribeVpcEndpointServiceConfigurations", "DescribeVpcEndpointServicePermissions"),
    // The load balancer that a cluster has created is looked up.
    "elasticloadbalancing:DescribeLoadBalancerAttributes",
    "elasticloadbalancing:DescribeLoadBalancers",
    "elasticloadbalancing:DescribeTags",
  ]),
  // This tags a cluster's security group, which EKS creates. The permits to write are in special.ts.
  "aws:ec2/tag:Tag": { actions: ec2("DescribeTags") },
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": tagged("security-group-rule", [
    // The permits on the group, which belongs to a cluster, are in special.ts.
    ...ec2("ModifySecurityGroupRules", "DescribeSecurityGroupRules"),
  ]),
  // Elastic Load Balancing's own actions are in special.ts, because the reference doesn't separate the service's two APIs. The service calls EC2 with the caller's rights:
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
