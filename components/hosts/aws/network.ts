import { DefaultSecurityGroup } from "@pulumi/aws/ec2/defaultSecurityGroup.js";
import { getInstanceTypeOfferingsOutput } from "@pulumi/aws/ec2/getInstanceTypeOfferings.js";
import { getSubnetOutput } from "@pulumi/aws/ec2/getSubnet.js";
import { InternetGateway } from "@pulumi/aws/ec2/internetGateway.js";
import { Route } from "@pulumi/aws/ec2/route.js";
import { RouteTable } from "@pulumi/aws/ec2/routeTable.js";
import { RouteTableAssociation } from "@pulumi/aws/ec2/routeTableAssociation.js";
import { Subnet } from "@pulumi/aws/ec2/subnet.js";
import { Vpc } from "@pulumi/aws/ec2/vpc.js";
import { VpcEndpoint } from "@pulumi/aws/ec2/vpcEndpoint.js";
import * as pulumi from "@pulumi/pulumi";
import type { Names } from "./naming.ts";
import type { AwsVmRegion } from "./vm-args.ts";

export interface NetworkArgs {
  readonly names: Names;
  readonly region: AwsVmRegion;
  /** The instance type that the subnet's zone must offer. */
  readonly machineType: string;
}

/** A public subnet. */
export interface Network {
  readonly vpcId: pulumi.Input<string>;
  readonly subnetId: pulumi.Input<string>;
  /** The subnet's availability zone, where also the data disk must be. */
  readonly zone: pulumi.Output<string>;
  readonly hasIpv6: pulumi.Output<boolean>;
  /** What lies between the subnet and the internet. */
  readonly route: readonly pulumi.Resource[];
}

/** The network of the configuration: an existing subnet, or a VPC for the cache alone. */
export function createNetwork(
  name: string,
  args: NetworkArgs,
  options: pulumi.CustomResourceOptions,
): Network {
  const { network } = args.region;
  return "subnet" in network ? existingNetwork(network, args, options) : minimalNetwork(name, args, options);
}

/** Nothing is routed to it but the internet, so it may overlap with any other. */
const vpcRange = "10.0.0.0/24";
/** A quarter; the rest is for a second zone. */
const subnetRange = "10.0.0.0/26";

function minimalNetwork(
  name: string,
  { names, region, machineType }: NetworkArgs,
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
  const zones = zonesWith(machineType, region.name, options);
  const subnet = new Subnet(
    name,
    {
      vpcId: vpc.id,
      availabilityZone: zones.apply(([zone = ""]) => zone),
      cidrBlock: subnetRange,
      // AWS gives a VPC a /56.
      ipv6CidrBlock: vpc.ipv6CidrBlock.apply((block) => block.replace(/\/\d+$/, "/64")),
      tags: names.tags(),
    },
    // What is offered where changes; the disk stays where it is.
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
    zone: offering(machineType, subnet.availabilityZone, zones),
    hasIpv6: pulumi.output(true),
    route,
  };
}

function existingNetwork(
  { vpc, subnet }: { readonly vpc: string; readonly subnet: string },
  { region, machineType }: NetworkArgs,
  options: pulumi.CustomResourceOptions,
): Network {
  const found = getSubnetOutput({ id: subnet }, invokeOptions(options)).apply((it) => {
    if (it.vpcId === vpc) return it;
    throw new pulumi.RunError(
      `${region.name}: network.subnet: ${subnet} is in ${it.vpcId}, not in network.vpc, ${vpc}`,
    );
  });
  const zones = zonesWith(machineType, region.name, options);
  return {
    vpcId: vpc,
    subnetId: subnet,
    zone: offering(machineType, found.availabilityZone, zones),
    hasIpv6: found.apply(({ ipv6CidrBlock }) => Boolean(ipv6CidrBlock)),
    route: [],
  };
}

/** The region's own availability zones that have a type of machine, sorted; Local Zones have other names. */
function zonesWith(
  machineType: string,
  region: string,
  options: pulumi.CustomResourceOptions,
): pulumi.Output<string[]> {
  const filters = [{ name: "instance-type", values: [machineType] }];
  return getInstanceTypeOfferingsOutput(
    { locationType: "availability-zone", filters },
    invokeOptions(options),
  ).apply(({ locations }) => {
    const zones = locations.filter((zone) => /^[a-z]$/.test(zone.slice(region.length))).sort();
    if (zones.length > 0) return zones;
    throw new pulumi.RunError(
      `${region}: machine.type: ${machineType} isn't offered there; choose another, or leave it to auto with another architecture`,
    );
  });
}

/** The zone, if it has the machine. */
function offering(
  machineType: string,
  zone: pulumi.Output<string>,
  zones: pulumi.Output<string[]>,
): pulumi.Output<string> {
  return pulumi.all([zone, zones]).apply(([zone, zones]) => {
    if (zones.includes(zone)) return zone;
    throw new pulumi.RunError(
      `${zone}: machine.type: ${machineType} isn't offered in this zone, where network and disk are, only in ${zones.join(", ")}`,
    );
  });
}

function invokeOptions({ parent }: pulumi.CustomResourceOptions): pulumi.InvokeOptions {
  return parent ? { parent } : {};
}
