/** `npm run base-image -- --help`, and docs/images.md#base-images. */
import { Command } from "commander";
import { baseImage } from "./base-image/render.ts";
import { configurationsOf } from "./fleet/configurations.ts";
import { readStackFiles } from "./fleet/stack-files.ts";
import { runSteps } from "./setup/steps.ts";
import { usageExit } from "./usage-exit.ts";

const program = new Command("npm run --silent base-image --")
  .description(
    "Prints a shell script that makes a base image for the machine of a region: docs/images.md#base-images.",
  )
  .requiredOption("--stack <stack>", "name of the stack")
  .option("--region <region>", "one of its regions. Default: the only one")
  .exitOverride(usageExit)
  .parse();

const { stack, region } = program.opts<{ stack: string; region?: string }>();
await runSteps(async () => {
  const { configurations, problems } = configurationsOf(await readStackFiles(process.cwd(), [stack]));
  const [configuration] = configurations;
  if (configuration) {
    try {
      process.stdout.write(baseImage(configuration.config, region));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      problems.push({ path: configuration.path, message: error.message });
    }
  }
  for (const { path, message } of problems) console.error(`✗ ${path}: ${message}`);
  if (problems.length > 0) process.exitCode = 1;
});
