import { hoursPerMonth } from "../capacity/demand.ts";
import type { PlannedDisk } from "../capacity/plan-disk.ts";
import type { CloudRegion, RegionSetting } from "../capacity/plan-region.ts";
import { number } from "../capacity/text.ts";
import { type CostLine, type LineKind, type NotPriced, notFound, type Payer, rounded } from "./line.ts";
import {
  everywhere,
  type Item,
  meaningOf,
  type Price,
  type PriceBook,
  priceOf,
  sourceOf,
  type Tier,
} from "./prices/price-book.ts";
import type { MonthlyUsage } from "./usage.ts";

/** Something that is bought, before its price is looked up. */
export interface Charge {
  readonly name: string;
  readonly item: Item;
  /** @default the item's */
  readonly kind?: LineKind;
  /** Per month, in the item's unit. */
  readonly quantity: number;
  readonly basis: CostLine["basis"];
  readonly paidBy: Payer;
  /** Where it is bought. @default where the cache is */
  readonly at?: Place;
  /** What is known to cost more, as an indication where the price of `item` is found nowhere. */
  readonly costsLessThan?: Item;
  /** What others use of the same ladder of prices already, in the same unit. @default 0 */
  readonly above?: number;
  /** Whether it is by the list price, whatever is negotiated. @default false */
  readonly listed?: boolean;
}

export type Place = Pick<RegionSetting, "cloud" | "region">;

/** Where something is bought, and by which prices. */
export interface Market extends Place {
  readonly prices: PriceBook;
}

/** What a cache runs on and moves in a month, as far as its bill follows from it. */
export interface Purchase extends MonthlyUsage {
  readonly topology: CloudRegion["topology"];
  /** The cloud's name of the type. */
  readonly machine: string;
  /** Machines, or nodes of a cluster. */
  readonly nodes: number;
  /** Of a machine. */
  readonly disk: PlannedDisk;
  readonly region: CloudRegion;
  /** What the cache itself sends. */
  readonly servedGiB: number;
  /** In its bucket; 0 without one. */
  readonly storedGiB: number;
  /** Starts of nodes that pull. */
  readonly nodeStarts: number;
  /** Whether Azure bills traffic within a region. */
  readonly azureBillsRegion: boolean;
}

/** What we pay as long as it is there. A quantity of 0, here and in the others, is no line of a bill. */
export function fixed(name: string, item: Item, quantity: number): Charge {
  return { name, item, quantity, basis: "fixed", paidBy: "us" };
}

/** What we pay by what passes. */
export function usage(name: string, item: Item, quantity: number): Charge {
  return { name, item, quantity, basis: "usage", paidBy: "us" };
}

/** Things that we pay by the hour, as long as they are there. */
export function hourly(name: string, item: Item, count: number): Charge {
  return fixed(name, item, count * hoursPerMonth);
}

/** The same, which another one pays. */
export function billedTo(paidBy: Payer, charge: Charge): Charge {
  return { ...charge, paidBy };
}

/** `Instance`, `2 instances`: the beginning of a line's name. */
export function counted(count: number, what: string): string {
  if (count === 1) return what;
  const plural = what.replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase());
  return `${count} ${plural}${what.endsWith("s") ? "es" : "s"}`;
}

export interface PricedCharges {
  readonly lines: CostLine[];
  /** The lines without a price. */
  readonly notPriced: NotPriced[];
}

/**
 * The lines of a bill: one for each charge, and for each tier that it reaches.
 * @throws RangeError if the book's price is for another unit.
 */
export function priced(charges: readonly Charge[], market: Market): PricedCharges {
  const all = charges
    .filter(({ quantity }) => quantity > 0)
    .map((charge) => pricedCharge(charge, { ...market, ...charge.at }));
  return {
    lines: all.flatMap(({ lines }) => lines).sort((one, other) => order(one) - order(other)),
    notPriced: all.flatMap(({ notPriced }) => notPriced),
  };
}

function order({ basis }: CostLine): number {
  return basis === "fixed" ? 0 : 1;
}

/**
 * What some pay for charges, with prices of other regions where the region's own isn't found: for comparing, not for a budget.
 * @returns undefined if a price is found nowhere
 */
