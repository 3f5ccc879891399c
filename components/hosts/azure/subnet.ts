import type { NetworkSecurityGroup } from "@pulumi/azure-native/network/networkSecurityGroup.js";
import { VirtualNetwork } from "@pulumi/azure-native/network/virtualNetwork.js";
import * as pulumi from "@pulumi/pulumi";
import type { AzureRegion } from "../../config/schema.ts";
import { previousOutputs } from "../previous-outputs.ts";
import type { Names } from "./naming.ts";
import type { Place } from "./place.ts";

export interface SubnetArgs {
  readonly place: Place;
  /** The subnet of a network that is made. Nothing else is in it but, with `endpoint.privateLink`, a second one. */
  readonly own: OwnSubnet;
  readonly link: OwnSubnet;
  /** Of {@link own}, whose machines have no public address. @default they have, or their load balancer has */
  readonly gateway?: { readonly id: pulumi.Input<string> } | undefined;
  /** Of all subnets that are made. @default they have none, only what is in them */
  readonly firewall?: NetworkSecurityGroup | undefined;
  /** Of {@link own}, by {@link previousSubnet}. */
  readonly previous: PreviousSubnet | undefined;
}

export interface OwnSubnet {
  readonly name: string;
  readonly range: string;
}

/** Of a machine; the smallest that Azure has. */
export const machineSubnet: OwnSubnet = { name: "machine", range: "10.255.255.0/29" };

/** Of the private link service of a machine. */
export const machineLinkSubnet: OwnSubnet = { name: "private-link", range: "10.255.255.16/28" };

/** What the last update of this stack left of the subnet. */
export interface PreviousSubnet {
  /** Whether it has no default outbound access, which Azure decides when it makes the subnet. */
  readonly isClosed: boolean;
  /** Whether {@link SubnetArgs.link} is there. */
  readonly hasLink: boolean;
}

/** Resource id of the subnet of the configuration: an existing one, or that of a virtual network of the region's own. */
export function subnetId(
  name: string,
  {
    region: { network, endpoint },
    names,
  }: { readonly region: AzureRegion; readonly names: Pick<Names, "network"> },
  { place, own, link, gateway, firewall, previous }: SubnetArgs,
  options: pulumi.CustomResourceOptions,
): pulumi.Input<string> {
  if ("subnet" in network) return `${network.vnet}/subnets/${network.subnet}`;
  const isClosed = previous?.isClosed ?? gateway !== undefined;
  // Once made, it stays: the network is updated before what is in it is deleted.
  const links = endpoint.privateLink || previous?.hasLink ? [link] : [];
  const securityGroup = firewall && { networkSecurityGroup: { id: firewall.id } };
  const { id } = new VirtualNetwork(
    name,
    {
      ...place,
      virtualNetworkName: names.network,
      addressSpace: { addressPrefixes: [own, ...links].map(({ range }) => range) },
      subnets: [
        {
          name: own.name,
          addressPrefix: own.range,
          ...(gateway && { natGateway: { id: gateway.id } }),
          ...(isClosed && { defaultOutboundAccess: false }),
          ...securityGroup,
        },
        // Azure demands the last of them: https://learn.microsoft.com/azure/private-link/disable-private-link-service-network-policy
        ...links.map(({ name, range }) => ({
          name,
          addressPrefix: range,
          defaultOutboundAccess: false,
          ...securityGroup,
          privateLinkServiceNetworkPolicies: "Disabled",
        })),
      ],
    },
    options,
  );
  return pulumi.interpolate`${id}/subnets/${own.name}`;
}

/**
 * Where the addresses of a private link service are.
 * @param subnet resource id of the region's: an existing one has both.
 */
export function linkSubnetId(
  { network }: Pick<AzureRegion, "network">,
  subnet: pulumi.Input<string>,
  { name }: OwnSubnet,
): pulumi.Output<string> {
  const own = pulumi.output(subnet);
  return "subnet" in network ? own : own.apply((id) => id.replace(/[^/]+$/, name));
}

/** @returns its resource id; undefined where the stack has yet to make the network */
export async function wantedSubnet(
  { name, network }: Pick<AzureRegion, "name" | "network">,
  own: OwnSubnet,
): Promise<string | undefined> {
  if ("subnet" in network) return `${network.vnet}/subnets/${network.subnet}`;
  const networks = await previousOutputs<{ id: string }>("azure-native:network:VirtualNetwork");
  const { id } = networks.get(name) ?? {};
  return id === undefined ? undefined : `${id}/subnets/${own.name}`;
}

/** @param region its name. @returns undefined where the stack hasn't made a network */
export async function previousSubnet(
  region: string,
  own: OwnSubnet,
  link: OwnSubnet,
): Promise<PreviousSubnet | undefined> {
  const networks = await previousOutputs<{ subnets: { name: string; defaultOutboundAccess?: boolean }[] }>(
    "azure-native:network:VirtualNetwork",
  );
  const { subnets } = networks.get(region) ?? {};
  if (!subnets) return undefined;
  const find = ({ name }: OwnSubnet) => subnets.find((it) => it.name === name);
  return { isClosed: find(own)?.defaultOutboundAccess === false, hasLink: find(link) !== undefined };
}
