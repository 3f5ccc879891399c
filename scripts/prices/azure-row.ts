import { z } from "zod";
import { type Answer, offer } from "./answer.ts";
import type { AzureQuery } from "./azure-queries.ts";

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
