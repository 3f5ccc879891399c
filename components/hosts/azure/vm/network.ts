import { NetworkInterface } from "@pulumi/azure-native/network/networkInterface.js";
import type { NetworkSecurityGroup } from "@pulumi/azure-native/network/networkSecurityGroup.js";
import type * as pulumi from "@pulumi/pulumi";
import { createOutbound, createPublicAddress, isPrivate } from "../outbound.ts";
import type { Place } from "../place.ts";
import { createPrivateLink } from "../private-link.ts";
import { zonesOf } from "../regions.ts";
import { subnetId } from "../subnet.ts";
import type { VmArgs } from "./findings.ts";
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
  name: string,
  args: VmArgs,
  place: Place,
  firewall: NetworkSecurityGroup,
  options: pulumi.CustomResourceOptions,
): Network {
  const { plan, found } = args;
  const { region, names, governance } = plan;
  const publicAddress = isPrivate(region)
    ? undefined
    : createPublicAddress(name, { place, ...addressPlacement(plan, found.previous) }, options);
  const gateway =
    isPrivate(region) && !("subnet" in region.network)
      ? createOutbound(name, plan, place, zonesOf(region), options).gateway
      : undefined;
  const subnet = subnetId(
    name,
    args,
    { place, gateway, firewall: governance?.subnetSecurityGroups ? firewall : undefined },
    options,
  );
  const link = createPrivateLink(name, plan, { place, firewall, subnet }, options);
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
