import type { AzureClusterRegion } from "../../../config/schema.ts";
import type { FoundSubnet } from "../found-subnet.ts";
import { isPrivate } from "../outbound.ts";
import type { Question } from "../question.ts";
import type { WayOut } from "../way-out.ts";
import type { AzureClusterPlan } from "./plan.ts";

/** https://learn.microsoft.com/azure/aks/egress-outboundtype */
export type OutboundType = "loadBalancer" | "userAssignedNATGateway" | "userDefinedRouting" | "none";

/** `none` is AKS's word for what it doesn't look at. A subnet with less isn't taken: see way-out.ts. */
const outboundTypes: Readonly<Partial<Record<WayOut, OutboundType>>> = {
  natGateway: "userAssignedNATGateway",
  route: "userDefinedRouting",
  learned: "none",
};

/** What the last update left of a cluster, as the provider has it. */
interface PreviousOutbound {
  readonly networkProfile: { readonly outboundType?: OutboundType };
  readonly agentPoolProfiles: readonly { readonly vnetSubnetID?: string }[];
}

/** Of nodes whose way out the stack or AKS makes. */
export function ownOutboundType(region: AzureClusterRegion): OutboundType {
  return isPrivate(region) ? "userAssignedNATGateway" : "loadBalancer";
}

/**
 * How a private endpoint's nodes go out of an existing subnet. A cluster that is in it keeps its type, whatever somebody has changed of the subnet since: the provider replaces a
 * cluster for another one, https://github.com/pulumi/pulumi-azure-native/blob/master/provider/pkg/gen/replacement.go
 */
export function findOutboundType(
  { region: { network, resourceGroup }, lookUp }: Question<AzureClusterRegion>,
  { names }: AzureClusterPlan,
  { wayOut = "none" }: FoundSubnet,
  { networkProfile, agentPoolProfiles: [pool] = [] }: Partial<PreviousOutbound> = {},
): OutboundType {
  const found = outboundTypes[wayOut] ?? "none";
  const kept = networkProfile?.outboundType;
  const subnet = "subnet" in network ? `${network.vnet}/subnets/${network.subnet}` : undefined;
  const isThere = pool?.vnetSubnetID?.toLowerCase() === subnet?.toLowerCase();
  if (!isThere || kept === undefined || kept === "loadBalancer" || kept === found) return found;
  const command = `az aks update --resource-group ${resourceGroup ?? names.resourceGroup} --name ${names.cluster} --outbound-type ${found}`;
  lookUp.warn(
    "network.subnet",
    `has another way out than when the cluster was made. The cluster keeps \`outboundType\` ${kept}, as a replacement would delete it. To change it to ${found} in place: \`${command}\`, then \`pulumi refresh\``,
  );
  return kept;
}
