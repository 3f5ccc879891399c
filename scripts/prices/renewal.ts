import { isDeepStrictEqual } from "node:util";
import type { CloudPrices, Price } from "../../components/cost/prices/price-book.ts";
import type { Answer } from "./answer.ts";

export interface Change {
  readonly region: string;
  readonly item: string;
  readonly before?: Price;
  /** Absent: kept as it was, see `problem`. */
  readonly after?: Price;
  /** Why the answer wasn't taken. */
  readonly problem?: string;
}

export interface Renewal {
  readonly prices: CloudPrices;
  /** What isn't as before. */
  readonly changes: readonly Change[];
  /** How many prices were confirmed. */
  readonly confirmed: number;
}

export interface ApiSource {
  readonly key: string;
  readonly name: string;
  readonly url: string;
}

/**
 * A book with the answers in it. What wasn't answered, or not clearly, stays as it was, with its old date.
 * @param today as `2026-11-24`
 */
export function renewed(
  book: CloudPrices,
  answers: readonly Answer[],
  { key, name, url }: ApiSource,
  today: string,
): Renewal {
  const regions: Record<string, Record<string, Price>> = structuredClone(book.regions);
  const changes: Change[] = [];
  let confirmed = 0;
  for (const { region, item, price, problem } of answers) {
    const before = book.regions[region]?.[item];
    if (!price) {
      changes.push({ region, item, ...(before && { before }), ...(problem !== undefined && { problem }) });
      continue;
    }
    const { note } = before ?? {};
    const after: Price = {
      ...price,
      sources: [key],
      confidence: "high",
      date: today,
      ...(note !== undefined && { note }),
    };
    regions[region] = { ...regions[region], [item]: after };
    if (before && sameAmount(before, after)) confirmed++;
    else changes.push({ region, item, ...(before && { before }), after });
  }
  const sources = { ...book.sources, [key]: { name, url } };
  return { prices: pruned(regions, sources), changes, confirmed };
}

function sameAmount(one: Price, other: Price): boolean {
  return isDeepStrictEqual([one.unit, one.price, one.tiers], [other.unit, other.price, other.tiers]);
}

/** Sorted, so that a difference shows what changed, and without sources that nothing is from any more. */
function pruned(regions: CloudPrices["regions"], sources: CloudPrices["sources"]): CloudPrices {
  const all = Object.values(regions).flatMap((prices) => Object.values(prices));
  const used = new Set(all.flatMap((price) => price.sources));
  return {
    sources: sorted(Object.fromEntries(Object.entries(sources).filter(([key]) => used.has(key)))),
    regions: sorted(
      Object.fromEntries(Object.entries(regions).map(([region, prices]) => [region, sorted(prices)])),
    ),
  };
}

function sorted<Value>(record: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).sort(([one], [other]) => (one < other ? -1 : 1)));
}
