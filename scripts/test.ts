/**
 * Brings what the tests need, and runs all of them.
 * Usage: npm test [-- WORD …]: with words, only the test files whose path contains one of them
 */
import { globSync } from "node:fs";
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

/** After all others, as they take longest: they emulate whole machines. */
const last = "test/boot/";

const words = process.argv.slice(2);
const files = globSync("test/**/*.test.ts").filter(
  (file) => words.length === 0 || words.some((word) => file.includes(word)),
);
if (files.length === 0) {
  console.error(`No test file has ${words.join(" or ")} in its path.`);
  process.exit(2);
}
const isLast = (file: string) => file.startsWith(last);

await runSteps(async () => {
  await ensurePodman();
  await ensureEngine();
  await ensureImages(defaultImages);
  await ensureTestTools();
  const signal = AbortSignal.timeout(allMinutes * 60_000);
  const passed =
    (await pass(
      files.filter((file) => !isLast(file)),
      signal,
    )) && (await pass(files.filter(isLast), signal));
  process.exitCode = passed ? 0 : 1;
});

async function pass(files: readonly string[], cancelSignal: AbortSignal): Promise<boolean> {
  if (files.length === 0) return true;
  // One file at a time: they share the machine's ports, podman and processor.
  const options = ["--test", "--test-concurrency=1", `--test-timeout=${testMinutes * 60_000}`];
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
