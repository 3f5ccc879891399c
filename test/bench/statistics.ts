/** What is said about a series of repetitions. */

export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** @param values at least one */
export function summarize(values: readonly number[]): Summary {
  return { median: percentile(values, 50), min: Math.min(...values), max: Math.max(...values) };
}

/** Interpolates between the two nearest values. @param values at least one @param percent 0 to 100 */
export function percentile(values: readonly number[], percent: number): number {
  if (values.length === 0) throw new RangeError("no values");
  const sorted = values.toSorted((a, b) => a - b);
  const rank = ((sorted.length - 1) * percent) / 100;
  const below = sorted[Math.floor(rank)] as number;
  const above = sorted[Math.ceil(rank)] as number;
  return below + (above - below) * (rank - Math.floor(rank));
}

/**
 * The ratios of two series that were measured alternately, pair by pair: what else the machine did while a pair was measured is then in both of
 * its halves.
 */
export function pairwise(numerators: readonly number[], denominators: readonly number[]): number[] {
  if (numerators.length !== denominators.length) throw new RangeError("series of different lengths");
  return numerators.map((value, index) => value / (denominators[index] as number));
}
