/** `npm run soak`: minutes or hours of faults. The tests have each of them once. */
import { InvalidArgumentError, Option } from "commander";
import { commandLine } from "../../scripts/command/command-line.ts";
import { runSteps } from "../../scripts/command/steps.ts";
import { bringWhatTestsNeed } from "../setup/needs.ts";
import { soak } from "./soak.ts";

const command = commandLine("npm run soak --")
  .description(
    "Starts a cache with a small disk on this machine, lets clients pull more than it can hold, and breaks its upstream and its own parts in random order. It checks each answer, and prints each violation.",
  )
  .addOption(
    new Option("--minutes <minutes>", "how long the faults last, at least").default(60).argParser(minutes),
  )
  .addOption(
    new Option("--seed <seed>", "repeats the faults of another run, which printed its seed")
      .default(Date.now() % 1_000_000, "another one each time")
      .argParser(seed),
  )
  .addHelpText("after", "\nExit code: 0 success; 1 a violation; 2 wrong usage.");

function minutes(text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError("It must be a number above 0.");
}

function seed(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a whole number.");
}

const options = command.parse().opts<{ minutes: number; seed: number }>();

await runSteps(async () => {
  await bringWhatTestsNeed(["test/soak/"]);
  const { violations, summary } = await soak({ ...options, say: console.log });
  console.log([summary, ...violations].join("\n"));
  process.exitCode = violations.length > 0 ? 1 : 0;
});
