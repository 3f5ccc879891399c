import type { NetworkSecurityGroup } from "@pulumi/azure-native/network/networkSecurityGroup.js";
import { VirtualNetwork } from "@pulumi/azure-native/network/virtualNetwork.js";
import * as pulumi from "@pulumi/pulumi";
import type { AzureRegion } from "../../config/schema.ts";
import type { Names } from "./naming.ts";
import type { Place } from "./place.ts";

export interface SubnetArgs {
  readonly place: Place;
  /** The one subnet of a network that is made, and all of its addresses: nothing else is in it, and it has no peers. */
  readonly own: { readonly name: string; readonly range: string };
  /** Of the subnet that is made. @default the subnet has none, only what is in it */
  readonly firewall?: NetworkSecurityGroup | undefined;
}

/** Resource id of the subnet of the configuration: an existing one, or that of a virtual network of the region's own. */
export function subnetId(
  name: string,
  { region: { network }, names }: { readonly region: AzureRegion; readonly names: Pick<Names, "network"> },
  { place, own, firewall }: SubnetArgs,
  options: pulumi.CustomResourceOptions,
): pulumi.Input<string> {
  if ("subnet" in network) return `${network.vnet}/subnets/${network.subnet}`;
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
          ...(firewall && { networkSecurityGroup: { id: firewall.id } }),
        },
      ],
    },
    options,
  );
  return pulumi.interpolate`${id}/subnets/${own.name}`;
}
