import { DefaultSecurityGroup } from "@pulumi/aws/ec2/defaultSecurityGroup.js";
import { Eip } from "@pulumi/aws/ec2/eip.js";
import { InternetGateway } from "@pulumi/aws/ec2/internetGateway.js";
import { NatGateway } from "@pulumi/aws/ec2/natGateway.js";
import { Route, type RouteArgs } from "@pulumi/aws/ec2/route.js";
import { RouteTable } from "@pulumi/aws/ec2/routeTable.js";
import { RouteTableAssociation } from "@pulumi/aws/ec2/routeTableAssociation.js";
import { Subnet } from "@pulumi/aws/ec2/subnet.js";
import { Vpc } from "@pulumi/aws/ec2/vpc.js";
import { VpcEndpoint } from "@pulumi/aws/ec2/vpcEndpoint.js";
import type * as pulumi from "@pulumi/pulumi";
import type { AwsClusterRegion } from "../../../config/schema.ts";
import type { Names } from "../naming.ts";
import type { ClusterFindings } from "./findings.ts";

export interface NetworkArgs {
  readonly names: Names;
  readonly region: AwsClusterRegion;
  readonly found: Pick<ClusterFindings, "zones" | "loadBalancerRanges">;
}

export interface Network {
  /** Private, in two availability zones at least. */
  readonly nodeSubnets: readonly pulumi.Input<string>[];
  /** Public, where the load balancer doesn't find them by their tags. */
  readonly loadBalancerSubnets?: readonly string[];
  /** CIDR ranges from which the load balancer comes. */
  readonly loadBalancerRanges: readonly string[];
  /** What must be there before anything runs in it. */
  readonly route: readonly pulumi.Resource[];
}

/** The network of the configuration: existing subnets, or a VPC for the cluster alone. */
export function createNetwork(
  name: string,
  args: NetworkArgs,
  options: pulumi.CustomResourceOptions,
): Network {
  const { region, found } = args;
  if (!("nodeSubnets" in region.network)) return minimalNetwork(name, args, options);
  const { nodeSubnets, loadBalancerSubnets } = region.network;
  return { nodeSubnets, loadBalancerSubnets, loadBalancerRanges: found.loadBalancerRanges, route: [] };
}

/** Nothing is routed to it but the internet, so it may overlap with any other. */
const vpcRange = "10.0.0.0/16";
/** Of the zone with this index: each Pod has an address of its own. */
const nodeRange = (index: number) => `10.0.${index * 16}.0/20`;
/** EKS wants eight free addresses for a load balancer. */
const loadBalancerRange = (index: number) => `10.0.${240 + index}.0/24`;

type RouteTarget = Pick<RouteArgs, "gatewayId" | "natGatewayId">;

function minimalNetwork(
  name: string,
  { names, region, found: { zones } }: NetworkArgs,
  options: pulumi.CustomResourceOptions,
): Network {
  const vpc = new Vpc(name, { cidrBlock: vpcRange, enableDnsHostnames: true, tags: names.tags() }, options);
  // Every VPC has one, which lets all its members reach each other; nothing is in it, and nothing is allowed by it.
  new DefaultSecurityGroup(name, { vpcId: vpc.id, tags: names.tags("default-unused") }, options);
  const gateway = new InternetGateway(name, { vpcId: vpc.id, tags: names.tags() }, options);
  const subnets = (part: string, range: (index: number) => string, role: string) =>
    zones.map(
      (availabilityZone, index) =>
        new Subnet(
          `${name}-${part}-${index}`,
          {
            vpcId: vpc.id,
            availabilityZone,
            cidrBlock: range(index),
            // https://docs.aws.amazon.com/eks/latest/userguide/tag-subnets-auto.html
            tags: { ...names.tags(`${part}-${index}`), [`kubernetes.io/role/${role}`]: "1" },
          },
          // A zone more doesn't move what is there.
          { ...options, ignoreChanges: ["availabilityZone"] },
        ),
    );
  const routed = (part: string, members: readonly Subnet[], target: RouteTarget) => {
    const table = new RouteTable(`${name}-${part}`, { vpcId: vpc.id, tags: names.tags(part) }, options);
    const toInternet = new Route(
      `${name}-${part}`,
      { routeTableId: table.id, destinationCidrBlock: "0.0.0.0/0", ...target },
      options,
    );
    const associations = members.map(
      (subnet, index) =>
        new RouteTableAssociation(
          `${name}-${part}-${index}`,
          { routeTableId: table.id, subnetId: subnet.id },
          options,
        ),
    );
    return { table, route: [toInternet, ...associations] };
  };

  const open = subnets("load-balancer", loadBalancerRange, "elb");
  const outside = routed("load-balancer", open, { gatewayId: gateway.id });
  const address = new Eip(name, { domain: "vpc", tags: names.tags("nat") }, options);
  // One for all zones: without it, nothing new is fetched, and what is in the bucket is served on.
  const nat = new NatGateway(
    name,
    { allocationId: address.allocationId, subnetId: open[0]?.id, tags: names.tags() },
    { ...options, dependsOn: outside.route },
  );
  const closed = subnets("nodes", nodeRange, "internal-elb");
  const inside = routed("nodes", closed, { natGatewayId: nat.id });
  // Free, where the NAT gateway takes its price for each byte.
  const toBucket = new VpcEndpoint(
    name,
    {
      vpcId: vpc.id,
      serviceName: `com.amazonaws.${region.name}.s3`,
      vpcEndpointType: "Gateway",
      routeTableIds: [inside.table.id],
      tags: names.tags("s3"),
    },
    options,
  );
  return {
    nodeSubnets: closed.map(({ id }) => id),
    loadBalancerRanges: zones.map((_, index) => loadBalancerRange(index)),
    route: [...outside.route, ...inside.route, toBucket],
  };
}
