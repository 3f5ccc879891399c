import { pairwise, type Summary, summarize } from "./statistics.ts";

/**
 * What is measured: `pod` is the cache as it is played by the local host, and `stack` one of this project's stacks. In a measurement, whichever of these
 * two it has is what all the others are compared with.
 *
 * `unchanged`: in trials, the edge or Pod as it stands, while `pod` has the change that is tried.
 * `pod-zot`: the Pod with zot as the engine; `zot`: the same zot alone, with its own TLS. `distribution`: the same registry program in proxy mode, alone, with its own TLS. `direct`: the upstream without a cache. `limit`: nginx with its defaults
 * and the Pod's TLS settings, serving the blob as a file; or the most that a cloud takes. `empty`: a Pulumi program without resources, and
 * `floor`: one with as many as the stack, which have nothing in them.
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

/** For our own value, or for its ratio to another contestant's. */
export type Goal = { readonly against?: ContestantName } & (
  | { readonly atMost: number }
  | { readonly atLeast: number }
);

export interface Measurement {
  readonly what: string;
  readonly unit: string;
  /** Per contestant one value for each repetition, in order. */
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

/** Undecided: the interval has values on both sides of the goal. Measure on a quieter machine, or more often. */
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
