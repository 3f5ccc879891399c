import type { AwsRegion } from "../../../config/schema.ts";
import type { HostArgs, HostPlanArgs } from "../../host.ts";
import type { ClusterFindings } from "./findings.ts";

export type AwsClusterRegion = Extract<AwsRegion, { topology: "cluster" }>;

export interface ClusterHostArgs extends HostArgs<AwsClusterRegion> {
  readonly found: ClusterFindings;
}

/** Enough to check. */
export type ClusterPlanArgs = HostPlanArgs<AwsClusterRegion>;
