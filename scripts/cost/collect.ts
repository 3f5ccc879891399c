/** Collects the data of a report. What isn't available becomes a problem of the review, and the rest is still reported. */
import { isDeepStrictEqual } from "node:util";
import { readStackFile } from "../../components/config/stack-file.ts";
import { isBilled } from "../../components/cost/estimate.ts";
import { isTagged } from "../../components/hosts/naming.ts";
import { configurationsOf } from "../fleet/configurations.ts";
import { prometheusAt } from "../fleet/prometheus.ts";
import { type ProjectFiles, readStackFiles, readStackFilesAt } from "../fleet/stack-files.ts";
import { whyOf } from "./causes.ts";
import {
  type Estimated,
  type Estimates,
  estimatesOf,
  isSameRegion,
  nameOf,
  type StackRegion,
} from "./estimates.ts";
import { readFocus } from "./focus.ts";
import { leastHours, measuredCost, measureUsage } from "./measured.ts";
import type { RegionReview, Review } from "./review.ts";

/** What to report. */
export interface Wanted {
  /** The project's directory. */
  readonly directory: string;
  /** The stacks to report. All, if empty. */
  readonly stacks: readonly string[];
  /** For example `2026-11-24`. */
  readonly today: string;
  /** Called with what is being done if that may take seconds. */
  readonly progress: (text: string) => void;
  /** A git revision to compare with. */
  readonly base?: string | undefined;
  /** URL of a Prometheus that measured the usage. */
  readonly prometheus?: URL | undefined;
  /** Files with billed costs. */
  readonly focus: readonly string[];
}

export async function collect(wanted: Wanted): Promise<Review> {
  const { directory, stacks, today, progress } = wanted;
  const present = estimateAll(await readStackFiles(directory, stacks), today);
  const problems = [...present.problems];
  /** The result of an option. If it isn't available, adds a problem and returns undefined. */
  const asked = <Found>(option: string, found: Promise<Found>) =>
    found.catch(({ message }: Error) => void problems.push({ path: option, message }));

  const { base: revision, prometheus, focus } = wanted;
  const baseFiles =
    revision === undefined ? undefined : await asked("--base", readStackFilesAt(revision, directory, stacks));
  const base = baseFiles && estimateAll(baseFiles, today, withoutFiles);
  if (prometheus) progress("asking Prometheus for the measured usage");
  const usages = prometheus && (await asked("--prometheus", measureUsage(prometheusAt(prometheus))));
  if (focus.length > 0) progress(`reading ${focus.join(", ")}`);
  const billing =
    focus.length > 0 ? await asked("--focus", readFocus(focus, present.regions, stacks, today)) : undefined;

  const regions = present.regions.map((region): RegionReview => {
    const { stack, estimate, config } = region;
    const past = base?.regions.find((other) => isSameRegion(other, region));
    const usage = usages?.(estimate);
    const billed = billing?.billed.get(region);
    return {
      stack,
      estimate,
      tags: "governance" in config ? config.governance.tags : {},
      labels: config.monitoring.labels,
      ...(past && {
        past: past.estimate,
        isChanged: !isDeepStrictEqual(costInputs(past), costInputs(region)),
        why: whyOf(past, region),
      }),
      ...(usage && usage.hours >= leastHours && { measured: measuredCost(usage, region, today) }),
      ...(billed && { billed }),
      ...(billed && isUntagged(region) && { nodesUntagged: true }),
    };
  });
  const baseProblems = (base?.problems ?? []).filter(
    (problem) => !present.problems.some((other) => isDeepStrictEqual(other, problem)),
  );
  const gone = (base?.regions ?? [])
    .filter((region) => isRemoved(region, present))
    .map(({ stack, estimate }) => ({ stack, estimate }));
  const hasFile = ({ stack }: StackRegion) => regions.some((region) => region.stack === stack);
  const notMeasured = `not measured for ${leastHours} h or more, so the assumed usage stands`;
  const notBilled = "the export has no usage with the tags of its stack";
  return {
    date: today,
    regions,
    ...(base && revision !== undefined && { base: revision }),
    removed: gone.filter(hasFile),
    leftBehind: gone.filter((region) => !hasFile(region)),
    unread: {
      now: present.unread,
      base: (base?.unread ?? []).filter((name) => !present.unread.includes(name)),
    },
    problems,
    notes: [
      ...present.notes,
      // Problems of the base are only notes, because a change that corrects the base's file must not fail.
      ...baseProblems.map(({ path, message }) => `${revision}: ${path}: ${message}`),
      ...(usages ? lacking(regions, "measured", notMeasured) : []),
      ...(billing ? [...lacking(regions, "billed", notBilled), ...billing.notes] : []),
    ],
  };
}

/** `unread` has the names of the stacks that can't be read. */
function estimateAll(
  files: ProjectFiles,
  today: string,
  merge = readStackFile,
): Estimates & Pick<ProjectFiles, "unread"> {
  const { configurations, unread, problems } = configurationsOf(files, merge);
  const estimates = configurations.map((configuration) => estimatesOf(configuration, today));
  return {
    regions: estimates.flatMap(({ regions }) => regions),
    unread,
    problems: [...problems, ...estimates.flatMap(({ problems }) => problems)],
    notes: estimates.flatMap(({ notes }) => notes),
  };
}

/** Leaves out the files of `prefetch`, because the project directory has them as they are now. They don't change the cost. */
function withoutFiles(project: string, stack: string): Record<string, unknown> {
  const config = readStackFile(project, stack);
  Reflect.deleteProperty(Object(config.prefetch), "files");
  return config;
}

/** What a region's cost depends on, in a cloud or in a cluster that is there already. */
function costInputs({ region, config: { workload, upstreams } }: Estimated) {
  return { region, workload, upstreams };
}

/** Whether the cloud creates a cluster's nodes without the stack's tags. */
function isUntagged({ region, config }: Estimated): boolean {
  const hasTags = "governance" in config && isTagged(config);
  return isBilled(region) && region.topology === "cluster" && !hasTags;
}

/** Whether a region of the base was removed. A stack whose file can't be read now doesn't count as removed. */
function isRemoved(region: StackRegion, { regions, unread }: ReturnType<typeof estimateAll>): boolean {
  return !unread.includes(region.stack) && !regions.some((other) => isSameRegion(other, region));
}

/** A note for each region that has a bill but lacks measured or billed costs. */
function lacking(regions: readonly RegionReview[], part: "billed" | "measured", note: string): string[] {
  return regions
    .filter((region) => !region[part] && region.estimate.lines.length > 0)
    .map((region) => `${nameOf(region)}: ${note}.`);
}
