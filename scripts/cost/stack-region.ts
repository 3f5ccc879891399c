import type { RegionEstimate } from "../../components/cost/estimate.ts";

/** A region's estimate and whose it is. */
export interface StackRegion {
  readonly stack: string;
  readonly estimate: RegionEstimate;
}

/** What a region is called among those of all stacks: mostly its stack has its name already. */
export function nameOf({ stack, estimate: { region } }: StackRegion): string {
  return stack.endsWith(region) ? stack : `${stack}, ${region}`;
}

export function isSameRegion(one: StackRegion, other: StackRegion): boolean {
  return one.stack === other.stack && one.estimate.region === other.estimate.region;
}
