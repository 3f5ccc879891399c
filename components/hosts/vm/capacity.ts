import * as pulumi from "@pulumi/pulumi";
import type { Cloud } from "../../capacity/machine.ts";
import { type CapacityPlan, planCapacity } from "../../capacity/plan.ts";
import { ConfigError, type Problem } from "../../config/problems.ts";
import { warn } from "../../config/refuse.ts";
import type { HostPlanArgs } from "../host.ts";
import type { VmRegion } from "./vm.ts";

/**
 * The machine and the disk of a host. What doesn't carry the workload is said, and made.
 * @param further what else is to be said of the region, with paths relative to it
 * @throws pulumi.RunError for what can't be made, which the preflight has refused before
 */
export function plannedCapacity(
  cloud: Cloud,
  { region, workload, upstreams }: HostPlanArgs<VmRegion>,
  host: pulumi.Resource,
  further: readonly Problem[] = [],
): CapacityPlan {
  const { plan, problems } = planCapacity({ cloud, region, workload, upstreams: upstreams.length });
  if (problems.length > 0) throw new pulumi.RunError(new ConfigError(problems).message);
  warn([...plan.warnings, ...further], region.name, host);
  return plan;
}
