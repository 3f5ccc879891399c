import { Eip } from "@pulumi/aws/ec2/eip.js";
import { EipAssociation } from "@pulumi/aws/ec2/eipAssociation.js";
import { NetworkInterface } from "@pulumi/aws/ec2/networkInterface.js";
import type * as pulumi from "@pulumi/pulumi";
import type { Network } from "./network.ts";
import type { AwsVmPlan } from "./plan.ts";

/** Where the machine is reached, whichever machine it is. */
export interface Address {
  readonly ipv4: pulumi.Output<string>;
  /** One, or none. */
  readonly ipv6: pulumi.Output<string[]>;
  readonly networkInterfaceId: pulumi.Output<string>;
  /** What brings a public address to the interface. */
  readonly after: readonly pulumi.Resource[];
}

/**
 * A network interface of its own, with an Elastic IP where the endpoint is public. A machine that comes after another has the same addresses from its first second, IPv6 included;
 * an Elastic IP that were given to a running machine would cut off what it is just installing.
 */
export function createAddress(
  name: string,
  { names, region }: AwsVmPlan,
  network: Network,
  securityGroups: pulumi.Input<string>[],
  options: pulumi.CustomResourceOptions,
): Address {
  const isPublic = region.endpoint.exposure === "public";
  const networkInterface = new NetworkInterface(
    name,
    {
      subnetId: network.subnetId,
      description: "Registry cache",
      securityGroups,
      // One that the region had before it became private goes.
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
    // Without an internet gateway, EC2 refuses.
    { ...options, dependsOn: [...network.route] },
  );
  return { ...common, ipv4: eip.publicIp, after: [association] };
}
