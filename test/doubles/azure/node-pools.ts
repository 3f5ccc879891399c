/** The pools of a cluster, and their nodes. */
import { type Cloud, everywhere, type Thing } from "../cloud.ts";
import { type Inputs, number, text, valueAt, valuesAt } from "../values.ts";

export const managedCluster = "azure-native:containerservice:ManagedCluster";

/** The current number of a pool's nodes, which the autoscaler changes. Only AKS creates it. */
const scaleSet = "scale set";

export interface Pool {
  readonly name: string;
  readonly size: string;
  readonly zones: readonly string[];
  readonly count: number;
  readonly isEncryptedAtHost: boolean;
}

export function poolsOf(inputs: Inputs): Pool[] {
  return (valuesAt("agentPoolProfiles[*]", inputs) as Inputs[]).map((pool) => ({
    name: text("name", pool),
    size: text("vmSize", pool),
    zones: valuesAt("availabilityZones[*]", pool).map(String),
    count: Number(valueAt("count", pool) ?? 0),
    isEncryptedAtHost: valueAt("enableEncryptionAtHost", pool) === true,
  }));
}

const poolId = (cluster: string, pool: string) => `${cluster}/agentPools/${pool}`;

/** Sets each pool's number of nodes to that in its profile. */
export function keepNodes(cloud: Cloud, cluster: string, inputs: Inputs): void {
  for (const { name, count } of poolsOf(inputs)) {
    const id = poolId(cluster, name);
    cloud.keep({ type: scaleSet, id, scope: everywhere, inputs: { cluster, count }, outputs: {} });
  }
}

/** @returns undefined if there is no such pool */
export function nodesOf(cloud: Cloud, cluster: string, pool: string): number | undefined {
  const found = cloud.find(scaleSet, poolId(cluster, pool), everywhere);
  return found && number("count", found.inputs);
}

/** Changes the number of nodes as the autoscaler does, without the knowledge of the stack. */
export function autoscale(cloud: Cloud, { id, inputs }: Thing, count: number): void {
  const pools = (valuesAt("agentPoolProfiles[*]", inputs) as Inputs[]).map((pool) => ({ ...pool, count }));
  keepNodes(cloud, id, { ...inputs, agentPoolProfiles: pools });
}

/** Starts an upgrade of a cluster's nodes, as AKS does by itself. */
export function startUpgrade(cloud: Cloud, cluster: string): void {
  for (const it of cloud.things(scaleSet))
    if (it.inputs.cluster === cluster) cloud.keep({ ...it, inputs: { ...it.inputs, state: "Upgrading" } });
}

/** https://learn.microsoft.com/rest/api/aks/agent-pools/get */
export function stateOf(cloud: Cloud, cluster: string, pool: string): string {
  return text("state", cloud.find(scaleSet, poolId(cluster, pool), everywhere)?.inputs ?? {}) || "Succeeded";
}

export function removeNodes(cloud: Cloud, cluster: string): void {
  for (const it of cloud.things(scaleSet)) if (it.inputs.cluster === cluster) cloud.remove(it);
}
