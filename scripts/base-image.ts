/** `npm run base-image -- --help`, and docs/images.md#base-images. */
import { baseImage } from "./base-image/render.ts";
import { commandLine } from "./command/command-line.ts";
import { runSteps, StepError } from "./command/steps.ts";
import { configurationOf } from "./fleet/configurations.ts";

interface Options {
  readonly stack: string;
  readonly region?: string;
}

const program = commandLine("npm run --silent base-image --")
  .description(
    "Prints a shell script that makes a base image for the machine of a region: docs/images.md#base-images.",
  )
  .requiredOption("--stack <stack>", "name of the stack")
  .option("--region <region>", "one of its regions. Default: the only one")
  .action((options: Options) => runSteps(() => print(options)));

await program.parseAsync();

async function print({ stack, region }: Options): Promise<void> {
  const { config, path } = await configurationOf(process.cwd(), stack);
  try {
    process.stdout.write(baseImage(config, region));
  } catch (error) {
    throw error instanceof RangeError ? new StepError(`${path}: ${error.message}`) : error;
  }
}
