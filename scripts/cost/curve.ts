import type { AlternativeName, Compared } from "../../components/cost/alternatives.ts";
import type { RegionEstimate } from "../../components/cost/estimate.ts";

/** What each way to serve the workload costs at growing volumes. */
export interface Curve {
  /** What the nodes pull in a month. Starts at 0. */
  readonly volumesGiB: readonly number[];
  readonly lines: readonly {
    readonly name: AlternativeName;
    /** What we pay in a month at each volume. */
    readonly monthlyUSD: readonly number[];
  }[];
}

/** Of the assumed volume. */
const factors = [0, 0.5, 1, 2, 4];

/** @param optionsBy the ways at a volume */
export function curveOf(
  { usage }: Pick<RegionEstimate, "usage">,
  optionsBy: (pulledGiB: number) => readonly Compared[],
): Curve | undefined {
  const volumesGiB = [...new Set(factors.map((factor) => factor * usage.pulledGiB))];
  const ways = Map.groupBy(volumesGiB.flatMap(optionsBy), ({ name }) => name);
  const lines = [...ways].flatMap(([name, at]) => {
    const monthlyUSD = at.flatMap(({ comparableUSD }) => comparableUSD ?? []);
    return monthlyUSD.length === volumesGiB.length ? [{ name, monthlyUSD }] : [];
  });
  return lines.length > 0 ? { volumesGiB, lines } : undefined;
}
