import type { AzureClusterRegion } from "../../../config/schema.ts";
import { sameIgnoringCase } from "../../../config/text.ts";
import { previousOutputs } from "../../previous-outputs.ts";
import { isPrivate } from "../endpoint.ts";
import type { FoundSubnet, WayOut } from "../found-subnet.ts";
import { isInAnotherGroup, type Question } from "../question.ts";
import { existingSubnet, wantedSubnet } from "../subnet.ts";
import { zonesOfNodes } from "./nodes.ts";
import type { AzureClusterPlan } from "./plan.ts";

/** The cluster's outputs from the last update: those whose change replaces the cluster. */
export interface PreviousCluster {
  readonly id: string;
  readonly name: string;
  readonly networkProfile: { readonly outboundType?: OutboundType };
  readonly agentPoolProfiles: readonly {
    readonly vmSize?: string;
    readonly availabilityZones?: readonly string[];
    readonly enableEncryptionAtHost?: boolean;
    readonly vnetSubnetID?: string;
  }[];
}

/** https://learn.microsoft.com/azure/aks/egress-outboundtype */
export type OutboundType = "loadBalancer" | "userAssignedNATGateway" | "userDefinedRouting" | "none";

/**
 * The type for nodes in an existing subnet, by its way out. With `none`, AKS doesn't check the way out. Subnets without a sufficient way out are refused earlier: see found-subnet.ts.
 * A NAT gateway precedes a load balancer: https://learn.microsoft.com/azure/nat-gateway/nat-overview#azure-nat-gateway-basics
 */
const outboundTypes: Readonly<Record<"private" | "public", Readonly<Record<WayOut, OutboundType>>>> = {
  private: {
    natGateway: "userAssignedNATGateway",
    route: "userDefinedRouting",
    learned: "none",
    default: "none",
    none: "none",
  },
  public: {
    natGateway: "userAssignedNATGateway",
    route: "loadBalancer",
    learned: "loadBalancer",
    default: "loadBalancer",
    none: "loadBalancer",
  },
};

/** The type for nodes whose way out the stack or AKS creates. */
export function ownOutboundType(region: AzureClusterRegion): OutboundType {
  return isPrivate(region) ? "userAssignedNATGateway" : "loadBalancer";
}

/**
 * The outbound type of nodes in an existing subnet. An existing cluster keeps its type, even if the subnet has changed since, because the provider replaces a cluster
 * whose type changes: https://github.com/pulumi/pulumi-azure-native/blob/master/provider/pkg/gen/replacement.go
 */
export function findOutboundType(
  { plan: { names }, region, lookUp }: Question<AzureClusterPlan>,
  { wayOut }: FoundSubnet,
  { networkProfile, agentPoolProfiles: [pool] = [] }: Partial<PreviousCluster> = {},
): OutboundType {
  const types = outboundTypes[isPrivate(region) ? "private" : "public"];
  const found = types[wayOut];
  const kept = Object.values(types).find((type) => type === networkProfile?.outboundType);
  const isThere = sameIgnoringCase(pool?.vnetSubnetID ?? "", existingSubnet(region) ?? "");
  if (!isThere || kept === undefined || kept === found) return found;
  const command = `az aks update --resource-group ${region.resourceGroup ?? names.resourceGroup} --name ${names.cluster} --outbound-type ${found}`;
  lookUp.warn(
    "network.subnet",
    `has another way out than the cluster's \`outboundType\` says. The cluster keeps ${kept}, as a replacement would delete it. To change it to ${found} in place: \`${command}\`, then \`pulumi refresh\``,
  );
  return kept;
}

/**
 * Refuses an update that would replace a cluster with objects in it. The engine also replaces the provider of these objects. It closes that provider before it has deleted the objects
 * with it, so `pulumi up` fails after a successful preview: https://github.com/pulumi/pulumi/issues/14650. A `pulumi destroy` that targets only the cluster fails in
 * the same way; one that targets the objects works.
 *
 * @param outboundType the type in this update
 * @returns whether there is a cluster that this update leaves alone
 */
export async function checkReplaced(
  { plan, region, lookUp }: Question<AzureClusterPlan>,
  previous: Partial<PreviousCluster> | undefined,
  outboundType: OutboundType,
): Promise<boolean> {
  if (!previous) return false;
  const changed = await changedKeys(plan, previous, outboundType);
  const [path] = changed;
  if (path === undefined) return true;
  if (!(await hasObjects(region))) return false;
  const keys = changed.map((key) => `\`${key}\``).join(", ");
  const targets = [region.name, `${region.name}-*`].map((name) => ` --target '**$kubernetes:**::${name}'`);
  lookUp.refuse(
    path,
    `another value of ${keys} needs another cluster, and Pulumi can't replace a cluster with objects in it. First delete the objects: \`pulumi destroy${targets.join("")} --target-dependents\`. Then run \`pulumi up\`; or keep the value (docs/kubernetes.md#another-aks-cluster)`,
  );
  return false;
}

/** Looks for namespaces, because they are deleted last. */
async function hasObjects({ name }: AzureClusterRegion): Promise<boolean> {
  const namespaces = await previousOutputs("kubernetes:core/v1:Namespace");
  return [...namespaces.keys()].some((it) => it === name || it.startsWith(`${name}-`));
}

async function changedKeys(
  plan: AzureClusterPlan,
  { id, networkProfile, agentPoolProfiles: [pool] = [] }: Partial<PreviousCluster>,
  outboundType: OutboundType,
): Promise<string[]> {
  if (isInAnotherGroup(plan, id)) return ["resourceGroup"];
  const { region, governance: { encryptionAtHost = false } = {} } = plan;
  const { vnetSubnetID: subnet, vmSize = region.nodes.type, availabilityZones = [] } = pool ?? {};
  const wanted = await wantedSubnet(region);
  const { outboundType: had = outboundType } = networkProfile ?? {};
  const { enableEncryptionAtHost = false } = pool ?? {};
  return [
    ...(subnet === undefined || sameIgnoringCase(subnet, wanted ?? "") ? [] : ["network"]),
    ...(had === outboundType ? [] : ["endpoint.exposure"]),
    ...(sameIgnoringCase(vmSize, region.nodes.type) ? [] : ["nodes.type"]),
    ...(pool && availabilityZones.toSorted().join() !== zonesOfNodes(region).join() ? ["nodes.zones"] : []),
    ...(pool && enableEncryptionAtHost !== encryptionAtHost ? ["governance.encryptionAtHost"] : []),
  ];
}
