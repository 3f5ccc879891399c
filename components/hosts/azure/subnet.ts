import type { NatGateway } from "@pulumi/azure-native/network/natGateway.js";
import type { NetworkSecurityGroup } from "@pulumi/azure-native/network/networkSecurityGroup.js";
import { VirtualNetwork } from "@pulumi/azure-native/network/virtualNetwork.js";
import * as pulumi from "@pulumi/pulumi";
import type { AzureRegion } from "../../config/schema.ts";
import { previousResource } from "../previous-outputs.ts";
import type { InPlace } from "./place.ts";

interface OwnSubnet {
  readonly name: string;
  readonly range: string;
}

/**
 * The subnets of a network that the stack creates: one for the machine or the nodes, and with `endpoint.privateLink` one for the service. Nothing else is in the network. A machine's
 * subnet has Azure's minimum size.
 */
export const ownSubnets: Readonly<Record<AzureRegion["topology"], Record<"own" | "link", OwnSubnet>>> = {
  vm: {
    own: { name: "machine", range: "10.255.255.0/29" },
    link: { name: "private-link", range: "10.255.255.16/28" },
  },
  cluster: {
    own: { name: "nodes", range: "10.255.254.0/24" },
    link: { name: "private-link", range: "10.255.253.0/28" },
  },
};

/** The subnets of this stack's own network after the last update. */
export interface PreviousSubnet {
  /** Whether the subnet has no default outbound access. Azure sets that when it creates the subnet. */
  readonly isClosed: boolean;
  /** Whether the private link service's subnet exists. */
  readonly hasLink: boolean;
}

/**
 * Resource id of the region's subnet: an existing one, or one in a new virtual network.
 * @param gateway the NAT gateway of machines without a public address. Undefined if the machine or its load balancer has a public address.
 * @param firewall security group of all created subnets. Undefined if only the resources in them have one.
 */
export function subnetId(
  { plan, place, found }: InPlace & { found: { previousSubnet?: PreviousSubnet | undefined } },
  gateway: NatGateway | undefined,
  firewall: NetworkSecurityGroup | undefined,
  options: pulumi.CustomResourceOptions,
): pulumi.Input<string> {
  const { region, names } = plan;
  const existing = existingSubnet(region);
  if (existing !== undefined) return existing;
  const { own, link } = ownSubnets[region.topology];
  const isClosed = found.previousSubnet?.isClosed ?? gateway !== undefined;
  // Once created, the subnet stays, because an update changes the network before it deletes the resources in it.
  const links = region.endpoint.privateLink || found.previousSubnet?.hasLink ? [link] : [];
  const securityGroup = firewall && { networkSecurityGroup: { id: firewall.id } };
  // A free service endpoint. Traffic to storage then bypasses NAT gateways and load balancers, which charge by the GB: https://learn.microsoft.com/azure/virtual-network/virtual-network-service-endpoints-overview
  const toStore = region.storage.kind === "bucket" && {
    serviceEndpoints: [{ service: "Microsoft.Storage" }],
  };
  const { id } = new VirtualNetwork(
    region.name,
    {
      ...place,
      virtualNetworkName: names.network,
      addressSpace: { addressPrefixes: [own, ...links].map(({ range }) => range) },
      subnets: [
        {
          name: own.name,
          addressPrefix: own.range,
          ...(gateway && { natGateway: { id: gateway.id } }),
          ...toStore,
          ...(isClosed && { defaultOutboundAccess: false }),
          ...securityGroup,
        },
        // Azure requires the last of these settings: https://learn.microsoft.com/azure/private-link/disable-private-link-service-network-policy
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

/** Resource id of the configured subnet, if any. */
export function existingSubnet({ network }: Pick<AzureRegion, "network">): string | undefined {
  return "subnet" in network ? `${network.vnet}/subnets/${network.subnet}` : undefined;
}

const networkType = "azure-native:network:VirtualNetwork";

/** @returns the subnet's resource id, or undefined if the stack hasn't created the network yet */
export async function wantedSubnet(region: AzureRegion): Promise<string | undefined> {
  const existing = existingSubnet(region);
  if (existing !== undefined) return existing;
  const { id } = (await previousResource<{ id: string }>(networkType, region.name)) ?? {};
  return id && `${id}/subnets/${ownSubnets[region.topology].own.name}`;
}

/** @returns undefined if the stack hasn't created a network */
export async function previousSubnet({ name, topology }: AzureRegion): Promise<PreviousSubnet | undefined> {
  type Outputs = { readonly subnets: { name: string; defaultOutboundAccess?: boolean }[] };
  const { subnets } = (await previousResource<Outputs>(networkType, name)) ?? {};
  if (!subnets) return undefined;
  const { own, link } = ownSubnets[topology];
  const find = ({ name }: OwnSubnet) => subnets.find((it) => it.name === name);
  return { isClosed: find(own)?.defaultOutboundAccess === false, hasLink: find(link) !== undefined };
}
