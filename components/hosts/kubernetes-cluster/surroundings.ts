import { previousOutputs } from "../previous-outputs.ts";

/** What has to be known of a region whose cluster the stack makes, besides its configuration. */
export interface Surroundings {
  /** Like `2026-11-24`. */
  readonly today: string;
  /** The version that the region's cluster has, like `1.36` or `1.36.2`. @default there is no cluster yet */
  readonly previousVersion?: string | undefined;
}

/**
 * The surroundings of a region.
 * @param cluster the type of the cluster, and `property` the output that is its version.
 */
export async function surroundingsOf<Property extends string>(
  region: string,
  cluster: string,
  property: Property,
): Promise<Surroundings> {
  const previous = await previousOutputs<Record<Property, string>>(cluster);
  return { today: new Date().toISOString().slice(0, 10), previousVersion: previous.get(region)?.[property] };
}
