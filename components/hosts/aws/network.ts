import { Route } from "@pulumi/aws/ec2/route.js";
import { RouteTable } from "@pulumi/aws/ec2/routeTable.js";
import { RouteTableAssociation } from "@pulumi/aws/ec2/routeTableAssociation.js";
import { Subnet } from "@pulumi/aws/ec2/subnet.js";
import type * as pulumi from "@pulumi/pulumi";
import type { HostArgs } from "../kind.ts";
import type { VmFindings } from "./findings.ts";
import type { AwsVmPlan } from "./plan.ts";
import { createS3Endpoint, createVpc } from "./vpc.ts";

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
  args: HostArgs<AwsVmPlan, VmFindings>,
  options: pulumi.CustomResourceOptions,
): Network {
  const { subnet } = args.found;
  if (!subnet) return minimalNetwork(name, args, options);
  const { vpcId, id: subnetId, availabilityZone: zone, hasIpv6 } = subnet;
  return { vpcId, subnetId, zone, hasIpv6, route: [] };
}

const vpcRange = "10.0.0.0/24";
/** A quarter of it; the rest is for a second zone. */
const subnetRange = "10.0.0.0/26";

function minimalNetwork(
  name: string,
  { plan, found: { machine } }: HostArgs<AwsVmPlan, VmFindings>,
  options: pulumi.CustomResourceOptions,
): Network {
  const { names } = plan;
  const { vpc, gateway } = createVpc(
    name,
    { names, cidrBlock: vpcRange, assignGeneratedIpv6CidrBlock: true },
    options,
  );
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
  const routeTable = new RouteTable(name, { vpcId: vpc.id, tags: names.tags() }, options);
  const toInternet = { routeTableId: routeTable.id, gatewayId: gateway.id };
  const route = [
    new Route(name, { ...toInternet, destinationCidrBlock: "0.0.0.0/0" }, options),
    new Route(`${name}-ipv6`, { ...toInternet, destinationIpv6CidrBlock: "::/0" }, options),
    new RouteTableAssociation(name, { routeTableId: routeTable.id, subnetId: subnet.id }, options),
  ];
  // There Debian's mirror, registries and the SSM agent may be.
  createS3Endpoint(name, plan, routeTable, options);
  return {
    vpcId: vpc.id,
    subnetId: subnet.id,
    zone: subnet.availabilityZone,
    hasIpv6: true,
    route,
  };
}
