/** The same table as in actions.ts, for networks, machines and disks. */
import { ec2, elasticloadbalancing, type Row } from "./row.ts";

/**
 * The row of a resource with the stack's tags, which can change while the resource exists.
 * @param others actions of other services
 */
function tagged(own: string, ...others: string[]) {
  return (names: TemplateStringsArray): Row => ({
    actions: [...ec2(names), ...others, ...ec2`CreateTags DeleteTags`],
    own,
  });
}

/** The load balancer that a cluster has created is looked up. */
const balancerReads = elasticloadbalancing`DescribeLoadBalancerAttributes DescribeLoadBalancers DescribeTags`;

export const ec2Rows: Readonly<Record<string, Row>> = {
  "aws:ec2/vpc:Vpc": tagged("vpc")`CreateVpc DeleteVpc ModifyVpcAttribute
    DescribeVpcs DescribeVpcAttribute DescribeNetworkAcls DescribeRouteTables DescribeSecurityGroups`,
  // The permits to write are in special.ts.
  "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": {
    actions: ec2`DescribeSecurityGroups DescribeSecurityGroupRules`,
  },
  "aws:ec2/internetGateway:InternetGateway": tagged("internet-gateway")`
    CreateInternetGateway DeleteInternetGateway
    AttachInternetGateway DetachInternetGateway DescribeInternetGateways`,
  // The provider looks for interfaces that are left in the subnet.
  "aws:ec2/subnet:Subnet": tagged("subnet")`CreateSubnet DeleteSubnet ModifySubnetAttribute DescribeSubnets
    DescribeNetworkInterfaces`,
  "aws:ec2/routeTable:RouteTable": tagged("route-table")`
    CreateRouteTable DeleteRouteTable DescribeRouteTables`,
  "aws:ec2/route:Route": { actions: ec2`CreateRoute DeleteRoute ReplaceRoute DescribeRouteTables` },
  "aws:ec2/routeTableAssociation:RouteTableAssociation": {
    actions: ec2`AssociateRouteTable DisassociateRouteTable ReplaceRouteTableAssociation DescribeRouteTables`,
  },
  "aws:ec2/vpcEndpoint:VpcEndpoint": tagged("vpc-endpoint")`
    CreateVpcEndpoint DeleteVpcEndpoints ModifyVpcEndpoint DescribeVpcEndpoints DescribePrefixLists`,
  "aws:ec2/natGateway:NatGateway": tagged("natgateway")`
    CreateNatGateway DeleteNatGateway DescribeNatGateways`,
  // The state may still associate the address with a NAT gateway.
  "aws:ec2/eip:Eip": tagged("elastic-ip")`AllocateAddress ReleaseAddress DescribeAddresses
    DescribeAddressesAttribute DisassociateAddress`,
  "aws:ec2/eipAssociation:EipAssociation": {
    actions: ec2`AssociateAddress DisassociateAddress DescribeAddresses`,
  },
  "aws:ec2/securityGroup:SecurityGroup": tagged("security-group")`CreateSecurityGroup DeleteSecurityGroup
    AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress
    RevokeSecurityGroupEgress RevokeSecurityGroupIngress
    DescribeSecurityGroups DescribeSecurityGroupRules DescribeNetworkInterfaces`,
  "aws:ec2/networkInterface:NetworkInterface": tagged("network-interface")`
    CreateNetworkInterface DeleteNetworkInterface ModifyNetworkInterfaceAttribute
    AssignIpv6Addresses UnassignIpv6Addresses DetachNetworkInterface DescribeNetworkInterfaces`,
  "aws:ec2/instance:Instance": tagged("instance", "iam:GetInstanceProfile")`
    RunInstances StartInstances StopInstances TerminateInstances
    ModifyInstanceAttribute ModifyInstanceMetadataOptions
    DescribeInstances DescribeInstanceAttribute DescribeInstanceTypes DescribeInstanceCreditSpecifications
    DescribeVolumes DescribeTags DescribeSubnets DescribeImages`,
  "aws:ebs/volume:Volume": tagged("volume")`
    CreateVolume DeleteVolume ModifyVolume DescribeVolumes DescribeVolumesModifications`,
  // EC2 detaches the volume from a machine that it deletes.
  "aws:ec2/volumeAttachment:VolumeAttachment": {
    actions: ec2`AttachVolume DescribeInstances DescribeVolumes`,
  },

  "aws:ec2/vpcEndpointService:VpcEndpointService": tagged("vpc-endpoint-service", ...balancerReads)`
    CreateVpcEndpointServiceConfiguration DeleteVpcEndpointServiceConfigurations
    ModifyVpcEndpointServiceConfiguration ModifyVpcEndpointServicePermissions
    DescribeVpcEndpointServiceConfigurations DescribeVpcEndpointServicePermissions`,
  // This tags a cluster's security group, which EKS creates. The permits to write are in special.ts.
  "aws:ec2/tag:Tag": { actions: ec2`DescribeTags` },
  // The permits on the group, which belongs to a cluster, are in special.ts.
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": tagged("security-group-rule")`
    ModifySecurityGroupRules DescribeSecurityGroupRules`,
  // Elastic Load Balancing's own actions are in special.ts, because the reference doesn't separate the service's two APIs. The service calls EC2 with the caller's rights:
  // https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-permissions.html
  "aws:lb/loadBalancer:LoadBalancer": {
    actions: ec2`DescribeAccountAttributes DescribeAddresses DescribeInstances DescribeInternetGateways
      DescribeNetworkInterfaces DescribeSecurityGroups DescribeSubnets DescribeVpcs`,
  },
  "aws:lb/targetGroup:TargetGroup": { actions: [] },
  "aws:lb/targetGroupAttachment:TargetGroupAttachment": { actions: [] },
  "aws:lb/listener:Listener": { actions: [] },
};
