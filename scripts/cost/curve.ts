import type { AlternativeName, Compared } from "../../components/cost/alternatives.ts";
import type { RegionEstimate } from "../../components/cost/estimate.ts";

/** What each way to serve the workload costs at growing volumes. */
export interface Curve {
  /** What the nodes pull in a month. Starts at 0. */
  readonly volumesGiB: readonly number[];
  readonly lines: readonly {
    readonly name: AlternativeName;
    readonly chosen: boolean;
    /** What we pay in a month at each volume. */
    readonly monthlyUSD: readonly number[];
  }[];
}

const intervals = 16;
/** How far the volumes go beyond that of the workload, or of the break-even. */
const beyond = 1.5;
/** A break-even further away than so many times the workload isn't shown: nothing else could be seen. */
const farthest = 10;

/**
 * Draws the lines from what each way costs at several volumes.
 * @param optionsBy the ways at a volume
 */
export function curveOf(
  { usage, breakEven }: Pick<RegionEstimate, "usage" | "breakEven">,
  optionsBy: (pulledGiB: number) => readonly Compared[],
): Curve | undefined {
  const even = breakEven?.usGiB ?? 0;
  const most = Math.max(usage.pulledGiB, even <= farthest * usage.pulledGiB ? even : 0) * beyond;
  if (most === 0) return undefined;
  const volumesGiB = Array.from({ length: intervals + 1 }, (_, index) => (most / intervals) * index);
  const estimates = volumesGiB.map(optionsBy);
  const lines = (estimates[0] ?? []).flatMap(({ name, chosen }) => {
    const monthlyUSD = estimates.flatMap(
      (options) => options.find((option) => option.name === name)?.comparableUSD ?? [],
    );
    return monthlyUSD.length === volumesGiB.length ? [{ name, chosen, monthlyUSD }] : [];
  });
  return lines.length > 0 ? { volumesGiB, lines } : undefined;
}
