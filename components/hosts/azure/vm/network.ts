import { NetworkInterface } from "@pulumi/azure-native/network/networkInterface.js";
import type { NetworkSecurityGroup } from "@pulumi/azure-native/network/networkSecurityGroup.js";
import type * as pulumi from "@pulumi/pulumi";
import { isPrivate } from "../endpoint.ts";
import { createOutbound, createPublicAddress } from "../outbound.ts";
import { createPrivateLink } from "../private-link.ts";
import { zonesOf } from "../regions.ts";
import { subnetId } from "../subnet.ts";
import type { PlacedVm } from "./findings.ts";
import { addressPlacement } from "./previous.ts";

/** The connection between clients and the machine. A replacement machine takes it over. */
export interface Network {
  readonly networkInterface: NetworkInterface;
  /** Resource id. */
  readonly subnet: pulumi.Input<string>;
  /** IPv4. For a private endpoint, the address of the interface, which doesn't change while the interface is in its subnet. */
  readonly address: pulumi.Output<string>;
  /** Resource id of the private link service, if there is one. */
  readonly privateLink: pulumi.Output<string> | undefined;
}

export function createNetwork(
  args: PlacedVm,
  firewall: NetworkSecurityGroup,
  options: pulumi.CustomResourceOptions,
): Network {
  const { plan, place, found } = args;
  const { region, names, governance } = plan;
  const publicAddress = isPrivate(region)
    ? undefined
    : createPublicAddress(region.name, { place, ...addressPlacement(plan, found.previous) }, options);
  const gateway =
    isPrivate(region) && !("subnet" in region.network)
      ? createOutbound(args, zonesOf(region), options).gateway
      : undefined;
  const ofSubnet = governance?.subnetSecurityGroups ? firewall : undefined;
  const subnet = subnetId(args, gateway, ofSubnet, options);
  const link = createPrivateLink(args, firewall, subnet, options);
  const networkInterface = new NetworkInterface(
    region.name,
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
