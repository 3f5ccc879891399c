import { pairwise, type Summary, summarize } from "./statistics.ts";

/**
 * The contestants. `pod` is the cache as the local host plays it, and `stack` one of this project's stacks. A measurement has one of these two, and
 * compares all others with it.
 * `unchanged`: in trials, the edge or Pod without the change that `pod` has. `pod-zot`: the Pod with zot as the engine. `zot`: the same zot alone,
 * with its own TLS. `distribution`: the same registry program in proxy mode, alone, with its own TLS. `direct`: the upstream without a cache.
 * `limit`: nginx with its defaults and the Pod's TLS settings, serving the blob as a file, or a cloud's maximum. `empty`: a Pulumi program without
 * resources. `floor`: one with as many resources as the stack, all empty.
 */
export const contestantNames = [
  "pod",
  "stack",
  "pod-zot",
  "unchanged",
  "distribution",
  "zot",
  "direct",
  "limit",
  "empty",
  "floor",
] as const;

export type ContestantName = (typeof contestantNames)[number];

/** A goal for our own value, or for its ratio to another contestant's. */
export type Goal = { readonly against?: ContestantName } & (
  | { readonly atMost: number }
  | { readonly atLeast: number }
);

export interface Measurement {
  readonly what: string;
  readonly unit: string;
  /** One value per contestant for each repetition, in order. */
  readonly series: Partial<Readonly<Record<ContestantName, readonly number[]>>>;
  readonly goal?: Goal;
}

/** The values of `pod` or `stack`. */
function ours({ series }: Measurement): readonly number[] | undefined {
  return series.pod ?? series.stack;
}

/** Our values, divided by another contestant's. */
export function ratios(measurement: Measurement, against: ContestantName): Summary | undefined {
  const [own, other] = [ours(measurement), measurement.series[against]];
  return own && other && own !== other ? summarize(pairwise(own, other)) : undefined;
}

/** `undecided`: the interval has values on both sides of the goal. Measure on a quieter machine, or more often. */
export type Verdict = "reached" | "missed" | "undecided";

/** @returns undefined without a goal */
export function verdict(measurement: Measurement): Verdict | undefined {
  const { goal } = measurement;
  if (!goal) return undefined;
  const own = ours(measurement);
  const found = goal.against ? ratios(measurement, goal.against) : own && summarize(own);
  if (!found) throw new RangeError(`nothing to compare with the goal: ${measurement.what}`);
  const reaches = (value: number) => ("atMost" in goal ? value <= goal.atMost : value >= goal.atLeast);
  const [low, high] = found.interval.map(reaches);
  if (low !== high) return "undecided";
  return low ? "reached" : "missed";
}
