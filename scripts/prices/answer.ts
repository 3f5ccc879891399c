import type { Item, Price } from "../../components/cost/prices/price-book.ts";

/** What a price API says of one thing in one region: a price, or why there is none to take. */
export interface Answer {
  /** Or `*`. */
  readonly region: string;
  readonly item: Item;
  readonly price?: Pick<Price, "unit" | "price" | "tiers">;
  /** Instead of a price. The book then keeps what it has. */
  readonly problem?: string;
}

/** Nothing to take: several different prices are none. */
export function ambiguous(prices: readonly number[]): string {
  return `${prices.length} different prices for one filter: ${prices.join(", ")}`;
}

export const nothingFound = "the price list has nothing for this filter";
