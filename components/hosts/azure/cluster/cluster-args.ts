import type { AzureRegion } from "../../../config/schema.ts";
import type { HostArgs, HostPlanArgs } from "../../host.ts";

export type AzureClusterRegion = Extract<AzureRegion, { topology: "cluster" }>;

export type ClusterPlanArgs = HostPlanArgs<AzureClusterRegion>;

/** What isn't known before Azure is asked: elsewhere, names are ids. */
export interface ClusterFindings {
  /** Name for the storage account. */
  readonly storageAccount: string;
  /** How many nodes the cluster has. Undefined before it is there. */
  readonly liveNodes: number | undefined;
}

export interface ClusterHostArgs extends HostArgs<AzureClusterRegion> {
  readonly found: ClusterFindings;
}
