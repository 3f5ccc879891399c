/**
 * Brings what the tests need, and runs all of them.
 * Usage: npm test [-- WORD …]: with words, only the test files whose path contains one of them; `boot` also those that boot machines
 */
import { globSync } from "node:fs";
import { execa } from "execa";
import { defaultImages } from "../components/pod/images.ts";
import { ensureEngine } from "./setup/engine.ts";
import { ensureImages } from "./setup/images.ts";
import { ensurePodman } from "./setup/podman.ts";
import { runSteps } from "./setup/steps.ts";
import { ensureTestTools } from "./setup/test-tools.ts";

/** After this time a test has failed, and after the other one all of them. */
const testMinutes = 10;
const allMinutes = 75;

/** Only by their name: they emulate whole machines for a quarter of an hour. */
const onRequest = "test/boot/";

const words = process.argv.slice(2);
const files = globSync("test/**/*.test.ts").filter((file) =>
  words.length === 0 ? !file.startsWith(onRequest) : words.some((word) => file.includes(word)),
);
if (files.length === 0) {
  console.error(`No test file has ${words.join(" or ")} in its path.`);
  process.exit(2);
}

if (words.length === 0) console.error(`Not run: ${onRequest}; \`npm test -- boot\` does.`);

await runSteps(async () => {
  await ensurePodman();
  await ensureEngine();
  await ensureImages(defaultImages);
  await ensureTestTools();
  // One file at a time: they share the machine's ports, podman and processor.
  const options = ["--test", "--test-concurrency=1", `--test-timeout=${testMinutes * 60_000}`];
  const { exitCode } = await execa("node", [...options, ...files], {
    preferLocal: true,
    stdin: "ignore",
    stdout: "inherit",
    stderr: "inherit",
    reject: false,
    timeout: allMinutes * 60_000,
  });
  process.exitCode = exitCode ?? 1;
});
