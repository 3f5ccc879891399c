import type { Problem } from "../../components/config/problems.ts";
import type { Arguments } from "./arguments.ts";
import { whyOf } from "./causes.ts";
import { curveOf } from "./curve.ts";
import { type BilledSums, billedFor, leftOver, readFocus } from "./focus.ts";
import { type MeasuredUsages, measuredCost, measureUsage, usageKey } from "./measured.ts";
import { prometheusAt } from "./prometheus.ts";
import { isSameRegion, nameOf, type RegionReview, type Review, type StackRegion } from "./review.ts";
import { fromBackend, fromFiles, fromRevision, type Scope, type Source } from "./sources.ts";

/** Of less than this, a month can't be told. */
const leastHours = 1;

/** Gathers what is reported. What can't be had is among the review's problems, and the rest is there all the same. */
export async function collect(wanted: Arguments, scope: Scope): Promise<Review> {
  const files = await fromFiles(scope);
  const present = wanted.backend ? await fromBackend(scope, files) : files;
  const base = wanted.base === undefined ? undefined : await fromRevision(wanted.base, scope);
  const measured = await measuredBy(wanted.prometheus, scope);
  const exported = await billedBy(wanted.focus, scope);
  const regions = present.regions.map(({ stack, estimate }): RegionReview => {
    const isAlone = present.regions.filter((other) => other.stack === stack).length === 1;
    const billed = exported && billedFor(exported.sums, stack, estimate.region, isAlone);
    const isIt = (other: StackRegion) => isSameRegion(other, { stack, estimate });
    const configured = files.regions.find(isIt);
    const optionsBy = configured?.optionsBy;
    const past = base?.regions.find(isIt);
    const usage = measured?.usages.get(usageKey(estimate));
    if (wanted.format === "html") scope.progress(`${nameOf({ stack, estimate })}: cost against volume`);
    const curve = wanted.format === "html" && optionsBy ? curveOf(estimate, optionsBy) : undefined;
    return {
      stack,
      estimate,
      ...(past && { past: past.estimate }),
      ...(past && configured && { why: whyOf(past.inputs, configured.inputs) }),
      ...(configured && usage && usage.hours >= leastHours && { measured: measuredCost(usage, configured) }),
      ...(billed && { billed }),
      ...(billed && configured?.nodesUntagged && { nodesUntagged: true }),
      ...(curve && { curve }),
    };
  });
  const isCompared = base !== undefined && base.problems.length === 0;
  return {
    date: scope.today,
    origin: present.origin,
    regions,
    ...(isCompared && wanted.base !== undefined && { base: wanted.base }),
    removed: (base?.regions ?? []).filter((region) => isRemoved(region, present)),
    unread: {
      now: present.unread,
      base: (base?.unread ?? []).filter((name) => !present.unread.includes(name)),
    },
    problems: [
      ...present.problems,
      ...(base?.problems ?? []),
      ...(measured?.problems ?? []),
      ...(exported?.problems ?? []),
    ],
    notes: [
      ...present.notes,
      ...(base?.notes ?? []),
      ...(measured
        ? lacking(
            regions,
            "measured",
            `not measured for ${leastHours} h or more, so the assumed usage stands`,
          )
        : []),
      ...(exported && exported.problems.length === 0
        ? [
            ...lacking(regions, "billed", "the export has no usage with the tags of its stack"),
            ...notCounted(exported.sums, regions, scope),
          ]
        : []),
    ],
  };
}

/** Whether a region of the base isn't there any more. A stack whose file can't be read now isn't gone. */
function isRemoved(region: StackRegion, { regions, unread }: Source): boolean {
  return !unread.includes(region.stack) && !regions.some((other) => isSameRegion(other, region));
}

async function measuredBy(prometheus: URL | undefined, { progress }: Scope) {
  if (!prometheus) return undefined;
  progress("asking Prometheus for the measured usage");
  const none: MeasuredUsages = new Map();
  const { found, problems } = await orProblem("--prometheus", none, measureUsage(prometheusAt(prometheus)));
  return { usages: found, problems };
}

async function billedBy(files: readonly string[], { progress }: Scope) {
  if (files.length === 0) return undefined;
  progress(`reading ${files.join(", ")}`);
  const none: BilledSums = new Map();
  const { found, problems } = await orProblem("--focus", none, readFocus(files));
  return { sums: found, problems };
}

/** @param none what there is where it can't be had */
async function orProblem<Found>(path: string, none: Found, asked: Promise<Found>) {
  const problems: Problem[] = [];
  const found = await asked.catch((error: Error) => {
    problems.push({ path, message: error.message });
    return none;
  });
  return { found, problems };
}

/** Of the stacks that are asked for. */
function notCounted(
  sums: BilledSums,
  regions: readonly RegionReview[],
  { stacks }: Pick<Scope, "stacks">,
): string[] {
  const reported = regions.map(({ stack, estimate: { region } }) => ({ stack, region }));
  const asked = new Set(reported.map(({ stack }) => stack));
  const own = [...sums].filter(([key]) => stacks.length === 0 || asked.has(key.split("/")[0] ?? ""));
  return leftOver(new Map(own), reported);
}

/** A note for each region that has a bill and lacks something. */
function lacking(regions: readonly RegionReview[], part: "billed" | "measured", note: string): string[] {
  return regions
    .filter((region) => !region[part] && region.estimate.lines.length > 0)
    .map((region) => `${nameOf(region)}: ${note}.`);
}
