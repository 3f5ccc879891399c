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

/** One page. */
export const azurePage = z.object({ Items: z.array(row), NextPageLink: z.string().nullish() });

/** The answers to a query, from the rows of all its pages. */
export function azureAnswers(query: AzureQuery, rows: readonly AzureRow[]): Answer[] {
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
