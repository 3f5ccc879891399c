import type { Cloud } from "../capacity/machine.ts";
import type { PriceBook } from "./prices/price-book.ts";

/** List prices of the machines here don't move for years, those of transfer and storage neither; but some do. */
const freshDays = 90;

/**
 * A warning if the prices of a cloud are too old. It names no age, so that the output changes once and not every day.
 * @param today as `2026-11-24`
 */
export function ageWarnings(book: PriceBook, cloud: Cloud, today: string): string[] {
  const { compiled } = book[cloud];
  const days = (Date.parse(today) - Date.parse(compiled)) / 86_400_000;
  if (days <= freshDays) return [];
  return [
    `The prices are of ${compiled}, more than ${freshDays} days old: renew them by \`npm run prices\`.`,
  ];
}
