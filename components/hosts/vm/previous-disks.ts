import * as pulumi from "@pulumi/pulumi";
import type { Problem } from "../../config/problems.ts";

interface StackState {
  readonly outputs: Readonly<Record<string, { type: string; outputs: Readonly<Record<string, unknown>> }>>;
}

/**
 * The sizes of this stack's data disks as the last update left them, in GiB, by the region's name.
 * @param type a disk's type token, and `property` the output that is its size.
 */
export async function previousDisks(type: string, property: string): Promise<ReadonlyMap<string, number>> {
  const stackName = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  // What a StackReference is made of, without a resource of its own.
  const state: StackState = await pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", {
    stackName,
  });
  return new Map(
    Object.entries(state.outputs).flatMap(([urn, { type: found, outputs }]) => {
      const region = urn.split("::").at(-1);
      const size = outputs[property];
      return found === type && region && typeof size === "number" ? [[region, size] as const] : [];
    }),
  );
}

/** The cloud would refuse in the middle of an update; hooks of resources, which could say so too, need a newer language host. */
export function shrinkingProblems(wantedGiB: number, hasGiB = 0): Problem[] {
  if (wantedGiB >= hasGiB) return [];
  const message =
    `the disk has ${hasGiB}GiB and can't shrink to ${wantedGiB}GiB: set ${hasGiB}GiB, ` +
    "or give the disk and what it caches up first (docs/upgrading.md)";
  return [{ path: "storage.size", message }];
}
