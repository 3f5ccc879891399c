import type { AzureRegion } from "../../config/schema.ts";
import type { HostArgs, HostPlanArgs } from "../host.ts";

export type AzureVmRegion = Extract<AzureRegion, { topology: "vm" }>;

export type VmHostArgs = HostArgs<AzureVmRegion>;
export type VmPlanArgs = HostPlanArgs<AzureVmRegion>;
