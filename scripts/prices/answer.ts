import type { Cloud } from "../../components/capacity/machine.ts";
import items from "../../components/cost/prices/items.json" with { type: "json" };
import {
  everywhere,
  type Item,
  listPrices,
  meaningOf,
  type Price,
  type Tier,
} from "../../components/cost/prices/price-book.ts";

/** What a price API says of one thing in one region: a price, or why there is none to take. */
export interface Answer {
  /** Or `*`. */
  readonly region: string;
  readonly item: Item;
  readonly price?: Pick<Price, "unit" | "price" | "tiers">;
  /** Instead of a price. The book then keeps what it has. */
  readonly problem?: string;
}

/** How a cloud's list counts something. */
export interface Counting {
  /** Another unit in an answer is a problem. */
  readonly listUnit: string;
  /** How many of the list's units are one of ours. @default 1 */
  readonly factor?: number;
  /** Whether all tiers are taken. @default the first alone */
  readonly tiered?: boolean;
}

/** What is asked for. */
export interface Asked {
  /** Or `*`, for what is asked in one region for all. */
  readonly region: string;
  readonly item: keyof typeof items;
}

/** A step of a product's price, as a list has it. */
export interface Step {
  readonly unit: string;
  readonly currency: string;
  readonly from: number;
  readonly price: number;
}

/** What a cloud's list is to be asked for, as items.json says: once for what the book has for all regions. */
export function wanted<List extends object>(cloud: Cloud, regions: readonly string[]): (List & Asked)[] {
  const common = listPrices[cloud].regions[everywhere] ?? {};
  const lists = Object.entries(items) as unknown as [Asked["item"], Partial<Record<Cloud, List>>][];
  return [...regions, everywhere].flatMap((region) =>
    lists.flatMap(([item, { [cloud]: list }]) =>
      list && item in common === (region === everywhere) ? [{ ...list, region, item }] : [],
    ),
  );
}

/** The price of one thing, from the steps of each product that it can be. Several products with the same price are as good as one. */
export function answer(
  cloud: Cloud,
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

/** In our units and in order, which a list's steps aren't. Or what is wrong. */
function tiersOf(
  steps: readonly Step[],
  { listUnit, factor = 1, tiered = false }: Counting,
): Tier[] | string {
  const foreign = steps.find(({ unit, currency }) => unit !== listUnit || currency !== "USD");
  if (foreign) return `in ${foreign.currency} for ${foreign.unit}, not in USD for ${listUnit}`;
  // Rows of price 0 are old ones, but for the start of a ladder.
  const meant = steps.filter(({ price }) => tiered || price > 0);
  const tiers: Tier[] = [];
  for (const [from, those] of Map.groupBy(meant, ({ from }) => from)) {
    const [price = 0, ...others] = new Set(those.map(({ price }) => price));
    if (others.length > 0) return ambiguous([price, ...others]);
    // Without the last digits of a multiplication.
    tiers.push({ from: from / factor, price: Number((price * factor).toPrecision(10)) });
  }
  return tiers.sort((one, other) => one.from - other.from);
}

/** Nothing to take: several different prices are none. */
function ambiguous(prices: readonly number[]): string {
  return `${prices.length} different prices for one filter: ${prices.join(", ")}`;
}
