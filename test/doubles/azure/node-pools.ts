/** The pools of a cluster, and the nodes that they have. */
import { type Cloud, everywhere, type Thing } from "../cloud.ts";
import { type Inputs, number, text, valueAt, valuesAt } from "../values.ts";

export const managedCluster = "azure-native:containerservice:ManagedCluster";

/** What a pool has now, which the autoscaler changes; nobody but AKS makes it. */
const scaleSet = "scale set";

export interface Pool {
  readonly name: string;
  readonly size: string;
  readonly zones: readonly string[];
  readonly count: number;
}

export function poolsOf(inputs: Inputs): Pool[] {
  return (valuesAt("agentPoolProfiles[*]", inputs) as Inputs[]).map((pool) => ({
    name: text("name", pool),
    size: text("vmSize", pool),
    zones: valuesAt("availabilityZones[*]", pool).map(String),
    count: Number(valueAt("count", pool) ?? 0),
  }));
}

const poolId = (cluster: string, pool: string) => `${cluster}/agentPools/${pool}`;

/** Gives each pool the nodes that its profile names. */
export function keepNodes(cloud: Cloud, cluster: string, inputs: Inputs): void {
  for (const { name, count } of poolsOf(inputs)) {
    const id = poolId(cluster, name);
    cloud.keep({ type: scaleSet, id, scope: everywhere, inputs: { cluster, count }, outputs: {} });
  }
}

/** @returns undefined where there is no such pool */
export function nodesOf(cloud: Cloud, cluster: string, pool: string): number | undefined {
  const found = cloud.find(scaleSet, poolId(cluster, pool), everywhere);
  return found && number("count", found.inputs);
}

/** What the autoscaler does: the pools have another number of nodes, and who made the cluster isn't told. */
export function autoscale(cloud: Cloud, { id, inputs }: Thing, count: number): void {
  const pools = (valuesAt("agentPoolProfiles[*]", inputs) as Inputs[]).map((pool) => ({ ...pool, count }));
  keepNodes(cloud, id, { ...inputs, agentPoolProfiles: pools });
}

export function removeNodes(cloud: Cloud, cluster: string): void {
  for (const it of cloud.things(scaleSet)) if (it.inputs.cluster === cluster) cloud.remove(it);
}
