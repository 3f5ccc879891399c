/** Installs what the chosen tests need, runs them, and prints the duration of each file: `npm test -- --help`. */
import { globSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, join, relative } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { inspect } from "node:util";
import { commandLine } from "../scripts/command/command-line.ts";
import { runSteps } from "../scripts/command/steps.ts";
import { beforeTests } from "../scripts/setup/before-tests.ts";
import failedTests from "../scripts/setup/failed-tests.ts";
import { bringWhatTestsNeed } from "./setup/needs.ts";
import { lackingForNodes } from "./support/nodes/isolated.ts";
import { startWarmPrograms } from "./support/warm-program.ts";

/** Time limits: of one test without a limit of its own, and of the whole run. */
const testMinutes = 10;
const allMinutes = 60;

/** Tests of whole machines, which `npm run test:boot` runs: emulated ones with one processor each, and Kubernetes nodes. They run last, one per processor at a time. */
const machines = ["test/boot/", "test/nodes/"];
/** Left out on machines that can't run real nodes. */
const nodes = "test/nodes/";
/** Tests of stacks under the real engine. */
const engine = "test/engine/";
/** Run alone, after the other tests, because they measure how long a change interrupts clients. */
const alone = ["test/e2e/live-changes"];
/**
 * Each of these groups runs in one process, because loading the SDKs takes longer than most files' tests. Files with hooks for Pulumi's mocks have their own, and so have
 * files that start processes, because that takes a small process less time.
 */
const quick = [["test/unit/", "test/golden/", "test/doubles/"], ["test/graph/"], ["test/processes/"]];
const inOneProcess = "test/in-one-process.ts";
/** Tests of real programs. On a busy machine, a wait in them can be too short. If at most this many files fail, they run again, alone, and the second result counts. */
const realPrograms = [...machines, "test/e2e/", engine, "test/bench/", "test/soak/"];
const maxFilesAgain = 5;
/** Start first, so that the run doesn't wait for them at its end. */
const long = [
  ...["test/nodes/workload", "test/boot/"],
  ...["alerts", "apply", "budget", "fallback."].map((name) => `test/e2e/${name}`),
  ...["test/bench/", "test/soak/soak", "test/programs/vm-follow"],
  ...[
    ...["cluster-lifecycle", "kubernetes", "cloud-lost-state", "cloud-lifecycle", "cloud-changes"],
    ...["rights", "pipeline-up", "upgrade"],
  ].map((name) => `test/engine/${name}`),
];

const among = (paths: readonly string[]) => (file: string) => paths.some((path) => file.startsWith(path));
const isAlone = among(alone);
const isMachine = among(machines);
const isQuick = among(quick.flat());
const isLong = among(long);

const { args: words } = commandLine("npm test --")
  .description("Runs all tests but those of whole machines.")
  .argument("[word...]", "runs the test files whose path contains one of these")
  .parse();
const chosen = globSync("test/**/*.test.ts").filter((file) =>
  words.length === 0 ? !isMachine(file) : words.some((word) => file.includes(word)),
);
const lacking = chosen.some(among([nodes])) ? await lackingForNodes() : undefined;
if (lacking !== undefined) console.log(`${nodes} is left out: real nodes need ${lacking}.`);
const files = lacking === undefined ? chosen : chosen.filter((file) => !file.startsWith(nodes));
if (chosen.length === 0) {
  console.error(`No test file has ${words.join(" or ")} in its path.`);
  process.exit(2);
}

// Processes share their compiled code: https://nodejs.org/docs/latest-v24.x/api/cli.html#node_compile_cachedir
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, "..", "node_modules", ".cache", "compiled");
// Go's garbage collector runs less often. The engine's commands and tsc take a quarter less processor time, and more memory. https://go.dev/doc/gc-guide#GOGC
process.env.GOGC ??= "400";

/** Duration in seconds by test file. */
const durations = new Map<string, number>();
/** The failures as text, each with its file. */
const failures: string[] = [];

