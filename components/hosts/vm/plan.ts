import type { CapacityPlan } from "../../capacity/plan.ts";
import { capacityOf } from "../../capacity/plan-region.ts";
import { metricsPort } from "../../config/ports.ts";
import type { Problem } from "../../config/problems.ts";
import type { VmRegion } from "../../config/schema.ts";
import type { Planned, PlanRequest, RegionPlan } from "../kind.ts";

/** A region with one machine in a cloud. */
export interface VmPlan<R extends VmRegion = VmRegion> extends RegionPlan<R> {
  readonly capacity: CapacityPlan;
}

/** The entries of the lists in `access`, each with its path relative to the region. */
export function sourcesOf({ access }: Pick<VmRegion, "access">) {
  return (["clients", "metrics"] as const).flatMap((list) =>
    access[list].map((source, index) => ({ list, source, path: `access.${list}[${index}]` })),
  );
}

export function planVm<R extends VmRegion>(request: PlanRequest<R>): Planned<VmPlan<R>> {
  const { region } = request;
  const { plan: capacity, problems } = capacityOf(region, request);
  const target = `${region.endpoint.hostname}:${metricsPort}`;
  const metrics = region.access.metrics.length > 0 ? ({ scheme: "https", target } as const) : undefined;
  return { plan: { ...request, capacity, metrics }, problems, warnings: capacity.warnings };
}

/** Refuses a smaller disk. Otherwise the cloud refuses it in the middle of the update. Resource hooks could refuse it too, but need a newer language host. */
export function shrinkingProblems(
  {
    region: { storage },
    capacity,
  }: { readonly region: Pick<VmRegion, "storage">; readonly capacity: Pick<CapacityPlan, "disk"> },
  hasGiB = 0,
): Problem[] {
  const wantedGiB =
    storage.kind === "disk" && storage.sizeGiB !== "auto" ? storage.sizeGiB : capacity.disk.sizeGiB;
  if (wantedGiB >= hasGiB) return [];
  const what = `the disk has ${hasGiB}GiB and can't shrink to ${wantedGiB}GiB`;
  const wayOut = "first give up the disk and its content (docs/upgrading.md)";
  return storage.kind === "disk"
    ? [{ path: "storage.size", message: `${what}: set ${hasGiB}GiB, or ${wayOut}` }]
    : [{ path: "storage.kind", message: `${what}, which is enough with a bucket: ${wayOut}` }];
}
