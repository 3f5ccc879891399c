/**
 * Brings what the tests need, runs all of them, and says how long each file took.
 * Usage: npm test [-- WORD …]: with words, only the test files whose path contains one of them
 */
import { globSync } from "node:fs";
import { availableParallelism } from "node:os";
import { relative } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { defaultImages } from "../components/config/images.ts";
import { ensureEngine } from "./setup/engine.ts";
import { ensureImages } from "./setup/images.ts";
import { ensurePodman } from "./setup/podman.ts";
import { runSteps } from "./setup/steps.ts";
import { ensureTestTools } from "./setup/test-tools.ts";

/** After this time a test has failed, unless it has a limit of its own, and after the other one all of them. */
const testMinutes = 10;
const allMinutes = 80;

/** Need nothing of the machine but processors and free ports, so they run beside each other. The engine's are those whose clouds are doubles. */
const pure = [
  ...["unit", "graph", "golden", "doubles", "static"].map((level) => `test/${level}/`),
  ...["cloud-", "cluster-", "cost-backend", "upgrade"].map((name) => `test/engine/${name}`),
];
/** After all others, if those pass, as they take longest: they emulate whole machines. */
const last = ["test/boot/"];

const words = process.argv.slice(2);
const files = globSync("test/**/*.test.ts").filter(
  (file) => words.length === 0 || words.some((word) => file.includes(word)),
);
if (files.length === 0) {
  console.error(`No test file has ${words.join(" or ")} in its path.`);
  process.exit(2);
}
const among = (folders: readonly string[]) => (file: string) =>
  folders.some((folder) => file.startsWith(folder));

/** By test file, in seconds. */
const durations = new Map<string, number>();

await runSteps(async () => {
  await ensurePodman();
  await ensureEngine();
  await ensureImages(defaultImages);
  await ensureTestTools();
  const signal = AbortSignal.timeout(allMinutes * 60_000);
  const isPure = among(pure);
  const isLast = among(last);
  const results = [
    await passes(files.filter(isPure), { signal, concurrency: availableParallelism() }),
    // One file at a time: they share the machine's ports, podman and processors.
    await passes(
      files.filter((file) => !isPure(file) && !isLast(file)),
      { signal, concurrency: 1 },
    ),
  ];
  const passed = results.every(Boolean) && (await passes(files.filter(isLast), { signal, concurrency: 1 }));
  console.log(durationsTable());
  // The runner sets it too, where a test failed; where files are missing, it doesn't.
  process.exitCode = passed ? 0 : 1;
});

interface Running {
  /** Ends them. */
  readonly signal: AbortSignal;
  /** How many files run at the same time. */
  readonly concurrency: number;
}

async function passes(files: readonly string[], { signal, concurrency }: Running): Promise<boolean> {
  if (files.length === 0) return true;
  const tests = run({ files: [...files], concurrency, timeout: testMinutes * 60_000, signal });
  let passed = false;
  tests.on("test:summary", ({ file, duration_ms, success }) => {
    if (file === undefined) passed = success;
    else durations.set(relative(".", file), duration_ms / 1000);
  });
  for await (const text of tests.compose(new spec())) process.stdout.write(text);
  return passed;
}

/** Slowest first. */
function durationsTable(): string {
  const slowestFirst = [...durations].sort(([, one], [, other]) => other - one);
  const total = slowestFirst.reduce((sum, [, seconds]) => sum + seconds, 0);
  return [...slowestFirst, ["in total", total] as const]
    .map(([what, seconds]) => `${seconds.toFixed(1).padStart(8)} s  ${what}`)
    .join("\n");
}