export function costOf(
  charges: readonly Charge[],
  payers: readonly Payer[],
  market: Market,
): number | undefined {
  const own = charges.filter(({ paidBy }) => payers.includes(paidBy));
  const { lines, notPriced } = priced(own, market);
  const amounts = [
    ...lines.flatMap(({ monthlyCost }) => (monthlyCost === notFound ? [] : monthlyCost)),
    ...notPriced.map(({ elsewhere }) => elsewhere?.monthlyCost ?? Number.NaN),
  ];
  const sum = rounded(amounts.reduce((total, amount) => total + amount, 0));
  return Number.isNaN(sum) ? undefined : sum;
}

function pricedCharge(charge: Charge, market: Market): PricedCharges {
  const { item, basis, paidBy, quantity, listed } = charge;
  const { cloud, region, prices } = market;
  const { kind, unit } = meaningOf(item, cloud);
  const price = priceOf(prices, cloud, region.name, item, listed);
  const parts = price ? partsOf(charge, price, unit) : [{ quantity, price: notFound, suffix: "" } as const];
  const lines = parts.map(
    ({ quantity, price: unitPrice, suffix }): CostLine => ({
      name: `${charge.name}${suffix}`,
      kind: charge.kind ?? kind,
      unit,
      monthlyQuantity: rounded(quantity),
      price: unitPrice,
      monthlyCost: unitPrice === notFound ? notFound : rounded(quantity * unitPrice),
      basis,
      paidBy,
      ...(price && { source: sourceOf(prices, cloud, price) }),
    }),
  );
  return { lines, notPriced: price ? [] : [withoutPrice(charge, market)] };
}

interface Part {
  readonly quantity: number;
  readonly price: number;
  /** Of the line's name. */
  readonly suffix: string;
}

function partsOf({ name, quantity, above }: Charge, price: Price, unit: string): Part[] {
  if (price.unit !== unit) throw new RangeError(`${name}: counted in ${unit}, priced per ${price.unit}`);
  if (!price.tiers) return [{ quantity, price: price.price ?? Number.NaN, suffix: "" }];
  return tierParts(price.tiers, quantity, above).map(({ from, upTo, ...part }) => ({
    ...part,
    suffix: `, ${upTo === undefined ? `above ${number(from)}` : `up to ${number(upTo)}`} ${unit}`,
  }));
}

/** What of a quantity falls into one tier. */
interface TierPart extends Tier {
  readonly quantity: number;
  /** Absent: without end. */
  readonly upTo?: number;
}

/**
 * A quantity on a ladder of prices, each of which counts for what is above its start: the sum has no jumps.
 * @param above what others use of the same ladder already.
 */
export function tierParts(tiers: readonly Tier[], quantity: number, above = 0): TierPart[] {
  const end = above + quantity;
  return tiers.flatMap(({ from, price }, index) => {
    const upTo = tiers[index + 1]?.from;
    const part = Math.min(end, upTo ?? end) - Math.max(above, from);
    return part > 0 ? [{ quantity: part, price, from, ...(upTo !== undefined && { upTo }) }] : [];
  });
}

/** The indication is the most that the cloud charges anywhere, to be on the safe side. */
function withoutPrice(charge: Charge, market: Market): NotPriced {
  const { name, item, costsLessThan } = charge;
  const own = elsewhere(item, charge, market);
  const more = own || !costsLessThan ? undefined : elsewhere(costsLessThan, charge, market);
  const reason = `The price book has no price for ${item} in ${market.region.name}.`;
  if (own) return { name, reason, elsewhere: own };
  if (!more) return { name, reason };
  return {
    name,
    reason: `${reason} The indication is of ${costsLessThan}, which costs more.`,
    elsewhere: { ...more, leastMonthlyCost: 0 },
  };
}

function elsewhere(item: Item, charge: Charge, { cloud, prices }: Market): NotPriced["elsewhere"] {
  const { unit } = meaningOf(item, cloud);
  const [dearest, ...others] = Object.keys(prices[cloud].regions)
    .flatMap((region) => {
      const price = region === everywhere ? undefined : priceOf(prices, cloud, region, item, charge.listed);
      if (!price) return [];
      const parts = partsOf(charge, price, unit);
      const monthlyCost = parts.reduce((sum, part) => sum + part.quantity * part.price, 0);
      return [{ region, price: parts[0]?.price ?? 0, monthlyCost: rounded(monthlyCost) }];
    })
    .sort((one, other) => other.monthlyCost - one.monthlyCost);
  if (!dearest) return undefined;
  const { monthlyCost: leastMonthlyCost } = others.at(-1) ?? dearest;
  return { ...dearest, leastMonthlyCost, regions: 1 + others.length };
}
