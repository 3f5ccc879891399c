import type { CostLine } from "./line.ts";

/** List prices of the machines here don't move for years, those of transfer and storage neither; but some do. */
const freshDays = 90;
const dayMs = 86_400_000;

/**
 * A warning if prices are too old: each by its own date, and where only its month or year is known, by the first day of that. It names no age, so that the
 * output changes only when a further price gets too old.
 * @param today as `2026-11-24`
 */
export function ageWarnings(lines: readonly CostLine[], today: string): string[] {
  const dates = datesOf(lines);
  const old = dates.filter((date) => (Date.parse(today) - Date.parse(date)) / dayMs > freshDays);
  if (old.length === 0) return [];
  return [
    `${old.length} of ${dates.length} priced lines rest on prices that are more than ${freshDays} days old, the oldest of ${old[0]}: \`npm run prices\` renews prices.`,
  ];
}

/** Of prices, as exactly as they are known, the oldest first. */
export function datesOf(lines: readonly CostLine[]): string[] {
  return lines.flatMap(({ source }) => source?.date ?? []).sort();
}
