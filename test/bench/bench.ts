/** `npm run bench`: compares the cache with its parts and with what it replaces, all on this machine and within one run. Ratios can be compared between runs or machines, and absolute numbers can't. */
import { writeFile } from "node:fs/promises";
import { availableParallelism, cpus, loadavg, release } from "node:os";
import { parseArgs } from "node:util";
import { runSteps } from "../../scripts/command/steps.ts";
import { type Arena, startArena } from "./arena.ts";
import type { Measure } from "./measure.ts";
import { type Measurement, ratios, verdict } from "./measurement.ts";
import { boot } from "./measures/boot.ts";
import { coldPull } from "./measures/cold-pull.ts";
import { coldTrials } from "./measures/cold-trials.ts";
import { connections } from "./measures/connections.ts";
import { cost } from "./measures/cost.ts";
import { engines } from "./measures/engines.ts";
import { fanOut } from "./measures/fan-out.ts";
import { firstByte } from "./measures/first-byte.ts";
import { idle } from "./measures/idle.ts";
import { knownTag } from "./measures/known-tag.ts";
import { preview } from "./measures/preview.ts";
import { size } from "./measures/size.ts";
import { slowDisk } from "./measures/slow-disk.ts";
import { userData } from "./measures/user-data.ts";
import { warmBlob } from "./measures/warm-blob.ts";
import { warmTrials } from "./measures/warm-trials.ts";
import { renderTable } from "./report.ts";
import { summarize } from "./statistics.ts";

/** The measures, in the order in which they run. */
const measures: readonly Measure[] = [
  warmBlob,
  idle,
  knownTag,
  firstByte,
  coldPull,
  fanOut,
  preview,
  userData,
  cost,
];

/** The average number of runnable processes in a minute on an idle machine. */
const quietLoad = 0.5;

/** Measures that run only by name, because they take many minutes. */
const onRequest: readonly Measure[] = [boot, size, connections, engines, slowDisk, warmTrials, coldTrials];

const usage = `npm run bench -- [WORD …] [--quick] [--json FILE]
  WORD         only what has one of the words in its name: ${names(measures)};
               and only so: ${names(onRequest)}
  --engines    the same as the word engines: docs/engines.md
  --quick      small sizes, to see that all of it works: its numbers say nothing
  --json FILE  also write every repetition's values to FILE`;

function names(of: readonly Measure[]): string {
  return of.map(({ name }) => name).join(", ");
}

async function measureAll(chosen: readonly Measure[], quick: boolean): Promise<Measurement[]> {
  await using started = new AsyncDisposableStack();
  process.once("SIGINT", () => started.disposeAsync().finally(() => process.exit(130)));
  let arena: Promise<Arena> | undefined;
  const bench = {
    quick,
    arena() {
      arena ??= startArena(started, quick);
      return arena;
    },
  };
  const measurements: Measurement[] = [];
  for (const { measure } of chosen) measurements.push(...(await measure(bench)));
  return measurements;
}

/** The output of `--json`. The series are in the order of the repetitions. */
function toJson(
  quick: boolean,
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
    verdict: verdict(measurement),
  }));
  return `${JSON.stringify({ date: new Date().toISOString(), machine, loadAtStart, quick, results }, null, 2)}\n`;
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
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: "boolean", default: false },
      json: { type: "string" },
      engines: { type: "boolean", default: false },
      help: { type: "boolean" },
    },
  });
  if (values.help) return console.log(usage);
  const words = values.engines ? [...positionals, engines.name] : positionals;
  const named = ({ name }: Measure) => words.some((word) => name.includes(word));
  const chosen = words.length === 0 ? measures : [...measures, ...onRequest].filter(named);
  if (chosen.length === 0) {
    console.error(usage);
    process.exitCode = 2;
    return;
  }
  const loadAtStart = loadavg();
  const [load = 0] = loadAtStart;
  if (load > quietLoad) {
    console.error(`Other programs are running (load ${load.toFixed(1)}): more results will be undecided.`);
  }
  const measurements = await measureAll(chosen, values.quick);
  console.log(renderTable(measurements));
  if (values.json !== undefined) {
    await writeFile(values.json, toJson(values.quick, loadAtStart, measurements));
  }
}

await runSteps(main);
