import type { AzureClusterRegion } from "../../../config/schema.ts";
import { previousOutputs } from "../../previous-outputs.ts";
import { partsOf } from "../arm.ts";
import type { Question } from "../question.ts";
import { same } from "../skus.ts";
import { wantedSubnet } from "../subnet.ts";
import { zonesOfNodes } from "./nodes.ts";
import type { OutboundType } from "./outbound-type.ts";
import type { AzureClusterPlan } from "./plan.ts";
import { nodeSubnet } from "./ranges.ts";

/** What the last update left of a cluster, as the provider has it, where another value takes another cluster. */
export interface PreviousCluster {
  readonly id: string;
  readonly networkProfile: { readonly outboundType?: OutboundType };
  readonly agentPoolProfiles: readonly PreviousPool[];
}

interface PreviousPool {
  readonly vmSize: string;
  readonly availabilityZones?: readonly string[];
  readonly vnetSubnetID?: string;
}

/**
 * Refuses an update that would put another cluster in the place of one with something in it. The engine replaces the provider of what is in the cluster, too. It closes that provider before
 * it has deleted anything by it, and so fails in `pulumi up`, after a preview that succeeds: https://github.com/pulumi/pulumi/issues/14650. A `pulumi destroy` of the cluster alone fails in
 * the same way; one of what is in it doesn't.
 *
 * @param outboundType of the update's cluster
 */
export async function checkReplaced(
  { region, lookUp }: Question<AzureClusterRegion>,
  plan: AzureClusterPlan,
  previous: Partial<PreviousCluster> | undefined,
  outboundType: OutboundType,
): Promise<void> {
  if (!previous || !(await hasObjects(region))) return;
  const changed = await changedKeys(plan, previous, outboundType);
  const [path] = changed;
  if (path === undefined) return;
  const keys = changed.map((key) => `\`${key}\``).join(", ");
  const targets = [region.name, `${region.name}-*`].map((name) => ` --target '**$kubernetes:**::${name}'`);
  lookUp.refuse(
    path,
    `another value of ${keys} takes another cluster, which can't replace one with something in it. Delete what is in it first, \`pulumi destroy${targets.join("")} --target-dependents\`, and then run \`pulumi up\`; or keep the value (docs/kubernetes.md#another-aks-cluster)`,
  );
}

/** A namespace goes last. */
async function hasObjects({ name }: AzureClusterRegion): Promise<boolean> {
  const namespaces = await previousOutputs("kubernetes:core/v1:Namespace");
  return [...namespaces.keys()].some((it) => it === name || it.startsWith(`${name}-`));
}

async function changedKeys(
  { region, names }: AzureClusterPlan,
  { id = "", networkProfile, agentPoolProfiles: [pool] = [] }: Partial<PreviousCluster>,
  outboundType: OutboundType,
): Promise<string[]> {
  const { group = "" } = partsOf(id);
  if (group !== "" && !same(group, region.resourceGroup ?? names.resourceGroup)) return ["resourceGroup"];
  const { vnetSubnetID: subnet, vmSize = region.nodes.type, availabilityZones = [] } = pool ?? {};
  const wanted = await wantedSubnet(region, nodeSubnet);
  const { outboundType: had = outboundType } = networkProfile ?? {};
  return [
    ...(subnet === undefined || same(subnet, wanted ?? "") ? [] : ["network"]),
    ...(had === outboundType ? [] : ["endpoint.exposure"]),
    ...(same(vmSize, region.nodes.type) ? [] : ["nodes.type"]),
    ...(pool && availabilityZones.toSorted().join() !== zonesOfNodes(region).join() ? ["nodes.zones"] : []),
  ];
}
