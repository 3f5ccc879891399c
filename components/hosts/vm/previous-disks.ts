import type { Problem } from "../../config/problems.ts";
import { previousOutputs } from "../previous-outputs.ts";
import type { VmPlan } from "./plan.ts";

/**
 * The sizes of this stack's data disks as the last update left them, in GiB, by the region's name.
 * @param type a disk's type token, and `property` the output that is its size.
 */
export async function previousDisks(type: string, property: string): Promise<ReadonlyMap<string, number>> {
  const found = await previousOutputs(type, property);
  return new Map([...found].flatMap(([region, size]) => (typeof size === "number" ? [[region, size]] : [])));
}

/** The cloud would refuse in the middle of an update; hooks of resources, which could say so too, need a newer language host. */
export function shrinkingProblems(
  { region: { storage }, capacity }: Pick<VmPlan, "region" | "capacity">,
  hasGiB = 0,
): Problem[] {
  const wantedGiB =
    storage.kind === "disk" && storage.sizeGiB !== "auto" ? storage.sizeGiB : capacity.disk.sizeGiB;
  if (wantedGiB >= hasGiB) return [];
  const what = `the disk has ${hasGiB}GiB and can't shrink to ${wantedGiB}GiB`;
  const wayOut = "give the disk and what it caches up first (docs/upgrading.md)";
  return storage.kind === "disk"
    ? [{ path: "storage.size", message: `${what}: set ${hasGiB}GiB, or ${wayOut}` }]
    : [{ path: "storage.kind", message: `${what}, which is enough beside a bucket: ${wayOut}` }];
}
