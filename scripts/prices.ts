/**
 * Renews the price book from the clouds' own price lists, and shows what changed. Nothing else in the project asks them.
 * Usage: npm run prices [-- aws|azure] [--region REGION …] [--dry-run]
 */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { execa } from "execa";
import type { Cloud } from "../components/capacity/machine.ts";
import { listPrices } from "../components/cost/prices/price-book.ts";
import { readStackFiles } from "./fleet/stack-files.ts";
import type { Answer } from "./prices/answer.ts";
import { askAws } from "./prices/aws.ts";
import { awsQueries } from "./prices/aws-queries.ts";
import { askAzure } from "./prices/azure.ts";
import { azureQueries } from "./prices/azure-queries.ts";
import { changesTable } from "./prices/changes-table.ts";
import { pricedRegions } from "./prices/priced-regions.ts";
import { type ApiSource, renewed } from "./prices/renewal.ts";

interface PriceList {
  ask(regions: readonly string[]): Promise<Answer[]>;
  readonly title: string;
  readonly source: ApiSource;
}

const lists: Readonly<Record<Cloud, PriceList>> = {
  aws: {
    ask: (regions) => askAws(awsQueries(regions)),
    title: "AWS Price List",
    source: {
      key: "aws-price-list",
      name: "AWS Price List Query API",
      url: "https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-price-list-query-api.html",
    },
  },
  azure: {
    ask: (regions) => askAzure(azureQueries(regions)),
    title: "Azure Retail Prices",
    source: {
      key: "azure-retail-prices",
      name: "Azure Retail Prices API",
      url: "https://learn.microsoft.com/rest/api/cost-management/retail-prices/azure-retail-prices",
    },
  },
};

const { values, positionals } = parseArgs({
  options: {
    "dry-run": { type: "boolean", default: false },
    region: { type: "string", multiple: true },
  },
  allowPositionals: true,
});
const stacks = await readStackFiles(process.cwd(), []);

async function renew(cloud: Cloud, isDry: boolean): Promise<void> {
  const { ask, title, source } = lists[cloud];
  const regions = values.region ?? pricedRegions(cloud, listPrices[cloud], stacks);
  console.error(`Asking the ${title} for ${regions.join(", ")} …`);
  const renewal = renewed(
    listPrices[cloud],
    await ask(regions),
    source,
    new Date().toISOString().slice(0, 10),
  );
  console.log(changesTable(renewal));
  if (isDry) return;
  const file = new URL(`../components/cost/prices/${cloud}.json`, import.meta.url);
  await writeFile(file, JSON.stringify(renewal.prices));
  await execa("biome", ["format", "--write", file.pathname], { preferLocal: true });
}

const unknown = positionals.filter((name) => !Object.hasOwn(lists, name));
if (unknown.length > 0 || (values.region && positionals.length !== 1)) {
  console.error(
    unknown.length > 0
      ? `${unknown.join(", ")}: neither aws nor azure`
      : "--region takes one cloud: aws or azure",
  );
  process.exitCode = 2;
} else {
  const clouds = Object.keys(lists) as Cloud[];
  for (const cloud of clouds.filter((name) => positionals.length === 0 || positionals.includes(name))) {
    try {
      await renew(cloud, values["dry-run"]);
    } catch (error) {
      const { message, cause } = error as Error;
      const why = cause instanceof Error ? `${message}: ${cause.message}` : message;
      console.error(`The ${lists[cloud].title} can't be asked, and its prices stay as they are: ${why}`);
      process.exitCode = 1;
    }
  }
}
