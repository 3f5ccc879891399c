import { LoadBalancer } from "@pulumi/azure-native/network/loadBalancer.js";
import type { NetworkSecurityGroup } from "@pulumi/azure-native/network/networkSecurityGroup.js";
import { PrivateLinkService } from "@pulumi/azure-native/network/privateLinkService.js";
import * as pulumi from "@pulumi/pulumi";
import { contains, rangeOf } from "../../config/access.ts";
import type { AzureClusterRegion, AzureRegion } from "../../config/schema.ts";
import { ipv4Ranges } from "../address-family.ts";
import type { FoundSubnet } from "./found-subnet.ts";
import type { InPlace } from "./place.ts";
import { allZonesOf } from "./regions.ts";
import { ownSubnets } from "./subnet.ts";

/**
 * The source ranges of clients in other subscriptions: a private link service translates their addresses to addresses of its subnet.
 * https://learn.microsoft.com/azure/private-link/private-link-service-overview#properties
 *
 * @param subnet the existing subnet, if the configuration names one
 */
export function consumerRanges(
  { endpoint, topology }: AzureRegion,
  subnet: FoundSubnet | undefined,
): readonly string[] {
  if (!endpoint.privateLink) return [];
  // A private link service supports only IPv4.
  return ipv4Ranges(subnet?.ranges ?? [ownSubnets[topology].link.range]);
}

/** The client ranges of a region, including those of other subscriptions. */
export function withConsumers(region: AzureClusterRegion, subnet: FoundSubnet | undefined): string[] {
  const { clients } = region.access;
  const isAmong = (range: string) => clients.some((client) => contains(rangeOf(client), rangeOf(range)));
  return [...clients, ...consumerRanges(region, subnet).filter((range) => !isAmong(range))];
}

export interface PrivateLink {
  /** Resource id of the load balancer's pool. The machine must be a member. */
  readonly pool: pulumi.Output<string>;
  /** Resource id of the service that consumers' private endpoints connect to. */
  readonly service: pulumi.Output<string>;
}

/** Name of each part of the load balancer. There is one of each kind. */
const part = "endpoint";

/**
 * Connects clients in other subscriptions with the machine: through a private link service, which requires a load balancer.
 * https://learn.microsoft.com/azure/private-link/private-link-service-overview#limitations
 *
 * @param firewall its resource id contains the subscription
 * @param own resource id of the region's subnet
 * @returns undefined if the configuration has no private link
 */
export function createPrivateLink(
  { plan: { region, names }, place }: InPlace,
  firewall: NetworkSecurityGroup,
  own: pulumi.Input<string>,
  options: pulumi.CustomResourceOptions,
): PrivateLink | undefined {
  const { name, endpoint } = region;
  const { privateLink, port } = endpoint;
  if (!privateLink) return undefined;
  const zones = allZonesOf(name);
  // In an existing network, the service uses the machine's subnet.
  const subnet =
    "subnet" in region.network
      ? own
      : pulumi.output(own).apply((id) => id.replace(/[^/]+$/, ownSubnets[region.topology].link.name));
  const balancer = firewall.id.apply((id) =>
    id.replace(/networkSecurityGroups\/[^/]+$/, `loadBalancers/${names.privateLink}`),
  );
  // The parts refer to each other by ids, which depend only on the names.
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
      // Only the allowed subscriptions see the service, and they need no approval.
      visibility: { subscriptions: [...allowed] },
      autoApproval: { subscriptions: [...allowed] },
    },
    options,
  );
  return { pool: pulumi.interpolate`${id}/backendAddressPools/${part}`, service: service.id };
}
