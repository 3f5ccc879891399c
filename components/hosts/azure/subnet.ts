import { VirtualNetwork } from "@pulumi/azure-native/network/virtualNetwork.js";
import * as pulumi from "@pulumi/pulumi";
import type { AzureRegion } from "../../config/schema.ts";
import { previousOutputs } from "../previous-outputs.ts";
import type { Names } from "./naming.ts";
import type { Place } from "./place.ts";

export interface SubnetArgs {
  readonly place: Place;
  /** The one subnet of a network that is made, and all of its addresses: nothing else is in it. */
  readonly own: OwnSubnet;
  /** Of {@link own}, whose machines have no public address. @default they have, or their load balancer has */
  readonly gateway?: { readonly id: pulumi.Input<string> } | undefined;
  /** Of {@link own}, by {@link previousSubnet}. */
  readonly previous: PreviousSubnet | undefined;
}

export interface OwnSubnet {
  readonly name: string;
  readonly range: string;
}

/** Of a machine; the smallest that Azure has. */
export const machineSubnet: OwnSubnet = { name: "machine", range: "10.255.255.0/29" };

/** What the last update of this stack left of the subnet. */
export interface PreviousSubnet {
  /** Whether it has no default outbound access, which Azure decides when it makes the subnet. */
  readonly isClosed: boolean;
}

/** Resource id of the subnet of the configuration: an existing one, or that of a virtual network of the region's own. */
export function subnetId(
  name: string,
  { region: { network }, names }: { readonly region: AzureRegion; readonly names: Pick<Names, "network"> },
  { place, own, gateway, previous }: SubnetArgs,
  options: pulumi.CustomResourceOptions,
): pulumi.Input<string> {
  if ("subnet" in network) return `${network.vnet}/subnets/${network.subnet}`;
  const isClosed = previous?.isClosed ?? gateway !== undefined;
  const { id } = new VirtualNetwork(
    name,
    {
      ...place,
      virtualNetworkName: names.network,
      addressSpace: { addressPrefixes: [own.range] },
      subnets: [
        {
          name: own.name,
          addressPrefix: own.range,
          ...(gateway && { natGateway: { id: gateway.id } }),
          ...(isClosed && { defaultOutboundAccess: false }),
        },
      ],
    },
    options,
  );
  return pulumi.interpolate`${id}/subnets/${own.name}`;
}

/** @param region its name. @returns undefined where the stack hasn't made a network */
export async function previousSubnet(
  region: string,
  { name }: Pick<OwnSubnet, "name">,
): Promise<PreviousSubnet | undefined> {
  const networks = await previousOutputs<{ subnets: { name: string; defaultOutboundAccess?: boolean }[] }>(
    "azure-native:network:VirtualNetwork",
  );
  const { subnets } = networks.get(region) ?? {};
  if (!subnets) return undefined;
  return { isClosed: subnets.find((it) => it.name === name)?.defaultOutboundAccess === false };
}
