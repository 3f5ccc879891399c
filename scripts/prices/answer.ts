import items from "../../components/cost/prices/items.json" with { type: "json" };
import {
  everywhere,
  type Item,
  listPrices,
  meaningOf,
  type Price,
  type PricedCloud,
  type Tier,
} from "../../components/cost/prices/price-book.ts";

/** A price API's answer about one item in one region: a price, or why there is none. */
export interface Answer {
  /** A region of the cloud, or `*` for a price that holds everywhere. */
  readonly region: string;
  readonly item: Item;
  readonly price?: Pick<Price, "unit" | "price" | "tiers">;
  /** Set if there is no price. The book then keeps its price. */
  readonly problem?: string;
}

/** How a cloud's list counts an item. */
export interface Counting {
  /** An answer with another unit is a problem. */
  readonly listUnit: string;
  /** Number of the list's units per unit of the book. @default 1 */
  readonly factor?: number;
  /** Whether all tiers are used. @default only the first */
  readonly tiered?: boolean;
}

/** What to ask for. */
export interface Asked {
  /** Or `*` if the price of one region applies to all. */
  readonly region: string;
  readonly item: keyof typeof items;
}

/** One step of a product's price in a list. */
export interface Step {
  readonly unit: string;
  readonly currency: string;
  readonly from: number;
  readonly price: number;
}

/** The items to ask a cloud's list for, from items.json. An item that the book has for all regions is asked for once. */
export function wanted<List extends object>(
  cloud: PricedCloud,
  regions: readonly string[],
): (List & Asked)[] {
  const common = listPrices[cloud].regions[everywhere] ?? {};
  const lists = Object.entries(items) as unknown as [Asked["item"], Partial<Record<PricedCloud, List>>][];
  return [...regions, everywhere].flatMap((region) =>
    lists.flatMap(([item, { [cloud]: list }]) =>
      list && item in common === (region === everywhere) ? [{ ...list, region, item }] : [],
    ),
  );
}

/** The price of one item, from the price steps of each matching product. Several products with the same price count as one. */
export function answer(
  cloud: PricedCloud,
  item: Item,
  { region, ...counting }: Counting & Pick<Asked, "region">,
  products: readonly (readonly Step[])[],
): Answer {
  const ladders = new Map<string, readonly [Tier, ...Tier[]]>();
  for (const steps of products) {
    const tiers = tiersOf(steps, counting);
    if (typeof tiers === "string") return { region, item, problem: tiers };
    const [first, ...others] = tiers;
    if (first) ladders.set(JSON.stringify(tiers), [first, ...others]);
  }
  const [tiers, ...others] = ladders.values();
  if (!tiers) return { region, item, problem: "the price list has nothing for this filter" };
  if (others.length > 0) {
    return { region, item, problem: ambiguous([tiers, ...others].map(([{ price }]) => price)) };
  }
  const { unit } = meaningOf(item, cloud);
  return { region, item, price: { unit, ...(counting.tiered ? { tiers } : { price: tiers[0].price }) } };
}

/** @returns the tiers in the book's units, sorted, or what is wrong with the steps */
function tiersOf(
  steps: readonly Step[],
  { listUnit, factor = 1, tiered = false }: Counting,
): Tier[] | string {
  const foreign = steps.find(({ unit, currency }) => unit !== listUnit || currency !== "USD");
  if (foreign) return `in ${foreign.currency} for ${foreign.unit}, not in USD for ${listUnit}`;
  // Rows with price 0 are outdated, except for the first step of a ladder.
  const meant = steps.filter(({ price }) => tiered || price > 0);
  const tiers: Tier[] = [];
  for (const [from, those] of Map.groupBy(meant, ({ from }) => from)) {
    const [price = 0, ...others] = new Set(those.map(({ price }) => price));
    if (others.length > 0) return ambiguous([price, ...others]);
    // Removes the rounding errors of the multiplication.
    tiers.push({ from: from / factor, price: Number((price * factor).toPrecision(10)) });
  }
  return tiers.sort((one, other) => one.from - other.from);
}

/** If there are several different prices, none is used. */
function ambiguous(prices: readonly number[]): string {
  return `${prices.length} different prices for one filter: ${prices.join(", ")}`;
}
