import type { AwsRegion } from "../../config/schema.ts";
import type { HostArgs, HostPlanArgs } from "../host.ts";

export type AwsVmRegion = Extract<AwsRegion, { topology: "vm" }>;

export type VmHostArgs = HostArgs<AwsVmRegion>;

/** Enough to render and to check. */
export type VmPlanArgs = HostPlanArgs<AwsVmRegion>;
