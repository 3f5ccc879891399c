import { NetworkInterface } from "@pulumi/azure-native/network/networkInterface.js";
import type { NetworkSecurityGroup } from "@pulumi/azure-native/network/networkSecurityGroup.js";
import { PublicIPAddress } from "@pulumi/azure-native/network/publicIPAddress.js";
import type * as pulumi from "@pulumi/pulumi";
import type { HostArgs } from "../kind.ts";
import type { VmFindings } from "./findings.ts";
import { createOutbound, isPrivate } from "./outbound.ts";
import type { Place } from "./place.ts";
import type { AzureVmPlan } from "./plan.ts";
import { addressPlacement } from "./previous.ts";
import { createPrivateLink } from "./private-link.ts";
import { zonesOf } from "./regions.ts";
import { linkSubnetId, machineLinkSubnet, machineSubnet, subnetId } from "./subnet.ts";

export interface NetworkArgs {
  readonly place: Place;
  readonly firewall: NetworkSecurityGroup;
}

/** The way from clients to the machine, which a replaced machine takes over. */
export interface Network {
  readonly networkInterface: NetworkInterface;
  /** Resource id. */
  readonly subnet: pulumi.Input<string>;
  /** IPv4. Of an endpoint that is private, the interface's own, which it keeps as long as it is in its subnet. */
  readonly address: pulumi.Output<string>;
  /** Resource id of the service for other subscriptions, where there is one. */
  readonly privateLink: pulumi.Output<string> | undefined;
}

export function createNetwork(
  name: string,
  args: HostArgs<AzureVmPlan, VmFindings>,
  { place, firewall }: NetworkArgs,
  options: pulumi.CustomResourceOptions,
): Network {
  const { plan, found } = args;
  const { region, names, governance } = plan;
  const publicAddress = isPrivate(region) ? undefined : createAddress(name, args, place, options);
  const gateway =
    isPrivate(region) && !("subnet" in region.network)
      ? createOutbound(name, { place, names, zones: zonesOf(region).zones ?? [] }, options).gateway
      : undefined;
  const subnet = subnetId(
    name,
    plan,
    {
      place,
      own: machineSubnet,
      link: machineLinkSubnet,
      gateway,
      firewall: governance?.subnetSecurityGroups ? firewall : undefined,
      previous: found.previousSubnet,
    },
    options,
  );
  const link = createPrivateLink(
    name,
    { region, names, place, firewall, subnet: linkSubnetId(region, subnet, machineLinkSubnet) },
    options,
  );
  const networkInterface = new NetworkInterface(
    name,
    {
      ...place,
      networkInterfaceName: names.networkInterface,
      enableAcceleratedNetworking: true,
      networkSecurityGroup: { id: firewall.id },
      ipConfigurations: [
        {
          name: "primary",
          primary: true,
          privateIPAllocationMethod: "Dynamic",
          ...(publicAddress && { publicIPAddress: { id: publicAddress.id } }),
          subnet: { id: subnet },
          ...(link && { loadBalancerBackendAddressPools: [{ id: link.pool }] }),
        },
      ],
    },
    options,
  );
  const address = publicAddress
    ? publicAddress.ipAddress.apply((ip) => ip ?? "")
    : networkInterface.ipConfigurations.apply(
        (configurations) => configurations?.[0]?.privateIPAddress ?? "",
      );
  return { networkInterface, subnet, address, privateLink: link?.service };
}

function createAddress(
  name: string,
  args: HostArgs<AzureVmPlan, VmFindings>,
  place: Place,
  options: pulumi.CustomResourceOptions,
): PublicIPAddress {
  const placement = addressPlacement(args);
  return new PublicIPAddress(
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
}
