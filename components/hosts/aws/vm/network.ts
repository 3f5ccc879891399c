import { Subnet } from "@pulumi/aws/ec2/subnet.js";
import type * as pulumi from "@pulumi/pulumi";
import { createNatGateway, createRoutes, createS3Endpoint, createVpc } from "../vpc.ts";
import type { VmArgs } from "./findings.ts";

/** A subnet. It is public if the endpoint is. */
export interface Network {
  readonly vpcId: pulumi.Input<string>;
  readonly subnetId: pulumi.Input<string>;
  /** IPv4 CIDR range of the subnet. */
  readonly range: string;
  /** Availability zone of the subnet. The data disk must be in the same zone. */
  readonly zone: pulumi.Input<string>;
  /** Whether clients can use IPv6. A private endpoint has none, because AWS has no private IPv6 addresses. */
  readonly hasIpv6: boolean;
  /** The resources that connect the subnet with the internet. */
  readonly route: readonly pulumi.Resource[];
}

/** The network of the configuration: an existing subnet, or a VPC for this cache only. */
export function createNetwork(args: VmArgs, options: pulumi.CustomResourceOptions): Network {
  const { subnet } = args.found;
  if (!subnet) return minimalNetwork(args, options);
  const { vpcId, id: subnetId, range, availabilityZone: zone, hasIpv6 } = subnet;
  return { vpcId, subnetId, range, zone, hasIpv6, route: [] };
}

const vpcRange = "10.0.0.0/24";
/** A quarter of the VPC. The rest is left for a second zone. */
const subnetRange = "10.0.0.0/26";
/** Range for the NAT gateway only: the smallest that AWS allows. */
const natRange = "10.0.0.240/28";

function minimalNetwork(
  { plan, found: { machine } }: VmArgs,
  options: pulumi.CustomResourceOptions,
): Network {
  const { names, region } = plan;
  const { name, endpoint } = region;
  const isPublic = endpoint.exposure === "public";
  const range = { cidrBlock: vpcRange, assignGeneratedIpv6CidrBlock: true };
  const { vpc, gateway } = createVpc(plan, range, options);
  const subnet = new Subnet(
    name,
    {
      vpcId: vpc.id,
      availabilityZone: machine.zone,
      cidrBlock: subnetRange,
      // The VPC's own block is a /56.
      ipv6CidrBlock: vpc.ipv6CidrBlock.apply((block) => block.replace(/\/\d+$/, "/64")),
      tags: names.tags(),
    },
    // A subnet can't move to another zone.
    { ...options, ignoreChanges: ["availabilityZone"] },
  );
  const common = { vpcId: vpc.id, hasIpv6: isPublic };
  const toInternet = { ...common, gatewayId: gateway.id };
  const throughNat = () => {
    const part = `${name}-nat`;
    const tags = names.tags("nat");
    const outside = new Subnet(
      part,
      { vpcId: vpc.id, availabilityZone: subnet.availabilityZone, cidrBlock: natRange, tags },
      options,
    );
    const { route } = createRoutes(part, { ...toInternet, tags, subnets: { [part]: outside } }, options);
    return { ...common, natGatewayId: createNatGateway(part, plan, outside.id, route, options).id };
  };
  const own = { tags: names.tags(), subnets: { [name]: subnet } };
  const { table, route } = createRoutes(name, { ...(isPublic ? toInternet : throughNat()), ...own }, options);
  // Debian's mirror, registries and the SSM agent can be in S3.
  createS3Endpoint(plan, table, options);
  return { ...common, subnetId: subnet.id, range: subnetRange, zone: subnet.availabilityZone, route };
}
