import type { CapacityPlan } from "../../capacity/plan.ts";
import { capacityOf } from "../../capacity/plan-region.ts";
import { metricsPort } from "../../config/ports.ts";
import type { Problem } from "../../config/problems.ts";
import type { VmRegion } from "../../config/schema.ts";
import type { PlanRequest, RegionPlan } from "../kind.ts";

/** A region that is one machine of a cloud. */
export interface VmPlan<R extends VmRegion = VmRegion> extends RegionPlan<R> {
  readonly capacity: CapacityPlan;
}

/** @returns problems whose path is relative to the region. */
export function planVm<R extends VmRegion>(
  request: PlanRequest<R>,
): { readonly plan: VmPlan<R>; readonly problems: readonly Problem[] } {
  const { region } = request;
  const { plan: capacity, problems } = capacityOf(region, request);
  const target = `${region.endpoint.hostname}:${metricsPort}`;
  const metrics = region.access.metrics.length > 0 ? ({ scheme: "https", target } as const) : undefined;
  return { plan: { ...request, capacity, metrics }, problems };
}
