import type { CostLine } from "./line.ts";

/** Most list prices of these machines, of transfer and of storage don't change for years, but some do. */
const freshDays = 90;
const dayMs = 86_400_000;

/**
 * Warns if prices are too old. If only the month or year of a price is known, its first day counts. The warning doesn't name an age, so that the output
 * changes only when another price becomes too old.
 * @param today ISO date, `2026-11-24`
 */
export function ageWarnings(lines: readonly CostLine[], today: string): string[] {
  const dates = datesOf(lines);
  const old = dates.filter((date) => (Date.parse(today) - Date.parse(date)) / dayMs > freshDays);
  if (old.length === 0) return [];
  return [
    `${old.length} of ${dates.length} priced lines rest on prices that are more than ${freshDays} days old, the oldest of ${old[0]}: \`npm run prices\` renews prices.`,
  ];
}

/** The dates of the prices, as precisely as they are known, the oldest first. */
export function datesOf(lines: readonly CostLine[]): string[] {
  return lines.flatMap(({ source }) => source?.date ?? []).sort();
}