await runSteps(async () => {
  await bringWhatTestsNeed(files);
  if (files.some(among([engine]))) await startWarmPrograms(availableParallelism() + 2);
  const signal = AbortSignal.timeout(allMinutes * 60_000);
  // Sorted by file name instead of folder, so that tests that compute run beside tests that wait.
  const inOrder = (of: (file: string) => boolean) =>
    files
      .filter(of)
      .sort((a, b) => Number(isLong(b)) - Number(isLong(a)) || (basename(a) < basename(b) ? -1 : 1));
  const beside = inOrder((file) => !isAlone(file) && !isMachine(file) && !isQuick(file));
  const together = quick.map((group) => failing(files.filter(among(group)), { signal, areTogether: true }));
  const failed = [
    ...(await Promise.all(together)).flat(),
    // One more than there are processors, because many tests wait most of the time.
    ...(await failing(beside, { signal, concurrency: availableParallelism() + 1 })),
    ...(await failing(files.filter(isAlone), { signal, concurrency: 1 })),
    ...(await failing(inOrder(isMachine), { signal, concurrency: availableParallelism() })),
  ];
  const again = failed.length <= maxFilesAgain && failed.every(among(realPrograms)) ? failed : [];
  if (again.length > 0) console.log(`Once more, alone: ${again.join(", ")}`);
  const failedAgain = await failing(again, { signal, concurrency: 1 });
  console.log([durationsTable(), ...failures].join("\n"));
  for (const file of again)
    console.log(`${file} ${failedAgain.includes(file) ? "failed twice" : "passed alone"}`);
  // The runner also sets it when a test failed.
  process.exitCode = failed.length > again.length || failedAgain.length > 0 ? 1 : 0;
});

interface Running {
  /** Aborts the run. */
  readonly signal: AbortSignal;
  /** How many files run at the same time. @default 1 */
  readonly concurrency?: number;
  /** Whether all run in one process, and only failures are printed. */
  readonly areTogether?: boolean;
}

/** Runs test files. @returns those that failed */
async function failing(
  chosen: readonly string[],
  { signal, concurrency = 1, areTogether = false }: Running,
): Promise<string[]> {
  if (chosen.length === 0) return [];
  const files = areTogether ? [inOneProcess] : [...chosen];
  const tests = run({
    files,
    argv: areTogether ? chosen : [],
    concurrency,
    timeout: testMinutes * 60_000,
    signal,
    execArgv: beforeTests,
  });
  const passed = new Set<string>();
  // The runner reports each file as a test of the file's name, which lasts as long as its process.
  tests.on("test:complete", ({ name, file = "", nesting, details }) => {
    const isFile = files.includes(name);
    const path = areTogether ? relative(".", file) : name;
    if (areTogether ? !isFile && nesting === 0 : isFile)
      durations.set(path, (durations.get(path) ?? 0) + details.duration_ms / 1000);
    if (isFile && details.passed) passed.add(name);
  });
  tests.on("test:fail", ({ name, file, details }) => {
    const { cause, failureType } = details.error as Error & { failureType?: string };
    if (failureType === "subtestsFailed") return;
    failures.push(`✖ ${file === undefined ? "" : `${relative(".", file)}: `}${name}\n${inspect(cause)}`);
  });
  const report = areTogether ? tests.compose(failedTests) : tests.compose(new spec());
  for await (const text of report) process.stdout.write(text);
  return files.filter((file) => !passed.has(file));
}

/** The durations of all files, slowest first, and their sum. */
function durationsTable(): string {
  const slowestFirst = [...durations].sort(([, one], [, other]) => other - one);
  const total = slowestFirst.reduce((sum, [, seconds]) => sum + seconds, 0);
  return [...slowestFirst, ["in total", total] as const]
    .map(([what, seconds]) => `${seconds.toFixed(1).padStart(8)} s  ${what}`)
    .join("\n");
}
