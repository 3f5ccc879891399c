import { pairwise, type Summary, summarize } from "./statistics.ts";

/**
 * `pod`: the cache as it is played by the local host. `distribution`: the same registry program in proxy mode, alone, with its own TLS. `direct`:
 * the upstream without a cache. `limit`: nginx with its defaults and the Pod's TLS settings, serving the blob as a file.
 */
export const contestantNames = ["pod", "distribution", "direct", "limit"] as const;

export type ContestantName = (typeof contestantNames)[number];

/** For the Pod's own value, or for its ratio to another contestant's. */
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

/** The Pod's values, divided by another contestant's. */
export function ratios({ series }: Measurement, against: ContestantName): Summary | undefined {
  const [pod, other] = [series.pod, series[against]];
  return pod && other && against !== "pod" ? summarize(pairwise(pod, other)) : undefined;
}

/** @returns undefined without a goal */
export function reaches(measurement: Measurement): boolean | undefined {
  const { goal, series } = measurement;
  if (!goal) return undefined;
  const found = goal.against ? ratios(measurement, goal.against) : series.pod && summarize(series.pod);
  if (!found) throw new RangeError(`nothing to compare with the goal: ${measurement.what}`);
  return "atMost" in goal ? found.median <= goal.atMost : found.median >= goal.atLeast;
}
