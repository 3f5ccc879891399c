/** `npm run soak`: minutes or hours of faults, which the gate has two minutes of. */
import { parseArgs } from "node:util";
import { runSteps } from "../../scripts/setup/steps.ts";
import { bringWhatTestsNeed } from "../setup/needs.ts";
import { soak } from "./soak.ts";

const usage = "npm run soak -- [--minutes 60] [--seed N: repeats the faults of another run]";

await runSteps(async () => {
  const { values } = parseArgs({
    options: {
      minutes: { type: "string", default: "60" },
      seed: { type: "string", default: String(Date.now() % 1_000_000) },
      help: { type: "boolean", default: false },
    },
  });
  const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
  if (values.help || !(minutes > 0) || !Number.isInteger(seed)) {
    console[values.help ? "log" : "error"](usage);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  await bringWhatTestsNeed(["test/soak/"]);
  const { violations, summary } = await soak({ minutes, seed, say: console.log });
  console.log([summary, ...violations].join("\n"));
  process.exitCode = violations.length > 0 ? 1 : 0;
});
