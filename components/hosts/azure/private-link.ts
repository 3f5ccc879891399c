import { LoadBalancer } from "@pulumi/azure-native/network/loadBalancer.js";
import type { NetworkSecurityGroup } from "@pulumi/azure-native/network/networkSecurityGroup.js";
import { PrivateLinkService } from "@pulumi/azure-native/network/privateLinkService.js";
import * as pulumi from "@pulumi/pulumi";
import { contains, rangeOf } from "../../config/access.ts";
import type { AzureClusterRegion, AzureRegion } from "../../config/schema.ts";
import { ipv4Ranges } from "../address-family.ts";
import type { FoundSubnet } from "./found-subnet.ts";
import type { AzurePlan } from "./naming.ts";
import type { Place } from "./place.ts";
import { allZonesOf } from "./regions.ts";
import { ownSubnets } from "./subnet.ts";

/**
 * Ranges from which the clients of other subscriptions seem to come: a private link service translates their addresses to some of its subnet.
 * https://learn.microsoft.com/azure/private-link/private-link-service-overview#properties
 *
 * @param subnet an existing one
 */
export function consumerRanges(
  { endpoint, topology }: AzureRegion,
  subnet: FoundSubnet | undefined,
): readonly string[] {
  if (!endpoint.privateLink) return [];
  // The service has IPv4 only.
  return ipv4Ranges(subnet?.ranges ?? [ownSubnets[topology].link.range]);
}

/** The clients of a region with those of other subscriptions. */
export function withConsumers(region: AzureClusterRegion, subnet: FoundSubnet | undefined): string[] {
  const { clients } = region.access;
  const isAmong = (range: string) => clients.some((client) => contains(rangeOf(client), rangeOf(range)));
  return [...clients, ...consumerRanges(region, subnet).filter((range) => !isAmong(range))];
}

export interface PrivateLinkArgs {
  readonly place: Place;
  /** By whose id the subscription is known. */
  readonly firewall: NetworkSecurityGroup;
  /** Resource id of the region's. */
  readonly subnet: pulumi.Input<string>;
}

export interface PrivateLink {
  /** Resource id of what the machine must be in. */
  readonly pool: pulumi.Output<string>;
  /** Resource id of what consumers' private endpoints lead to. */
  readonly service: pulumi.Output<string>;
}

/** The only one of each part of the load balancer. */
const part = "endpoint";

/**
 * The way from clients in other subscriptions to the machine: a load balancer, behind which a private link service must be.
 * https://learn.microsoft.com/azure/private-link/private-link-service-overview#limitations
 *
 * @returns undefined where the configuration asks for none.
 */
export function createPrivateLink(
  name: string,
  { region, names }: AzurePlan,
  { place, firewall, subnet: own }: PrivateLinkArgs,
  options: pulumi.CustomResourceOptions,
): PrivateLink | undefined {
  const { privateLink, port } = region.endpoint;
  if (!privateLink) return undefined;
  const zones = allZonesOf(region.name);
  // An existing one has both.
  const subnet =
    "subnet" in region.network
      ? own
      : pulumi.output(own).apply((id) => id.replace(/[^/]+$/, ownSubnets[region.topology].link.name));
  const balancer = firewall.id.apply((id) =>
    id.replace(/networkSecurityGroups\/[^/]+$/, `loadBalancers/${names.privateLink}`),
  );
  // A part refers to others by ids that follow from the names.
  const partId = (kind: string) => pulumi.interpolate`${balancer}/${kind}/${part}`;
  const { id } = new LoadBalancer(
    name,
    {
      ...place,
      loadBalancerName: names.privateLink,
      sku: { name: "Standard" },
      frontendIPConfigurations: [
        {
          name: part,
          privateIPAllocationMethod: "Dynamic",
          subnet: { id: subnet },
          ...(zones.length > 0 && { zones }),
        },
      ],
      backendAddressPools: [{ name: part }],
      probes: [{ name: part, protocol: "Tcp", port, intervalInSeconds: 5, probeThreshold: 2 }],
      loadBalancingRules: [
        {
          name: part,
          protocol: "Tcp",
          frontendPort: port,
          backendPort: port,
          frontendIPConfiguration: { id: partId("frontendIPConfigurations") },
          backendAddressPool: { id: partId("backendAddressPools") },
          probe: { id: partId("probes") },
          disableOutboundSnat: true,
          enableTcpReset: true,
        },
      ],
    },
    options,
  );
  const { allowed } = privateLink;
  const service = new PrivateLinkService(
    name,
    {
      ...place,
      serviceName: names.privateLink,
      loadBalancerFrontendIpConfigurations: [
        { id: pulumi.interpolate`${id}/frontendIPConfigurations/${part}` },
      ],
      ipConfigurations: [
        {
          name: part,
          primary: true,
          privateIPAddressVersion: "IPv4",
          privateIPAllocationMethod: "Dynamic",
          subnet: { id: subnet },
        },
      ],
      // Nobody else sees it, and who does needs no approval.
      visibility: { subscriptions: [...allowed] },
      autoApproval: { subscriptions: [...allowed] },
    },
    options,
  );
  return { pool: pulumi.interpolate`${id}/backendAddressPools/${part}`, service: service.id };
}
