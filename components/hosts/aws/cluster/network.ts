import { Subnet } from "@pulumi/aws/ec2/subnet.js";
import type * as pulumi from "@pulumi/pulumi";
import { createNatGateway, createRoutes, createS3Endpoint, createVpc } from "../vpc.ts";
import type { ClusterArgs } from "./findings.ts";

export interface Network {
  /** Set if the stack creates the network. */
  readonly ownVpcId?: pulumi.Output<string>;
  /** Ids of private subnets in at least two availability zones. */
  readonly nodeSubnets: readonly pulumi.Input<string>[];
  /** Ids of the load balancer's subnets, if the controller can't find them by tags. */
  readonly loadBalancerSubnets?: readonly string[];
  /** CIDR ranges of the load balancer's addresses. */
  readonly loadBalancerRanges: readonly string[];
  /** Resources that must exist before anything runs in the network. */
  readonly route: readonly pulumi.Resource[];
}

/** The network of the configuration: existing subnets, or a VPC for this cluster only. */
export function createNetwork(args: ClusterArgs, options: pulumi.CustomResourceOptions): Network {
  const { plan, found } = args;
  const { network } = plan.region;
  if (!("nodeSubnets" in network)) return minimalNetwork(args, options);
  const { nodeSubnets, loadBalancerSubnets } = network;
  return { nodeSubnets, loadBalancerSubnets, loadBalancerRanges: found.loadBalancerRanges, route: [] };
}

const vpcRange = "10.0.0.0/16";
/** Range of the nodes' subnet in the zone with this index. It is large, because each Pod has its own address. */
const nodeRange = (index: number) => `10.0.${index * 16}.0/20`;
/** EKS needs eight free addresses for a load balancer. */
const loadBalancerRange = (index: number) => `10.0.${240 + index}.0/24`;

function minimalNetwork(
  { plan, found: { zones } }: ClusterArgs,
  options: pulumi.CustomResourceOptions,
): Network {
  const { names, region } = plan;
  const { name } = region;
  const { vpc, gateway } = createVpc(plan, { cidrBlock: vpcRange }, options);
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
          // If the region gets another zone, existing subnets must not move.
          { ...options, ignoreChanges: ["availabilityZone"] },
        ),
    );
  const routes = (part: string, members: readonly Subnet[]) => ({
    vpcId: vpc.id,
    tags: names.tags(part),
    subnets: Object.fromEntries(members.map((subnet, index) => [`${name}-${part}-${index}`, subnet])),
  });

  const open = subnets("load-balancer", loadBalancerRange, "elb");
  const outside = createRoutes(
    `${name}-load-balancer`,
    { ...routes("load-balancer", open), gatewayId: gateway.id },
    options,
  );
  // One NAT gateway serves all zones. If its zone fails, the other zones can't fetch new content, but still serve what is in the bucket.
  const nat = createNatGateway(name, plan, open[0]?.id, outside.route, options);
  const closed = subnets("nodes", nodeRange, "internal-elb");
  const inside = createRoutes(`${name}-nodes`, { ...routes("nodes", closed), natGatewayId: nat.id }, options);
  const toBucket = createS3Endpoint(plan, inside.table, options);
  return {
    ownVpcId: vpc.id,
    nodeSubnets: closed.map(({ id }) => id),
    // Follows the subnets' tags: an internal load balancer is in the nodes' subnets.
    loadBalancerRanges: zones.map((_, index) =>
      region.endpoint.exposure === "public" ? loadBalancerRange(index) : nodeRange(index),
    ),
    route: [...outside.route, ...inside.route, toBucket],
  };
}
