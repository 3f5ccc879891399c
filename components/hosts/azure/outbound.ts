import { NatGateway } from "@pulumi/azure-native/network/natGateway.js";
import { PublicIPAddress } from "@pulumi/azure-native/network/publicIPAddress.js";
import type * as pulumi from "@pulumi/pulumi";
import type { AzureRegion } from "../../config/schema.ts";
import type { AzurePlan } from "./naming.ts";
import type { Place } from "./place.ts";

/** Whether clients reach the region from private networks only, and it has no public address for them. */
export function isPrivate({ endpoint }: Pick<AzureRegion, "endpoint">): boolean {
  return endpoint.exposure === "private";
}

/** A public address. @param zones in which it is. Empty in a region without zones */
export function createPublicAddress(
  resource: string,
  { place, name, zones }: { readonly place: Place; readonly name: string; readonly zones: readonly string[] },
  options: pulumi.CustomResourceOptions,
): PublicIPAddress {
  return new PublicIPAddress(
    resource,
    {
      ...place,
      ...(zones.length > 0 && { zones: [...zones] }),
      publicIpAddressName: name,
      sku: { name: "Standard" },
      publicIPAddressVersion: "IPv4",
      publicIPAllocationMethod: "Static",
    },
    options,
  );
}

/** A way out, and the address by which others see it. Nobody comes in that way. */
export interface Outbound {
  readonly gateway: NatGateway;
  readonly address: PublicIPAddress;
}

/**
 * The way out of a network of the stack's own: new networks have none by themselves. From API version 2025-07-01 on, a subnet is made without Azure's default outbound access:
 * https://techcommunity.microsoft.com/blog/azurenetworkingblog/private-subnets-by-default-in-azure-virtual-networks-what/4513778
 *
 * @param zones of the machine. With several, or none, Azure chooses one: a NAT gateway is in one zone.
 *
 * Names say the zone, which neither can leave: https://learn.microsoft.com/azure/nat-gateway/nat-availability-zones
 */
export function createOutbound(
  name: string,
  { names }: AzurePlan,
  place: Place,
  zones: readonly string[],
  options: pulumi.CustomResourceOptions,
): Outbound {
  const [zone, ...others] = zones;
  const isZonal = zone !== undefined && others.length === 0;
  const ownName = isZonal ? `${names.outbound}-${zone}` : names.outbound;
  const address = createPublicAddress(`${name}-outbound`, { place, name: ownName, zones }, options);
  const gateway = new NatGateway(
    `${name}-outbound`,
    {
      ...place,
      ...(isZonal && { zones: [zone] }),
      natGatewayName: ownName,
      sku: { name: "Standard" },
      publicIpAddresses: [{ id: address.id }],
    },
    options,
  );
  return { gateway, address };
}
