import type { Problem } from "../../config/problems.ts";
import type { VmPlan } from "./plan.ts";

/** The cloud would refuse in the middle of an update; hooks of resources, which could say so too, need a newer language host. */
export function shrinkingProblems(
  { region: { storage }, capacity }: Pick<VmPlan, "region" | "capacity">,
  hasGiB = 0,
): Problem[] {
  const wantedGiB =
    storage.kind === "disk" && storage.sizeGiB !== "auto" ? storage.sizeGiB : capacity.disk.sizeGiB;
  if (wantedGiB >= hasGiB) return [];
  const what = `the disk has ${hasGiB}GiB and can't shrink to ${wantedGiB}GiB`;
  const wayOut = "first give up the disk and its content (docs/upgrading.md)";
  return storage.kind === "disk"
    ? [{ path: "storage.size", message: `${what}: set ${hasGiB}GiB, or ${wayOut}` }]
    : [{ path: "storage.kind", message: `${what}, which is enough beside a bucket: ${wayOut}` }];
}
