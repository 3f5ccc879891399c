import { DefaultSecurityGroup } from "@pulumi/aws/ec2/defaultSecurityGroup.js";
import { InternetGateway } from "@pulumi/aws/ec2/internetGateway.js";
import { Route } from "@pulumi/aws/ec2/route.js";
import { RouteTable } from "@pulumi/aws/ec2/routeTable.js";
import { RouteTableAssociation } from "@pulumi/aws/ec2/routeTableAssociation.js";
import { Subnet } from "@pulumi/aws/ec2/subnet.js";
import { Vpc } from "@pulumi/aws/ec2/vpc.js";
import { VpcEndpoint } from "@pulumi/aws/ec2/vpcEndpoint.js";
import type * as pulumi from "@pulumi/pulumi";
import type { AwsVmRegion } from "../../config/schema.ts";
import type { Findings } from "./findings.ts";
import type { Names } from "./naming.ts";

export interface NetworkArgs {
  readonly names: Names;
  readonly region: AwsVmRegion;
  readonly found: Pick<Findings, "machine" | "subnet">;
}

/** A public subnet. */
export interface Network {
  readonly vpcId: pulumi.Input<string>;
  readonly subnetId: pulumi.Input<string>;
  /** The subnet's availability zone, where also the data disk must be. */
  readonly zone: pulumi.Input<string>;
  readonly hasIpv6: boolean;
  /** What lies between the subnet and the internet. */
  readonly route: readonly pulumi.Resource[];
}

/** The network of the configuration: an existing subnet, or a VPC for the cache alone. */
export function createNetwork(
  name: string,
  args: NetworkArgs,
  options: pulumi.CustomResourceOptions,
): Network {
  const { subnet } = args.found;
  if (!subnet) return minimalNetwork(name, args, options);
  const { vpcId, id: subnetId, availabilityZone: zone, hasIpv6 } = subnet;
  return { vpcId, subnetId, zone, hasIpv6, route: [] };
}

/** Nothing is routed to it but the internet, so it may overlap with any other. */
const vpcRange = "10.0.0.0/24";
/** A quarter; the rest is for a second zone. */
const subnetRange = "10.0.0.0/26";

function minimalNetwork(
  name: string,
  { names, region, found: { machine } }: NetworkArgs,
  options: pulumi.CustomResourceOptions,
): Network {
  const vpc = new Vpc(
    name,
    {
      cidrBlock: vpcRange,
      assignGeneratedIpv6CidrBlock: true,
      enableDnsHostnames: true,
      tags: names.tags(),
    },
    options,
  );
  // Every VPC has one, which lets all its members reach each other; nothing is in it, and nothing is allowed by it.
  new DefaultSecurityGroup(name, { vpcId: vpc.id, tags: names.tags("default-unused") }, options);
  const subnet = new Subnet(
    name,
    {
      vpcId: vpc.id,
      availabilityZone: machine.zone,
      cidrBlock: subnetRange,
      // AWS gives a VPC a /56.
      ipv6CidrBlock: vpc.ipv6CidrBlock.apply((block) => block.replace(/\/\d+$/, "/64")),
      tags: names.tags(),
    },
    // Nothing moves a subnet.
    { ...options, ignoreChanges: ["availabilityZone"] },
  );
  const gateway = new InternetGateway(name, { vpcId: vpc.id, tags: names.tags() }, options);
  const routeTable = new RouteTable(name, { vpcId: vpc.id, tags: names.tags() }, options);
  const toInternet = { routeTableId: routeTable.id, gatewayId: gateway.id };
  const route = [
    new Route(name, { ...toInternet, destinationCidrBlock: "0.0.0.0/0" }, options),
    new Route(`${name}-ipv6`, { ...toInternet, destinationIpv6CidrBlock: "::/0" }, options),
    new RouteTableAssociation(name, { routeTableId: routeTable.id, subnetId: subnet.id }, options),
  ];
  // Free, and S3 is where Debian's mirror, registries and the SSM agent may be.
  new VpcEndpoint(
    name,
    {
      vpcId: vpc.id,
      serviceName: `com.amazonaws.${region.name}.s3`,
      vpcEndpointType: "Gateway",
      routeTableIds: [routeTable.id],
      tags: names.tags("s3"),
    },
    options,
  );
  return {
    vpcId: vpc.id,
    subnetId: subnet.id,
    zone: subnet.availabilityZone,
    hasIpv6: true,
    route,
  };
}
