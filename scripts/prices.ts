/**
 * Renews the price book from the clouds' own price lists, and shows what changed. Nothing else in the project asks them.
 * Usage: npm run prices [-- aws|azure] [--dry-run]
 */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { execa } from "execa";
import type { Cloud } from "../components/capacity/machine.ts";
import { listPrices } from "../components/cost/prices/price-book.ts";
import type { Answer } from "./prices/answer.ts";
import { askAws } from "./prices/aws.ts";
import { askAzure } from "./prices/azure.ts";
import { changesTable } from "./prices/changes-table.ts";
import { type ApiSource, renewed } from "./prices/renewal.ts";

const lists: Readonly<Record<Cloud, { ask(): Promise<Answer[]>; title: string; source: ApiSource }>> = {
  aws: {
    ask: askAws,
    title: "AWS Price List",
    source: {
      key: "aws-price-list",
      name: "AWS Price List Query API",
      url: "https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-price-list-query-api.html",
    },
  },
  azure: {
    ask: askAzure,
    title: "Azure Retail Prices",
    source: {
      key: "azure-retail-prices",
      name: "Azure Retail Prices API",
      url: "https://learn.microsoft.com/rest/api/cost-management/retail-prices/azure-retail-prices",
    },
  },
};

async function renew(cloud: Cloud, isDry: boolean): Promise<void> {
  const { ask, title, source } = lists[cloud];
  console.error(`Asking the ${title} …`);
  const renewal = renewed(listPrices[cloud], await ask(), source, new Date().toISOString().slice(0, 10));
  console.log(changesTable(renewal));
  if (isDry) return;
  const file = new URL(`../components/cost/prices/${cloud}.json`, import.meta.url);
  await writeFile(file, JSON.stringify(renewal.prices));
  await execa("biome", ["format", "--write", file.pathname], { preferLocal: true });
}

const { values, positionals } = parseArgs({
  options: { "dry-run": { type: "boolean", default: false } },
  allowPositionals: true,
});
const unknown = positionals.filter((name) => !Object.hasOwn(lists, name));
if (unknown.length > 0) {
  console.error(`${unknown.join(", ")}: neither aws nor azure`);
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
