import { NetworkSecurityGroup } from "@pulumi/azure-native/network/networkSecurityGroup.js";
import type * as pulumi from "@pulumi/pulumi";
import { metricsPort } from "../../../config/ports.ts";
import type { AzureVmRegion } from "../../../config/schema.ts";
import { isServiceTag } from "../../../config/text.ts";
import { ipv4Ranges } from "../../address-family.ts";
import { outboundPorts } from "../../vm/outbound.ts";
import { hasFailover } from "../failover.ts";
import type { Place } from "../place.ts";
import { inboundRule, nothingElse, type Rule, sourceOf } from "../security-rules.ts";
import type { AzureVmPlan } from "./plan.ts";

/** Rules stand inside the group: one that was added by hand is found and taken away. @param consumers see {@link consumerRanges} */
export function createFirewall(
  name: string,
  plan: AzureVmPlan,
  place: Place,
  consumers: readonly string[],
  options: pulumi.CustomResourceOptions,
): NetworkSecurityGroup {
  return new NetworkSecurityGroup(
    name,
    {
      ...place,
      networkSecurityGroupName: plan.names.firewall,
      securityRules: [...inboundRules(plan.region, consumers), ...outboundRules(plan)],
    },
    options,
  );
}

/**
 * Who may reach the machine: the clients its endpoint, monitoring its metrics. No SSH: `az vm run-command` comes another way. A service tag takes a rule of its own:
 * https://github.com/hashicorp/terraform-provider-azurerm/issues/5617
 *
 * Without the last rule, the addresses of the network and of its peers may reach every port:
 * https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview#default-security-rules
 */
function inboundRules({ access, endpoint }: AzureVmRegion, consumers: readonly string[]): Rule[] {
  const lists = [
    { name: "clients", sources: access.clients, port: endpoint.port },
    { name: "metrics", sources: access.metrics, port: metricsPort },
  ];
  const byRange = lists.flatMap(({ sources, ...rule }) => {
    const ranges = ipv4Ranges(sources.filter((source) => !isServiceTag(source)));
    return ranges.length > 0 ? [{ ...rule, source: sourceOf(ranges) }] : [];
  });
  const byTag = lists.flatMap(({ name, sources, port }) =>
    sources
      .filter(isServiceTag)
      .map((tag) => ({ name: `${name}-${tag}`, port, source: { sourceAddressPrefix: tag } })),
  );
  const { port } = endpoint;
  const probed = hasFailover({ endpoint })
    ? [{ name: "traffic-manager", port, source: { sourceAddressPrefix: "AzureTrafficManager" } }]
    : [];
  const linked =
    consumers.length > 0
      ? [
          { name: "private-link", port, source: { sourceAddressPrefixes: [...consumers] } },
          { name: "probes", port, source: { sourceAddressPrefix: "AzureLoadBalancer" } },
        ]
      : [];
  return [
    ...[...linked, ...probed].map((opening, index) => inboundRule(opening, 150 + 10 * index)),
    ...byRange.map((opening, index) => inboundRule(opening, 100 + 10 * index)),
    ...byTag.map((opening, index) => inboundRule(opening, 200 + index)),
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
