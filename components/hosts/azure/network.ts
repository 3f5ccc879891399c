import { NetworkInterface } from "@pulumi/azure-native/network/networkInterface.js";
import type { NetworkSecurityGroup } from "@pulumi/azure-native/network/networkSecurityGroup.js";
import { PublicIPAddress } from "@pulumi/azure-native/network/publicIPAddress.js";
import type * as pulumi from "@pulumi/pulumi";
import type { HostArgs } from "../kind.ts";
import type { VmFindings } from "./findings.ts";
import type { Place } from "./place.ts";
import { addressPlacement } from "./placement.ts";
import type { AzureVmPlan } from "./plan.ts";
import { subnetId } from "./subnet.ts";

export interface NetworkArgs {
  readonly place: Place;
  readonly firewall: NetworkSecurityGroup;
}

/** The way from clients to the machine, which a replaced machine takes over. */
export interface Network {
  readonly networkInterface: NetworkInterface;
  readonly address: PublicIPAddress;
}

/** The smallest that Azure has. */
const ownSubnet = { name: "machine", range: "10.255.255.0/29" };

export function createNetwork(
  name: string,
  args: HostArgs<AzureVmPlan, VmFindings>,
  { place, firewall }: NetworkArgs,
  options: pulumi.CustomResourceOptions,
): Network {
  const { plan } = args;
  const subnetFirewall = plan.governance?.subnetSecurityGroups ? firewall : undefined;
  const placement = addressPlacement(args);
  const address = new PublicIPAddress(
    name,
    {
      ...place,
      ...(placement.zones.length > 0 && { zones: [...placement.zones] }),
      publicIpAddressName: placement.name,
      sku: { name: "Standard" },
      publicIPAddressVersion: "IPv4",
      publicIPAllocationMethod: "Static",
    },
    options,
  );
  const networkInterface = new NetworkInterface(
    name,
    {
      ...place,
      networkInterfaceName: plan.names.networkInterface,
      enableAcceleratedNetworking: true,
      networkSecurityGroup: { id: firewall.id },
      ipConfigurations: [
        {
          name: "primary",
          primary: true,
          privateIPAllocationMethod: "Dynamic",
          publicIPAddress: { id: address.id },
          subnet: { id: subnetId(name, plan, { place, own: ownSubnet, firewall: subnetFirewall }, options) },
        },
      ],
    },
    options,
  );
  return { networkInterface, address };
}
