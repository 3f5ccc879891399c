import type { Cloud } from "../../capacity/machine.ts";
import { type CapacityPlan, planCapacity } from "../../capacity/plan.ts";
import { metricsPort } from "../../config/ports.ts";
import type { Problem } from "../../config/problems.ts";
import type { VmRegion } from "../../config/schema.ts";
import type { PlanRequest, RegionPlan } from "../kind.ts";

/** A region that is one machine of a cloud. */
export interface VmPlan<R extends VmRegion = VmRegion> extends RegionPlan<R> {
  readonly capacity: CapacityPlan;
}

export function planVm<R extends VmRegion>(
  cloud: Cloud,
  request: PlanRequest<R>,
): { readonly plan: VmPlan<R>; readonly problems: readonly Problem[] } {
  const { region, workload, upstreams } = request;
  const { plan: capacity, problems } = planCapacity({ cloud, region, workload, upstreams: upstreams.length });
  const target = `${region.endpoint.hostname}:${metricsPort}`;
  const metrics = region.access.metrics.length > 0 ? ({ scheme: "https", target } as const) : undefined;
  return { plan: { ...request, capacity, metrics }, problems };
}
