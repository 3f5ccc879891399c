import { NetworkSecurityGroup } from "@pulumi/azure-native/network/networkSecurityGroup.js";
import type { input } from "@pulumi/azure-native/types/index.js";
import type * as pulumi from "@pulumi/pulumi";
import { metricsPort } from "../../config/ports.ts";
import type { AzureVmRegion } from "../../config/schema.ts";
import { ipv4Ranges } from "../address-family.ts";
import { outboundPorts } from "../vm/outbound.ts";
import type { Place } from "./place.ts";
import type { AzureVmPlan } from "./plan.ts";

type Rule = input.network.SecurityRuleArgs;

/** Rules stand inside the group: one that was added by hand is found and taken away. */
export function createFirewall(
  name: string,
  plan: AzureVmPlan,
  place: Place,
  options: pulumi.CustomResourceOptions,
): NetworkSecurityGroup {
  return new NetworkSecurityGroup(
    name,
    {
      ...place,
      networkSecurityGroupName: plan.names.firewall,
      securityRules: [...inboundRules(plan.region), ...outboundRules(plan)],
    },
    options,
  );
}

/**
 * Who may reach the machine: the clients its endpoint, monitoring its metrics. No SSH: `az vm run-command` comes another way.
 *
 * Without the last rule, the addresses of the network and of its peers may reach every port:
 * https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview#default-security-rules
 */
function inboundRules({ access, endpoint }: AzureVmRegion): Rule[] {
  const open = [
    { name: "clients", ranges: ipv4Ranges(access.clients), port: endpoint.port },
    { name: "metrics", ranges: ipv4Ranges(access.metrics), port: metricsPort },
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
    nothingElse("Inbound"),
  ];
}

/**
 * What the machine may reach. Azure's own resolver and metadata service need no rule:
 * https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview#azure-platform-considerations
 */
function outboundRules(plan: AzureVmPlan): Rule[] {
  const ports = outboundPorts(plan);
  return [
    ...(["Tcp", "Udp"] as const).map((protocol, index) => ({
      name: `to-servers-by-${protocol.toLowerCase()}`,
      direction: "Outbound",
      priority: 100 + 10 * index,
      access: "Allow",
      protocol,
      sourceAddressPrefix: "*",
      sourcePortRange: "*",
      destinationAddressPrefix: "*",
      destinationPortRanges: ports
        .filter((it) => it.protocol === protocol.toLowerCase())
        .map(({ port }) => String(port)),
    })),
    nothingElse("Outbound"),
  ];
}

export function nothingElse(direction: "Inbound" | "Outbound"): Rule {
  return {
    name: `nothing-else-${direction.toLowerCase()}`,
    direction,
    priority: 4096,
    access: "Deny",
    protocol: "*",
    sourceAddressPrefix: "*",
    sourcePortRange: "*",
    destinationAddressPrefix: "*",
    destinationPortRange: "*",
  };
}

export function sourceOf(ranges: string[]) {
  return ranges.includes("0.0.0.0/0") ? { sourceAddressPrefix: "*" } : { sourceAddressPrefixes: ranges };
}
