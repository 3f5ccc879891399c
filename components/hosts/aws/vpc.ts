import { DefaultSecurityGroup } from "@pulumi/aws/ec2/defaultSecurityGroup.js";
import { Eip } from "@pulumi/aws/ec2/eip.js";
import { InternetGateway } from "@pulumi/aws/ec2/internetGateway.js";
import { NatGateway } from "@pulumi/aws/ec2/natGateway.js";
import { Route, type RouteArgs } from "@pulumi/aws/ec2/route.js";
import { RouteTable } from "@pulumi/aws/ec2/routeTable.js";
import { RouteTableAssociation } from "@pulumi/aws/ec2/routeTableAssociation.js";
import type { Subnet } from "@pulumi/aws/ec2/subnet.js";
import { Vpc, type VpcArgs } from "@pulumi/aws/ec2/vpc.js";
import { VpcEndpoint } from "@pulumi/aws/ec2/vpcEndpoint.js";
import type * as pulumi from "@pulumi/pulumi";
import type { AwsPlan } from "./naming.ts";

/** A VPC for one region. The stack doesn't connect it to other networks, so its range can overlap with theirs until somebody does. */
export function createVpc(
  { names, region: { name } }: AwsPlan,
  args: Pick<VpcArgs, "cidrBlock" | "assignGeneratedIpv6CidrBlock">,
  options: pulumi.CustomResourceOptions,
): { readonly vpc: Vpc; readonly gateway: InternetGateway } {
  const vpc = new Vpc(name, { ...args, enableDnsHostnames: true, tags: names.tags() }, options);
  // Every VPC has a default security group, whose members can reach each other. Taking it over removes its rules; nothing uses it.
  new DefaultSecurityGroup(name, { vpcId: vpc.id, tags: names.tags("default-unused") }, options);
  const gateway = new InternetGateway(name, { vpcId: vpc.id, tags: names.tags() }, options);
  return { vpc, gateway };
}

interface RoutesArgs extends Pick<RouteArgs, "gatewayId" | "natGatewayId"> {
  readonly vpcId: pulumi.Input<string>;
  readonly tags: { readonly Name: string };
  /** Subnets, by the Pulumi names of their route table associations. */
  readonly subnets: Readonly<Record<string, Subnet>>;
  /** @default only IPv4 */
  readonly hasIpv6?: boolean;
}

/** Creates the default route of some subnets. */
export function createRoutes(
  name: string,
  { vpcId, tags, subnets, hasIpv6 = false, ...target }: RoutesArgs,
  options: pulumi.CustomResourceOptions,
): { readonly table: RouteTable; readonly route: readonly pulumi.Resource[] } {
  const table = new RouteTable(name, { vpcId, tags }, options);
  const way = { routeTableId: table.id, ...target };
  const route = [
    new Route(name, { ...way, destinationCidrBlock: "0.0.0.0/0" }, options),
    ...(hasIpv6 ? [new Route(`${name}-ipv6`, { ...way, destinationIpv6CidrBlock: "::/0" }, options)] : []),
    ...Object.entries(subnets).map(
      ([own, { id }]) => new RouteTableAssociation(own, { routeTableId: table.id, subnetId: id }, options),
    ),
  ];
  return { table, route };
}

/** The outbound gateway of private subnets. It is in a public subnet. Its address is the only public one in a private endpoint's network, and accepts no inbound connections. */
export function createNatGateway(
  name: string,
  { names }: AwsPlan,
  subnetId: pulumi.Input<string> | undefined,
  route: readonly pulumi.Resource[],
  options: pulumi.CustomResourceOptions,
): NatGateway {
  const address = new Eip(name, { domain: "vpc", tags: names.tags("nat") }, options);
  return new NatGateway(
    name,
    { allocationId: address.allocationId, subnetId, tags: names.tags() },
    { ...options, dependsOn: [...route] },
  );
}

/** The gateway endpoint for S3 in a network of {@link createVpc}. It is free, whereas a NAT gateway charges for each byte. */
export function createS3Endpoint(
  { region: { name }, names }: AwsPlan,
  { vpcId, id }: RouteTable,
  options: pulumi.CustomResourceOptions,
): VpcEndpoint {
  return new VpcEndpoint(
    name,
    {
      vpcId,
      serviceName: `com.amazonaws.${name}.s3`,
      vpcEndpointType: "Gateway",
      routeTableIds: [id],
      tags: names.tags("s3"),
    },
    options,
  );
}
