import { NetworkSecurityGroup } from "@pulumi/azure-native/network/networkSecurityGroup.js";
import type { input } from "@pulumi/azure-native/types/index.js";
import type * as pulumi from "@pulumi/pulumi";
import { metricsPort } from "../../pod/ports.ts";
import type { Names } from "./naming.ts";
import type { Place } from "./place.ts";
import type { AzureVmRegion } from "./vm-args.ts";

export interface FirewallArgs {
  readonly region: AzureVmRegion;
  readonly place: Place;
  readonly names: Names;
}

/** Rules stand inside the group: one that was added by hand is found and taken away. */
export function createFirewall(
  name: string,
  { region, place, names }: FirewallArgs,
  options: pulumi.CustomResourceOptions,
): NetworkSecurityGroup {
  return new NetworkSecurityGroup(
    name,
    { ...place, networkSecurityGroupName: names.firewall, securityRules: inboundRules(region) },
    options,
  );
}

/** Ranges of the addresses that can come: the machine has an IPv4 address. */
export function isUsable(range: string): boolean {
  return !range.includes(":");
}

/**
 * Who may reach the machine: the clients its endpoint, monitoring its metrics. No SSH: `az vm run-command` comes another way.
 *
 * Without the last rule, the addresses of the network and of its peers may reach every port:
 * https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview#default-security-rules
 */
export function inboundRules({ access, endpoint }: AzureVmRegion): input.network.SecurityRuleArgs[] {
  const open = [
    { name: "clients", ranges: access.clients.filter(isUsable), port: endpoint.port },
    { name: "metrics", ranges: access.metrics.filter(isUsable), port: metricsPort },
  ].filter(({ ranges }) => ranges.length > 0);
  const inbound = { direction: "Inbound", sourcePortRange: "*", destinationAddressPrefix: "*" };
  return [
    ...open.map(({ name, ranges, port }, index) => ({
      ...inbound,
      ...sourceOf(ranges),
      name,
      priority: 100 + 10 * index,
      access: "Allow",
      protocol: "Tcp",
      destinationPortRange: String(port),
    })),
    {
      ...inbound,
      name: "nothing-else",
      priority: 4096,
      access: "Deny",
      protocol: "*",
      sourceAddressPrefix: "*",
      destinationPortRange: "*",
    },
  ];
}

function sourceOf(ranges: string[]) {
  return ranges.includes("0.0.0.0/0") ? { sourceAddressPrefix: "*" } : { sourceAddressPrefixes: ranges };
}
