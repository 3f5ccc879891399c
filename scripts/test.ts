/**
 * Brings what the tests need, and runs all of them.
 * Usage: npm test [-- WORD …]: with words, only the test files whose path contains one of them
 */
import { globSync } from "node:fs";
import { availableParallelism } from "node:os";
import { execa } from "execa";
import { defaultImages } from "../components/pod/images.ts";
import { ensureEngine } from "./setup/engine.ts";
import { ensureImages } from "./setup/images.ts";
import { ensurePodman } from "./setup/podman.ts";
import { runSteps } from "./setup/steps.ts";
import { ensureTestTools } from "./setup/test-tools.ts";

/** After this time a test has failed, unless it has a limit of its own, and after the other one all of them. */
const testMinutes = 10;
const allMinutes = 80;

/** Need nothing of the machine but processors, so they run beside each other. */
const pure = ["unit", "graph", "golden", "doubles", "static"].map((level) => `test/${level}/`);
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
  process.exitCode = passed ? 0 : 1;
});

interface Running {
  /** Ends them. */
  readonly signal: AbortSignal;
  /** How many files run at the same time. */
  readonly concurrency: number;
}

async function passes(
  files: readonly string[],
  { signal: cancelSignal, concurrency }: Running,
): Promise<boolean> {
  if (files.length === 0) return true;
  const options = ["--test", `--test-concurrency=${concurrency}`, `--test-timeout=${testMinutes * 60_000}`];
  const { failed } = await execa("node", [...options, ...files], {
    preferLocal: true,
    stdin: "ignore",
    stdout: "inherit",
    stderr: "inherit",
    reject: false,
    cancelSignal,
  });
  return !failed;
}
