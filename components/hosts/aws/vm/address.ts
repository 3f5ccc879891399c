import { Eip } from "@pulumi/aws/ec2/eip.js";
import { EipAssociation } from "@pulumi/aws/ec2/eipAssociation.js";
import { NetworkInterface } from "@pulumi/aws/ec2/networkInterface.js";
import type * as pulumi from "@pulumi/pulumi";
import type { Network } from "./network.ts";
import type { AwsVmPlan } from "./plan.ts";

/** The addresses of the region's machine. They don't change when the machine is replaced. */
export interface Address {
  readonly ipv4: pulumi.Output<string>;
  /** One address, or none. */
  readonly ipv6: pulumi.Output<string[]>;
  readonly networkInterfaceId: pulumi.Output<string>;
  /** The resources that give the interface its public address. */
  readonly after: readonly pulumi.Resource[];
}

/**
 * Creates a network interface, with an Elastic IP if the endpoint is public. A replacement machine has the same addresses from its first second, including IPv6. An
 * Elastic IP that is attached to a running machine would break the connections of its installation.
 */
export function createAddress(
  { names, region }: AwsVmPlan,
  network: Network,
  securityGroups: pulumi.Input<string>[],
  options: pulumi.CustomResourceOptions,
): Address {
  const { name, endpoint } = region;
  const isPublic = endpoint.exposure === "public";
  const networkInterface = new NetworkInterface(
    name,
    {
      subnetId: network.subnetId,
      description: "Registry cache",
      securityGroups,
      // Removes an address that the region had before it became private.
      ...(isPublic ? network.hasIpv6 && { ipv6AddressCount: 1 } : { ipv6AddressCount: 0 }),
      tags: names.tags(),
    },
    options,
  );
  const common = { networkInterfaceId: networkInterface.id, ipv6: networkInterface.ipv6Addresses };
  if (!isPublic) return { ...common, ipv4: networkInterface.privateIp, after: [] };
  const eip = new Eip(name, { domain: "vpc", tags: names.tags() }, options);
  const association = new EipAssociation(
    name,
    { allocationId: eip.allocationId, networkInterfaceId: networkInterface.id },
    // EC2 refuses the association if there is no internet gateway.
    { ...options, dependsOn: [...network.route] },
  );
  return { ...common, ipv4: eip.publicIp, after: [association] };
}
