import type { LocalRegion } from "../../config/schema.ts";
import type { Planned, PlanRequest, RegionPlan } from "../kind.ts";
import { type Layout, layout, localAddress } from "./layout.ts";

export interface LocalPlan extends RegionPlan<LocalRegion> {
  readonly place: Layout;
}

export function planLocal(request: PlanRequest<LocalRegion>): Planned<LocalPlan> {
  const place = layout(request.region, request.upstreams);
  // Whoever is on this machine may read the metrics.
  const metrics = { scheme: "http", target: `${localAddress}:${place.ports.edgeStatus}` } as const;
  return { plan: { ...request, place, metrics }, problems: [], warnings: [] };
}
