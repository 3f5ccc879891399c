import type { AzureRegion } from "../../config/schema.ts";
import type { HostArgs, HostPlanArgs } from "../host.ts";
import type { Findings } from "./findings.ts";

export type AzureVmRegion = Extract<AzureRegion, { topology: "vm" }>;

export interface VmHostArgs extends HostArgs<AzureVmRegion> {
  readonly found: Findings;
}

/** Enough to render and to check. */
export type VmPlanArgs = HostPlanArgs<AzureVmRegion>;
