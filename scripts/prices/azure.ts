import { setTimeout as sleep } from "node:timers/promises";
import type { Answer } from "./answer.ts";
import { type AzureQuery, type AzureRow, azureAnswers, azurePage } from "./azure-row.ts";

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
    answers.push(...azureAnswers(query, rows));
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
    const page = azurePage.parse(await (await get(next, pauseMs)).json());
    rows.push(...page.Items);
    next = page.NextPageLink;
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
