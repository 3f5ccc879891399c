import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { machines } from "../../components/capacity/machines.ts";
import { everywhere, type Item } from "../../components/cost/prices/price-book.ts";
import { type Answer, type Asked, answer, type Counting, wanted } from "./answer.ts";

/** The fields of a row that are used: https://learn.microsoft.com/rest/api/cost-management/retail-prices/azure-retail-prices */
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

type Row = z.output<typeof row>;

/** A product, based on https://github.com/SpareCores/sc-crawler, src/sc_crawler/vendors/_azure.py, and https://github.com/infracost/infracost, internal/resources/azure. */
interface Listed extends Counting {
  readonly fields: Readonly<Record<string, string>>;
  /** The meter to use. Undefined if the product has one per type. */
  readonly meter?: string;
}

/** A query for Azure's Retail Prices API, and how to read its answer. */
export interface AzureQuery extends Listed, Asked {
  /** OData; case-sensitive. */
  readonly filter: string;
}

/** @param regions any of Azure's regions; nothing else about them needs to be known */
export function azureQueries(regions: readonly string[]): AzureQuery[] {
  const types = machines.azure.map(({ type }) => `armSkuName eq '${type}'`).join(" or ");
  return wanted<Listed>("azure", regions).map((query) => {
    const { armRegionName = query.region === everywhere ? "westeurope" : query.region } = query.fields;
    const fields = { ...query.fields, armRegionName, priceType: "Consumption" };
    const clauses = Object.entries(fields).map(([field, value]) => `${field} eq '${value}'`);
    return {
      ...query,
      filter: [...clauses, ...(query.item === "machine/" ? [`(${types})`] : [])].join(" and "),
    };
  });
}

/** The item that a row has the price of. Undefined for other rows, which the OData filter can't exclude. */
function itemOf({ item, meter }: AzureQuery, row: Row): Item | undefined {
  if (item === "machine/") return machineOf(row);
  if (item === "premium-ssd/") return premiumDiskOf(row);
  return row.meterName === meter ? item : undefined;
}

/** Excludes a size's rows for Windows, Cloud Services and evictable capacity. */
function machineOf({ armSkuName, productName, skuName, meterName }: Row): Item | undefined {
  if (!armSkuName || / ?(?:Windows|Cloud ?Services)$/.test(productName)) return undefined;
  if (/Spot|Low Priority|Expired|Free/.test(`${skuName} ${meterName}`)) return undefined;
  return `machine/${armSkuName}`;
}

/** Excludes the product's rows for mounts of a shared disk, and for disks in several zones. */
function premiumDiskOf({ skuName, meterName }: Row): Item | undefined {
  const tier = /^(P\d+) LRS$/.exec(skuName)?.[1];
  return tier && meterName === `${tier} LRS Disk` ? `premium-ssd/${tier}` : undefined;
}

const page = z.object({ Items: z.array(row), NextPageLink: z.string().nullish() });

const attempts = 3;

/**
 * Queries Azure's Retail Prices API. Needs no credentials.
 * @param address @default Azure's own
 * @param pauseMs wait after an answer to slow down. @default a minute, which is Azure's counting period
 * @throws Error if the API can't be reached or doesn't answer
 */
export async function askAzure(
  queries: readonly AzureQuery[],
  address = "https://prices.azure.com/api/retail/prices",
  pauseMs = 60_000,
): Promise<Answer[]> {
  const pages = new Map<string, Row[]>();
  const answers: Answer[] = [];
  for (const query of queries) {
    const rows = pages.get(query.filter) ?? (await rowsOf(address, query.filter, pauseMs));
    pages.set(query.filter, rows);
    answers.push(...answersTo(query, rows));
  }
  return answers;
}

async function rowsOf(address: string, filter: string, pauseMs: number): Promise<Row[]> {
  const start = new URL(address);
  start.searchParams.set("api-version", "2023-01-01-preview");
  start.searchParams.set("currencyCode", "'USD'");
  start.searchParams.set("$filter", filter);
  const rows: Row[] = [];
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
function answersTo(query: AzureQuery, rows: readonly Row[]): Answer[] {
  const consumed = rows.filter(({ type }) => type === "Consumption");
  return [...Map.groupBy(consumed, (row) => itemOf(query, row))].flatMap(([item, those]) => {
    const steps = those.map(({ unitOfMeasure, currencyCode, tierMinimumUnits, retailPrice }) => ({
      unit: unitOfMeasure,
      currency: currencyCode,
      from: tierMinimumUnits,
      price: retailPrice,
    }));
    return item ? [answer("azure", item, query, [steps])] : [];
  });
}
