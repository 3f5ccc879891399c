/** Updates the price book from the clouds' own price lists and prints the changes. Nothing else in the project queries these lists: `npm run prices -- --help`. */
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Argument, type Command } from "commander";
import { currentDate } from "../components/cost/date.ts";
import { listPrices, type PricedCloud } from "../components/cost/prices/price-book.ts";
import { commandLine } from "./command/command-line.ts";
import { runSteps, step } from "./command/steps.ts";
import { readStackFiles } from "./fleet/stack-files.ts";
import type { Answer } from "./prices/answer.ts";
import { askAws, awsQueries } from "./prices/aws.ts";
import { askAzure, azureQueries } from "./prices/azure.ts";
import { type ApiSource, changesTable, pricedRegions, type Renewal, renewed } from "./prices/renewal.ts";

interface PriceList {
  ask(regions: readonly string[]): Promise<Answer[]>;
  readonly source: ApiSource;
}

const lists: Readonly<Record<PricedCloud, PriceList>> = {
  aws: {
    ask: (regions) => askAws(awsQueries(regions)),
    source: {
      key: "aws-price-list",
      name: "AWS Price List Query API",
      url: "https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-price-list-query-api.html",
    },
  },
  azure: {
    ask: (regions) => askAzure(azureQueries(regions)),
    source: {
      key: "azure-retail-prices",
      name: "Azure Retail Prices API",
      url: "https://learn.microsoft.com/rest/api/cost-management/retail-prices/azure-retail-prices",
    },
  },
};

const clouds = Object.keys(lists) as PricedCloud[];

await commandLine("npm run prices --")
  .description("Renew the prices in components/cost/prices from the clouds' own lists: docs/cost.md")
  .addArgument(new Argument("[cloud]", "only the prices of this one").choices(clouds))
  .option("--region <region...>", "only these, of one cloud; otherwise those of the file and of all stacks")
  .option("--dry-run", "show what would change, and write nothing", false)
  .showHelpAfterError()
  .action(async (cloud: PricedCloud | undefined, options: Options, command: Command) => {
    if (options.region && !cloud) command.error("error: --region takes one cloud: aws or azure");
    await runSteps(async () => {
      for (const one of cloud ? [cloud] : clouds) await renew(one, options);
    });
  })
  .parseAsync();

interface Options {
  readonly region?: readonly string[];
  readonly dryRun: boolean;
}

async function renew(cloud: PricedCloud, { region, dryRun }: Options): Promise<void> {
  const renewal = await renewedBook(cloud, region);
  if (!renewal) return;
  console.log(changesTable(renewal));
  if (dryRun) return;
  const file = fileURLToPath(new URL(`../components/cost/prices/${cloud}.json`, import.meta.url));
  await step("Writing the prices", "see with git whether the file has changed", async (run) => {
    await writeFile(file, JSON.stringify(renewal.prices));
    await run(fileURLToPath(new URL("../node_modules/.bin/biome", import.meta.url)), [
      "format",
      "--write",
      file,
    ]);
  });
}

/** @returns undefined if the cloud's list can't be read */
async function renewedBook(
  cloud: PricedCloud,
  wanted: readonly string[] | undefined,
): Promise<Renewal | undefined> {
  const { ask, source } = lists[cloud];
  const book = listPrices[cloud];
  try {
    const regions = wanted ?? pricedRegions(cloud, book, await readStackFiles(process.cwd(), []));
    console.error(`Asking the ${source.name} for ${regions.join(", ")} …`);
    return renewed(book, await ask(regions), source, currentDate());
  } catch (error) {
    const { message, cause } = error as Error;
    const why = cause instanceof Error ? `${message}: ${cause.message}` : message;
    console.error(`The ${source.name} can't be read, so its prices stay as they are: ${why}`);
    process.exitCode = 1;
    return undefined;
  }
}
