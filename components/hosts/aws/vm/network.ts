import { Subnet } from "@pulumi/aws/ec2/subnet.js";
import type * as pulumi from "@pulumi/pulumi";
import { createNatGateway, createRoutes, createS3Endpoint, createVpc } from "../vpc.ts";
import type { VmArgs } from "./findings.ts";

/** A subnet, public where the endpoint is. */
export interface Network {
  readonly vpcId: pulumi.Input<string>;
  readonly subnetId: pulumi.Input<string>;
  /** The subnet's addresses of IPv4, as a CIDR range. */
  readonly range: string;
  /** The subnet's availability zone, where also the data disk must be. */
  readonly zone: pulumi.Input<string>;
  /** Whether clients come by IPv6. It has no private addresses in AWS. */
  readonly hasIpv6: boolean;
  /** What lies between the subnet and the internet. */
  readonly route: readonly pulumi.Resource[];
}

/** The network of the configuration: an existing subnet, or a VPC for the cache alone. */
export function createNetwork(name: string, args: VmArgs, options: pulumi.CustomResourceOptions): Network {
  const { subnet } = args.found;
  if (!subnet) return minimalNetwork(name, args, options);
  const { vpcId, id: subnetId, range, availabilityZone: zone, hasIpv6 } = subnet;
  return { vpcId, subnetId, range, zone, hasIpv6, route: [] };
}

const vpcRange = "10.0.0.0/24";
/** A quarter of it; the rest is for a second zone. */
const subnetRange = "10.0.0.0/26";
/** Of the NAT gateway alone: the smallest that AWS takes. */
const natRange = "10.0.0.240/28";

function minimalNetwork(
  name: string,
  { plan, found: { machine } }: VmArgs,
  options: pulumi.CustomResourceOptions,
): Network {
  const { names, region } = plan;
  const isPublic = region.endpoint.exposure === "public";
  const range = { cidrBlock: vpcRange, assignGeneratedIpv6CidrBlock: true };
  const { vpc, gateway } = createVpc(name, plan, range, options);
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
  // There Debian's mirror, registries and the SSM agent may be.
  createS3Endpoint(name, plan, table, options);
  return { ...common, subnetId: subnet.id, range: subnetRange, zone: subnet.availabilityZone, route };
}
