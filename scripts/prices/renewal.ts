import { isDeepStrictEqual } from "node:util";
import type { Cloud } from "../../components/capacity/machine.ts";
import { type CloudPrices, everywhere, type Price } from "../../components/cost/prices/price-book.ts";
import { configurationsOf } from "../fleet/configurations.ts";
import type { ProjectFiles } from "../fleet/stack-files.ts";
import { columns } from "../output/columns.ts";
import type { Answer } from "./answer.ts";

export interface Change {
  readonly region: string;
  readonly item: string;
  readonly before: Price | undefined;
  /** Undefined: kept as it was, see `problem`. */
  readonly after: Price | undefined;
  /** Why the answer wasn't taken. */
  readonly problem: string | undefined;
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
    const note = before?.note !== undefined && { note: before.note };
    const after: Price | undefined = price && {
      ...price,
      sources: [key],
      confidence: "high",
      date: today,
      ...note,
    };
    if (after) regions[region] = { ...regions[region], [item]: after };
    if (before && after && sameAmount(before, after)) confirmed++;
    else changes.push({ region, item, before, after, problem });
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

/** The regions of a cloud that prices are kept for: those of the book, and those that a stack uses. */
export function pricedRegions(cloud: Cloud, { regions }: CloudPrices, stacks: ProjectFiles): string[] {
  const used = configurationsOf(stacks)
    .configurations.filter(({ config }) => config.provider === cloud)
    .flatMap(({ config }) => config.regions.map(({ name }) => name));
  const all = new Set([...Object.keys(regions), ...used]);
  all.delete(everywhere);
  return [...all].sort();
}

/** What a renewal changed, as text. */
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
