/**
 * Prints a shell script that makes a base image for the machine of a region: docs/images.md#base-images.
 * Usage: npm run --silent base-image -- --stack STACK [--region REGION]
 */
import { parseArgs } from "node:util";
import { baseImage } from "./base-image/render.ts";
import { configurationsOf } from "./fleet/configurations.ts";
import { readStackFiles } from "./fleet/stack-files.ts";

const usage = "Usage: npm run --silent base-image -- --stack STACK [--region REGION]";

const { stack, region } = parse();
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

function parse(): { stack: string; region: string | undefined } {
  try {
    const { stack, region, help } = parseArgs({
      options: { stack: { type: "string" }, region: { type: "string" }, help: { type: "boolean" } },
    }).values;
    if (help) {
      console.log(usage);
      process.exit(0);
    }
    if (stack === undefined) throw new Error("--stack is missing");
    return { stack, region };
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    process.exit(2);
  }
}
