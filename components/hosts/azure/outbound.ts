import { NatGateway } from "@pulumi/azure-native/network/natGateway.js";
import { PublicIPAddress } from "@pulumi/azure-native/network/publicIPAddress.js";
import type * as pulumi from "@pulumi/pulumi";
import type { InPlace, Place } from "./place.ts";

/** Creates a public IPv4 address. @param zones the address's zones. Empty in a region without zones */
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

/** A NAT gateway and its public address. It accepts no inbound connections. */
export interface Outbound {
  readonly gateway: NatGateway;
  readonly address: PublicIPAddress;
}

/**
 * Creates the NAT gateway of a network that the stack creates. Since API version 2025-07-01, new subnets have no default outbound access:
 * https://techcommunity.microsoft.com/blog/azurenetworkingblog/private-subnets-by-default-in-azure-virtual-networks-what/4513778
 *
 * @param zones the machine's zones. A NAT gateway is in one zone. If there are several, or none, Azure chooses it.
 *
 * The names contain the zone, because neither resource can change its zone: https://learn.microsoft.com/azure/nat-gateway/nat-availability-zones
 */
export function createOutbound(
  { plan, place }: InPlace,
  zones: readonly string[],
  options: pulumi.CustomResourceOptions,
): Outbound {
  const [zone, ...others] = zones;
  const isZonal = zone !== undefined && others.length === 0;
  const { outbound } = plan.names;
  const name = isZonal ? `${outbound}-${zone}` : outbound;
  const resource = `${plan.region.name}-outbound`;
  const address = createPublicAddress(resource, { place, name, zones }, options);
  const gateway = new NatGateway(
    resource,
    {
      ...place,
      ...(isZonal && { zones: [zone] }),
      natGatewayName: name,
      sku: { name: "Standard" },
      publicIpAddresses: [{ id: address.id }],
    },
    options,
  );
  return { gateway, address };
}
