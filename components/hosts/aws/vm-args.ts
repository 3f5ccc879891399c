import type { AwsRegion } from "../../config/schema.ts";
import type { HostArgs, HostPlanArgs } from "../host.ts";
import type { Findings } from "./findings.ts";

export type AwsVmRegion = Extract<AwsRegion, { topology: "vm" }>;

export interface VmHostArgs extends HostArgs<AwsVmRegion> {
  readonly found: Findings;
}

/** Enough to render and to check. */
export type VmPlanArgs = HostPlanArgs<AwsVmRegion>;
