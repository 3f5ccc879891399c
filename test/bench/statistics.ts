/** Statistics of a series of repetitions. */

/** A lower and an upper bound. */
export type Span = readonly [number, number];

export interface Summary {
  readonly median: number;
  readonly quartiles: Span;
  /** Contains the true median with 95 % confidence. With fewer than six values, it is the range of all values. */
  readonly interval: Span;
}

/** @param values at least one */
export function summarize(values: readonly number[]): Summary {
  return {
    median: percentile(values, 50),
    quartiles: [percentile(values, 25), percentile(values, 75)],
    interval: medianInterval(values),
  };
}

/**
 * Uses order statistics, which assume nothing about the distribution: each value is below the true median with a probability of one half.
 * https://en.wikipedia.org/wiki/Order_statistic#Nonparametric
 */
function medianInterval(values: readonly number[]): Span {
  const sorted = values.toSorted((a, b) => a - b);
  const last = sorted.length - 1;
  // As many values are cut off at each end as leave the true median beyond that end with a probability of at most 2.5 %.
  let cut = 0;
  let exactly = 0.5 ** sorted.length;
  let atMost = exactly;
  for (;;) {
    exactly *= (sorted.length - cut) / (cut + 1);
    atMost += exactly;
    if (atMost > 0.025) break;
    cut++;
  }
  return [sorted[cut] as number, sorted[last - cut] as number];
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

/** The ratios of two series that were measured alternately, pair by pair. Other load on the machine then affects both halves of a pair. */
export function pairwise(numerators: readonly number[], denominators: readonly number[]): number[] {
  if (numerators.length !== denominators.length) throw new RangeError("series of different lengths");
  return numerators.map((value, index) => value / (denominators[index] as number));
}
