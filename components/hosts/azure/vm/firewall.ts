import { NetworkSecurityGroup } from "@pulumi/azure-native/network/networkSecurityGroup.js";
import type * as pulumi from "@pulumi/pulumi";
import { isServiceTag } from "../../../config/addresses.ts";
import { metricsPort } from "../../../config/ports.ts";
import type { AzureVmRegion } from "../../../config/schema.ts";
import { ipv4Ranges } from "../../address-family.ts";
import { outboundPorts } from "../../vm/outbound.ts";
import { hasFailover } from "../endpoint.ts";
import type { InPlace } from "../place.ts";
import { inboundRule, nothingElse, type Rule, sourceOf } from "../security-rules.ts";
import type { AzureVmPlan } from "./plan.ts";

/** Rules are defined inside the group, so an update finds and removes rules that were added by hand. @param consumers see {@link consumerRanges} */
export function createFirewall(
  { plan, place }: InPlace<AzureVmPlan>,
  consumers: readonly string[],
  options: pulumi.CustomResourceOptions,
): NetworkSecurityGroup {
  return new NetworkSecurityGroup(
    plan.region.name,
    {
      ...place,
      networkSecurityGroupName: plan.names.firewall,
      securityRules: [...inboundRules(plan.region, consumers), ...outboundRules(plan)],
    },
    options,
  );
}

/**
 * Allows clients to reach the endpoint, and monitoring to reach the metrics. There is no SSH: `az vm run-command` doesn't need a port. Each service tag needs its own rule:
 * https://github.com/hashicorp/terraform-provider-azurerm/issues/5617
 *
 * Without the last rule, Azure's default rules allow every port from the network and its peers:
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
 * Limits what the machine can reach. Azure's own resolver and metadata service need no rule:
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
