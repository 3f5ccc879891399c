import { z } from "zod";
import type { LineUnit } from "../../components/cost/line.ts";
import type { Item, Tier } from "../../components/cost/prices/price-book.ts";
import { type Answer, ambiguous, nothingFound } from "./answer.ts";

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
export interface AzureQuery {
  /** Or `*`. */
  readonly region: string;
  /** OData; case counts. */
  readonly filter: string;
  /** What a row is the price of; undefined for a row that isn't meant. OData can't exclude, so this does. */
  readonly itemOf: (row: AzureRow) => Item | undefined;
  /** The API's unit. Another one in an answer is a problem. */
  readonly listUnit: string;
  readonly unit: LineUnit;
  /** Whether all tiers are taken. @default the first alone */
  readonly tiered?: boolean;
}

/** One page. */
export const azurePage = z.object({ Items: z.array(row), NextPageLink: z.string().nullish() });

/** The answers to a query, from the rows of all its pages. */
export function azureAnswers(query: AzureQuery, rows: readonly AzureRow[]): Answer[] {
  const byItem = new Map<Item, AzureRow[]>();
  for (const row of rows) {
    const item = row.type === "Consumption" ? query.itemOf(row) : undefined;
    if (item) byItem.set(item, [...(byItem.get(item) ?? []), row]);
  }
  return [...byItem].map(([item, those]) => ({ region: query.region, item, ...priceOf(query, those) }));
}

function priceOf(query: AzureQuery, rows: readonly AzureRow[]): Pick<Answer, "price" | "problem"> {
  const { listUnit, unit, tiered = false } = query;
  const foreign = rows.find((row) => row.unitOfMeasure !== listUnit || row.currencyCode !== "USD");
  if (foreign) {
    const { unitOfMeasure, currencyCode } = foreign;
    return { problem: `in ${currencyCode} for ${unitOfMeasure}, not in USD for ${listUnit}` };
  }
  // Rows of price 0 are old ones, but for the start of a ladder.
  const meant = rows.filter(({ retailPrice }) => tiered || retailPrice > 0);
  const byStart = Map.groupBy(meant, ({ tierMinimumUnits }) => tierMinimumUnits);
  const tiers: Tier[] = [];
  for (const [from, those] of [...byStart].sort(([one], [other]) => one - other)) {
    const prices = [...new Set(those.map(({ retailPrice }) => retailPrice))];
    const [price = Number.NaN] = prices;
    if (prices.length > 1) return { problem: ambiguous(prices) };
    tiers.push({ from, price });
  }
  const [first] = tiers;
  if (!first) return { problem: nothingFound };
  return { price: tiered ? { unit, tiers } : { unit, price: first.price } };
}
