import { isDeepStrictEqual } from "node:util";
import {
  type CloudPrices,
  everywhere,
  type Price,
  type PricedCloud,
} from "../../components/cost/prices/price-book.ts";
import { configurationsOf } from "../fleet/configurations.ts";
import type { ProjectFiles } from "../fleet/stack-files.ts";
import { columns } from "../output/columns.ts";
import type { Answer } from "./answer.ts";

export interface Change {
  readonly region: string;
  readonly item: string;
  readonly before: Price | undefined;
  /** Undefined if the price was kept: see `problem`. */
  readonly after: Price | undefined;
  /** Why the answer wasn't used. */
  readonly problem: string | undefined;
}

export interface Renewal {
  readonly prices: CloudPrices;
  /** Prices that changed, or that are unclear. */
  readonly changes: readonly Change[];
  /** Number of confirmed prices. */
  readonly confirmed: number;
}

export interface ApiSource {
  readonly key: string;
  readonly name: string;
  readonly url: string;
}

/**
 * A price book with the answers. Prices without a clear answer are kept, with their old dates.
 * @param today like `2026-11-24`
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
  const amounts = ({ unit, price, tiers }: Price) => [unit, price, tiers];
  for (const { region, item, price, problem } of answers) {
    const before = book.regions[region]?.[item];
    const note = before?.note !== undefined && { note: before.note };
    const after: Price | undefined = price && {
      ...price,
      sources: [key],
      confidence: "high",
      date: today,
      ...note,
    };
    if (after) regions[region] = { ...regions[region], [item]: after };
    if (before && after && isDeepStrictEqual(amounts(before), amounts(after))) confirmed++;
    else changes.push({ region, item, before, after, problem });
  }
  const sources = { ...book.sources, [key]: { name, url } };
  return { prices: pruned(regions, sources), changes, confirmed };
}

/** Sorted, so that a diff shows only changes, and without unused sources. */
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

/** The cloud's regions whose prices are kept: those in the book, and those that stacks use. */
export function pricedRegions(cloud: PricedCloud, { regions }: CloudPrices, stacks: ProjectFiles): string[] {
  const used = configurationsOf(stacks)
    .configurations.filter(({ config }) => config.provider === cloud)
    .flatMap(({ config }) => config.regions.map(({ name }) => name));
  const all = new Set([...Object.keys(regions), ...used]);
  all.delete(everywhere);
  return [...all].sort();
}

/** Renders the changes as text. */
export function changesTable({ changes, confirmed }: Pick<Renewal, "changes" | "confirmed">): string {
  const summary = `${confirmed} prices confirmed, ${changes.length} changed or unclear`;
  if (changes.length === 0) return `${summary}\n`;
  const rows = changes.map(({ region, item, before, after, problem }) => [
    region,
    item,
    amount(before),
    after ? amount(after) : "kept",
    after ? difference(before, after) : (problem ?? ""),
  ]);
  const titles = ["Region", "What", ">Before", ">Now", ""];
  return `${[...columns(titles, rows), "", summary].join("\n")}\n`;
}

function amount(price: Price | undefined): string {
  if (!price) return "–";
  const amounts = price.tiers?.map((tier) => tier.price) ?? [price.price];
  return `${amounts.join(" / ")} per ${price.unit}`;
}

function difference(before: Price | undefined, after: Price): string {
  if (!before) return "new";
  if (before.price === undefined || after.price === undefined || before.unit !== after.unit) return "changed";
  const percent = (after.price / before.price - 1) * 100;
  return `${percent > 0 ? "+" : ""}${percent.toFixed(1)} %`;
}
