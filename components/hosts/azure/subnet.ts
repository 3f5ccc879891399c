import type { NetworkSecurityGroup } from "@pulumi/azure-native/network/networkSecurityGroup.js";
import { VirtualNetwork } from "@pulumi/azure-native/network/virtualNetwork.js";
import * as pulumi from "@pulumi/pulumi";
import type { AzureRegion } from "../../config/schema.ts";
import type { HostArgs } from "../kind.ts";
import { previousOutputs } from "../previous-outputs.ts";
import type { AzurePlan } from "./naming.ts";
import type { Place } from "./place.ts";

interface OwnSubnet {
  readonly name: string;
  readonly range: string;
}

/**
 * The subnets of a network that the stack makes: of machine or nodes, and with `endpoint.privateLink` that of the service. Nothing else is in it. A machine's is the smallest that
 * Azure has.
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

/** What the last update of this stack left of the subnet of a network that it has made. */
export interface PreviousSubnet {
  /** Whether it has no default outbound access, which Azure decides when it makes the subnet. */
  readonly isClosed: boolean;
  /** Whether the one of the private link service is there. */
  readonly hasLink: boolean;
}

export interface SubnetArgs {
  readonly place: Place;
  /** Of what has no public address. @default it has, or its load balancer has */
  readonly gateway: { readonly id: pulumi.Input<string> } | undefined;
  /** Of all subnets that are made. @default they have none, only what is in them */
  readonly firewall: NetworkSecurityGroup | undefined;
}

/** Resource id of the subnet of the configuration: an existing one, or that of a virtual network of the region's own. */
export function subnetId(
  name: string,
  { plan: { region, names }, found }: HostArgs<AzurePlan, { previousSubnet?: PreviousSubnet | undefined }>,
  { place, gateway, firewall }: SubnetArgs,
  options: pulumi.CustomResourceOptions,
): pulumi.Input<string> {
  const existing = existingSubnet(region);
  if (existing !== undefined) return existing;
  const { own, link } = ownSubnets[region.topology];
  const isClosed = found.previousSubnet?.isClosed ?? gateway !== undefined;
  // Once made, it stays: the network is updated before what is in it is deleted.
  const links = region.endpoint.privateLink || found.previousSubnet?.hasLink ? [link] : [];
  const securityGroup = firewall && { networkSecurityGroup: { id: firewall.id } };
  // A free endpoint: what goes to storage bypasses NAT gateways and load balancers, which take a price for each GB: https://learn.microsoft.com/azure/virtual-network/virtual-network-service-endpoints-overview
  const toStore = region.storage.kind === "bucket" && {
    serviceEndpoints: [{ service: "Microsoft.Storage" }],
  };
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
          ...toStore,
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

/** Resource id of the one that the configuration names. */
export function existingSubnet({ network }: Pick<AzureRegion, "network">): string | undefined {
  return "subnet" in network ? `${network.vnet}/subnets/${network.subnet}` : undefined;
}

/** @returns its resource id; undefined where the stack has yet to make the network */
export async function wantedSubnet(region: AzureRegion): Promise<string | undefined> {
  const existing = existingSubnet(region);
  if (existing !== undefined) return existing;
  const networks = await previousOutputs<{ id: string }>("azure-native:network:VirtualNetwork");
  const { id } = networks.get(region.name) ?? {};
  return id === undefined ? undefined : `${id}/subnets/${ownSubnets[region.topology].own.name}`;
}

/** @returns undefined where the stack hasn't made a network */
export async function previousSubnet({ name, topology }: AzureRegion): Promise<PreviousSubnet | undefined> {
  const networks = await previousOutputs<{ subnets: { name: string; defaultOutboundAccess?: boolean }[] }>(
    "azure-native:network:VirtualNetwork",
  );
  const { subnets } = networks.get(name) ?? {};
  if (!subnets) return undefined;
  const { own, link } = ownSubnets[topology];
  const find = ({ name }: OwnSubnet) => subnets.find((it) => it.name === name);
  return { isClosed: find(own)?.defaultOutboundAccess === false, hasLink: find(link) !== undefined };
}
