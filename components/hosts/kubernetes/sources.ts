import { everyone } from "../../config/access.ts";
import type { KubernetesRegion } from "../../config/schema.ts";

/** Who connects to the Pods: an address range, or Pods by their labels. */
export type Source = KubernetesRegion["access"]["metrics"][number];

export type PodSelector = Exclude<Source, string>;

export function rangesOf(sources: readonly Source[]): string[] {
  return sources.filter((it) => typeof it === "string");
}

export function podsOf(sources: readonly Source[]): PodSelector[] {
  return sources.filter((it) => typeof it !== "string");
}

/** The ranges that the edge itself checks: it sees addresses only, so where Pods are named by labels, the network alone decides. */
export function checkedRanges(sources: readonly Source[]): string[] {
  return podsOf(sources).length > 0 ? [...everyone] : rangesOf(sources);
}
