import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { Item } from "../../components/cost/prices/price-book.ts";
import { type Answer, type Counting, offer } from "./answer.ts";

/** What is read of a row: https://learn.microsoft.com/rest/api/cost-management/retail-prices/azure-retail-prices */
const row = z.object({
  currencyCode: z.string(),
  tierMinimumUnits: z.number(),
  retailPrice: z.number(),
  armSkuName: z.string().nullish(),
  productName: z.string(),
  skuName: z.string(),
  meterName: z.string(),
  unitOfMeasure: z.string(),
  type: z.string(),
});

export type AzureRow = z.output<typeof row>;

/** What to ask Azure's Retail Prices API for, and what the answer means. */
export interface AzureQuery extends Counting {
  /** Or `*`. */
  readonly region: string;
  /** OData; case counts. */
  readonly filter: string;
  /** What a row is the price of; undefined for a row that isn't meant. OData can't exclude, so this does. */
  readonly itemOf: (row: AzureRow) => Item | undefined;
}

const page = z.object({ Items: z.array(row), NextPageLink: z.string().nullish() });

export interface AzureOptions {
  /** @default Azure's own */
  readonly address?: string;
  /** How long to wait when asked to slow down. @default a minute, over which Azure counts */
  readonly pauseMs?: number;
}

const attempts = 3;

/**
 * Asks Azure's Retail Prices API, which anybody may.
 * @throws Error if it can't be reached or doesn't answer.
 */
export async function askAzure(
  queries: readonly AzureQuery[],
  { address = "https://prices.azure.com/api/retail/prices", pauseMs = 60_000 }: AzureOptions = {},
): Promise<Answer[]> {
  const pages = new Map<string, AzureRow[]>();
  const answers: Answer[] = [];
  for (const query of queries) {
    const rows = pages.get(query.filter) ?? (await rowsOf(address, query.filter, pauseMs));
    pages.set(query.filter, rows);
    answers.push(...answersTo(query, rows));
  }
  return answers;
}

async function rowsOf(address: string, filter: string, pauseMs: number): Promise<AzureRow[]> {
  const start = new URL(address);
  start.searchParams.set("api-version", "2023-01-01-preview");
  start.searchParams.set("currencyCode", "'USD'");
  start.searchParams.set("$filter", filter);
  const rows: AzureRow[] = [];
  let next: string | null | undefined = start.href;
  while (next) {
    const { Items, NextPageLink } = page.parse(await (await get(next, pauseMs)).json());
    rows.push(...Items);
    next = NextPageLink;
  }
  return rows;
}

async function get(url: string, pauseMs: number): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(url);
    if (response.ok) return response;
    if (response.status !== 429 || attempt === attempts) {
      throw new Error(`${new URL(url).host} answers ${response.status} ${response.statusText}`);
    }
    await sleep(pauseMs);
  }
}

/** The answers to a query, from the rows of all its pages. */
function answersTo(query: AzureQuery, rows: readonly AzureRow[]): Answer[] {
  const consumed = rows.filter(({ type }) => type === "Consumption");
  return [...Map.groupBy(consumed, query.itemOf)].flatMap(([item, those]) => {
    if (!item) return [];
    const steps = those.map(({ unitOfMeasure, currencyCode, tierMinimumUnits, retailPrice }) => ({
      unit: unitOfMeasure,
      currency: currencyCode,
      from: tierMinimumUnits,
      price: retailPrice,
    }));
    return [{ region: query.region, item, ...offer([steps], query) }];
  });
}
