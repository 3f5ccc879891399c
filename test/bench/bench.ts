/**
 * `npm run bench`: the cache beside what it's made of and what it replaces, all on this machine and within one run. Numbers of two runs, or of two
 * machines, don't compare; the ratios do.
 */
import { writeFile } from "node:fs/promises";
import { availableParallelism, cpus, loadavg, release } from "node:os";
import { parseArgs } from "node:util";
import { aptInstall, hasProgram } from "../../scripts/setup/apt.ts";
import { ensurePodman } from "../../scripts/setup/podman.ts";
import { runSteps, step } from "../../scripts/setup/steps.ts";
import { direct, startDistribution, startLimit, startPod } from "./contestants.ts";
import { startFarUpstream } from "./far-upstream.ts";
import { pullSeconds } from "./load.ts";
import { type Measurement, ratios, reaches } from "./measurement.ts";
import { coldPull, fanOut, firstByte, knownTag, pullOf, untilVerified, warmBlob } from "./measures.ts";
import { progress, renderTable } from "./report.ts";
import { summarize } from "./statistics.ts";

const usage = `npm run bench -- [--quick] [--json FILE]
  --quick      small sizes, to see that all of it works: its numbers say nothing
  --json FILE  also write every repetition's values to FILE`;

const full = {
  blobMB: 200,
  freshnessSeconds: 5,
  tag: { requests: 500, everyMs: 20 },
  warm: { clients: 4, times: 1, repetitions: 5 },
  firstByte: { blobMB: 5, repetitions: 7 },
  coldPull: { repetitions: 3 },
  fanOuts: [
    { clients: 16, repetitions: 1 },
    { clients: 64, repetitions: 1 },
  ],
};

const quick: typeof full = {
  blobMB: 20,
  freshnessSeconds: 5,
  tag: { requests: 50, everyMs: 20 },
  warm: { clients: 2, times: 2, repetitions: 1 },
  firstByte: { blobMB: 1, repetitions: 2 },
  coldPull: { repetitions: 1 },
  fanOuts: [{ clients: 16, repetitions: 1 }],
};

async function measureAll(sizes: typeof full): Promise<Measurement[]> {
  await using started = new AsyncDisposableStack();
  process.once("SIGINT", () => started.disposeAsync().finally(() => process.exit(130)));
  progress("starting the upstream and the contestants");
  const upstream = started.use(await startFarUpstream());
  const pod = started.use(await startPod(upstream, sizes.freshnessSeconds));
  const distribution = started.use(await startDistribution(upstream));
  const warm = await upstream.publish(sizes.blobMB);
  const path = pullOf(pod, upstream, warm).url.pathname;
  const limit = started.use(await startLimit({ edge: pod.edge, path, file: upstream.file(warm) }));
  for (const contestant of [pod, distribution, limit]) {
    await pullSeconds(pullOf(contestant, upstream, warm), 1);
  }
  await untilVerified(pod);

  const arena = { upstream, pod, distribution, direct: direct(upstream), limit, warm };
  const { blobMB, freshnessSeconds } = sizes;
  const measurements = [
    ...(await warmBlob(arena, sizes.warm)),
    ...(await knownTag(arena, { ...sizes.tag, freshnessSeconds })),
    ...(await firstByte(arena, sizes.firstByte)),
  ];
  for (const distance of [{ roundTripMs: 30, megabytesPerSecond: 100 }, { roundTripMs: 30 }]) {
    measurements.push(...(await coldPull(arena, { ...sizes.coldPull, blobMB, distance })));
  }
  for (const clients of sizes.fanOuts) {
    measurements.push(...(await fanOut(arena, { ...clients, blobMB })));
  }
  return measurements;
}

/** What `--json` writes; the series are in the order of the repetitions. */
function toJson(
  sizes: typeof full,
  loadAtStart: readonly number[],
  measurements: readonly Measurement[],
): string {
  const machine = {
    cpu: cpus()[0]?.model,
    cpus: availableParallelism(),
    kernel: release(),
    node: process.version,
  };
  const results = measurements.map((measurement) => ({
    ...measurement,
    summaries: mapValues(measurement.series, summarize),
    ratios: mapValues(measurement.series, (_, name) => ratios(measurement, name)),
    reached: reaches(measurement),
  }));
  return `${JSON.stringify({ date: new Date().toISOString(), machine, loadAtStart, sizes, results }, null, 2)}\n`;
}

function mapValues<Name extends string, Value, Result>(
  values: Partial<Readonly<Record<Name, Value>>>,
  map: (value: Value, name: Name) => Result,
): Partial<Record<Name, Result>> {
  const entries = Object.entries(values) as [Name, Value][];
  return Object.fromEntries(entries.map(([name, value]) => [name, map(value, name)])) as Partial<
    Record<Name, Result>
  >;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      json: { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (values.help) return console.log(usage);
  const sizes = values.quick ? quick : full;
  await ensurePodman();
  if (!(await hasProgram("curl"))) {
    await step("Installing curl", "install curl by hand", (run) => aptInstall(["curl"], "curl", run));
  }
  const loadAtStart = loadavg();
  const measurements = await measureAll(sizes);
  console.log(renderTable(measurements));
  if (values.json !== undefined) await writeFile(values.json, toJson(sizes, loadAtStart, measurements));
}

await runSteps(main);
