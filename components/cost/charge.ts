import { hoursPerMonth } from "../capacity/demand.ts";
import type { CapacityPlan } from "../capacity/plan.ts";
import type { RegionSetting, Variant } from "../capacity/plan-region.ts";
import { number } from "../capacity/text.ts";
import type { CloudRegion, StackConfig } from "../config/schema.ts";
import { transferZoneOf } from "../hosts/azure/regions.ts";
import { type CostLine, type LineKind, type NotPriced, notFound, type Payer, rounded } from "./line.ts";
import {
  everywhere,
  type Item,
  meaningOf,
  type Price,
  type PriceBook,
  type PricedCloud,
  priceOf,
  sourceOf,
  type Tier,
} from "./prices/price-book.ts";
import type { MonthlyUsage } from "./usage.ts";

/** Something that the stack buys, before its price is looked up. */
export interface Charge {
  readonly name: string;
  readonly item: Item;
  /** @default the item's own kind */
  readonly kind?: LineKind;
  /** The quantity per month, in the item's unit. */
  readonly quantity: number;
  readonly basis: CostLine["basis"];
  readonly paidBy: Payer;
  /** Where it is bought. @default the cache's region */
  readonly at?: Place;
  /** An item that is known to cost more, as an indication if no region has a price for `item`. */
  readonly costsLessThan?: Item;
  /** The quantity of the same price tiers that others already use, in the same unit. @default 0 */
  readonly above?: number;
  /** Whether the list price applies, even if another one is negotiated. @default false */
  readonly listed?: boolean;
}

export interface Place {
  readonly cloud: PricedCloud;
  readonly region: { readonly name: string };
}

/** Where something is bought, and at which prices. */
export interface Market extends Place {
  readonly prices: PriceBook;
}

/** A region of a cloud with prices. */
export type BilledRegion = Extract<CloudRegion, { readonly kind: `${PricedCloud} ${string}` }>;

/** What all variants of a region's cache share. */
export interface Setting extends RegionSetting<PricedCloud>, Market {
  readonly region: BilledRegion;
  /** The key `cost` of the stack's configuration. */
  readonly settings: StackConfig["cost"];
  /** The usage: measured figures, otherwise those from the workload. */
  readonly usage: MonthlyUsage;
  readonly measured: Partial<MonthlyUsage>;
}

/** What a cache runs on and transfers in a month. */
export interface Purchase {
  readonly setting: Setting;
  readonly variant: Variant;
  readonly plan: CapacityPlan;
  readonly filledGiB: number;
  /** What the cache itself sends to nodes. */
  readonly servedGiB: number;
  /** The content of its bucket, and the requests to it. All are 0 without a bucket. */
  readonly storedGiB: number;
  readonly reads: number;
  readonly writes: number;
}

/** A charge that we pay while the thing exists. Here and in the functions below, a quantity of 0 doesn't become a line. */
export function fixed(name: string, item: Item, quantity: number): Charge {
  return { name, item, quantity, basis: "fixed", paidBy: "us" };
}

/** A charge that we pay by usage. */
export function usage(name: string, item: Item, quantity: number): Charge {
  return { name, item, quantity, basis: "usage", paidBy: "us" };
}

/** A charge by the hour, while the things exist. */
export function hourly(name: string, item: Item, count: number): Charge {
  return fixed(name, item, count * hoursPerMonth);
}

/** A charge with another payer. */
export function billedTo(paidBy: Payer, charge: Charge): Charge {
  return { ...charge, paidBy };
}

/** `Instance`, `2 instances`: the beginning of a line's name. */
export function counted(count: number, what: string): string {
  if (count === 1) return what;
  const plural = what.replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase());
  return `${count} ${plural}${what.endsWith("s") ? "es" : "s"}`;
}

/**
 * The lines of a bill, one for each charge and for each tier that it reaches, and the charges without a price.
 * @throws RangeError if the price in the book is for another unit
 */
export function priced(charges: readonly Charge[], market: Market) {
  const all = charges
    .filter(({ quantity }) => quantity > 0)
    .map((charge) => pricedCharge(charge, { ...market, ...charge.at }));
  return {
    // `fixed` before `usage`.
    lines: all.flatMap(({ lines }) => lines).sort((one, other) => one.basis.localeCompare(other.basis)),
    notPriced: all.flatMap(({ notPriced }) => notPriced),
  };
}

/**
 * What the given payers pay for charges. It uses other regions' prices for missing ones, so it is for comparisons, not for a budget.
 * @returns undefined if no region has a price for a charge
 */
export function costOf(
  charges: readonly Charge[],
  payers: readonly Payer[],
  market: Market,
): number | undefined {
  const amounts = charges
    .filter(({ paidBy, quantity }) => payers.includes(paidBy) && quantity > 0)
    .map((charge) => amountOf(charge, { ...market, ...charge.at }));
  const sum = rounded(amounts.reduce((total, amount) => total + amount, 0));
  return Number.isNaN(sum) ? undefined : sum;
}

/** The sum of a charge's lines, or what it costs in other regions. NaN without a price. */
function amountOf(charge: Charge, market: Market): number {
  const { price, parts } = partsIn(charge, market);
  if (!price) return withoutPrice(charge, market).elsewhere?.monthlyCost ?? Number.NaN;
  return parts.reduce((sum, { quantity, price }) => sum + rounded(quantity * price), 0);
}

function pricedCharge(charge: Charge, market: Market) {
  const { basis, paidBy, quantity } = charge;
  const { cloud, prices } = market;
  const { price, parts, kind, unit } = partsIn(charge, market);
  const lines = (price ? parts : [{ quantity, price: notFound, from: 0 } as const]).map(
    (part): CostLine => ({
      name: `${charge.name}${tierName(part, unit)}`,
      kind: charge.kind ?? kind,
      unit,
      monthlyQuantity: rounded(part.quantity),
      price: part.price,
      monthlyCost: part.price === notFound ? notFound : rounded(part.quantity * part.price),
      basis,
      paidBy,
      ...(price && { source: sourceOf(prices, cloud, price) }),
    }),
  );
  return { lines, notPriced: price ? [] : [withoutPrice(charge, market)] };
}

/** A charge's price in its region, and the parts in each tier. Without a price, no parts. */
function partsIn(charge: Charge, { cloud, region, prices }: Market) {
  const { kind, unit } = meaningOf(charge.item, cloud);
  const price = priceOf(prices, cloud, region.name, charge.item, charge.listed);
  return { price, kind, unit, parts: price ? partsOf(charge, price, unit) : [] };
}

/** The suffix of a line's name. */
function tierName(
  { from, upTo }: { readonly from: number; readonly upTo?: number | undefined },
  unit: string,
) {
  if (upTo !== undefined) return `, up to ${number(upTo)} ${unit}`;
  return from > 0 ? `, above ${number(from)} ${unit}` : "";
}

function partsOf({ name, quantity, above }: Charge, price: Price, unit: string) {
  if (price.unit !== unit) throw new RangeError(`${name}: counted in ${unit}, priced per ${price.unit}`);
  return tierParts(price.tiers ?? [{ from: 0, price: price.price ?? Number.NaN }], quantity, above);
}

/**
 * Splits a quantity into price tiers. Each price only applies to the part above the tier's start, so the sum has no jumps.
 * @param above the quantity that others already use
 * @returns the part in each tier. `upTo` is undefined for the last tier
 */
export function tierParts(tiers: readonly Tier[], quantity: number, above = 0) {
  const end = above + quantity;
  return tiers.flatMap(({ from, price }, index) => {
    const upTo = tiers[index + 1]?.from;
    const part = Math.min(end, upTo ?? end) - Math.max(above, from);
    return part > 0 ? [{ quantity: part, price, from, upTo }] : [];
  });
}

/** To be safe, the indication is the highest price of all regions. */
function withoutPrice(charge: Charge, market: Market): NotPriced {
  const { name, item, costsLessThan } = charge;
  const reason = `The price book has no price for ${item} in ${market.region.name}.`;
  const own = elsewhere(item, charge, market);
  if (own) return { name, reason, elsewhere: own };
  const more = costsLessThan && elsewhere(costsLessThan, charge, market);
  if (!more) return { name, reason };
  const indication = ` The indication is of ${costsLessThan}, which costs more.`;
  return { name, reason: `${reason}${indication}`, elsewhere: { ...more, leastMonthlyCost: 0 } };
}

function elsewhere(item: Item, charge: Charge, market: Market): NotPriced["elsewhere"] {
  const { cloud, prices } = market;
  const { kind, unit } = meaningOf(item, cloud);
  const zoneOf = (region: string) =>
    cloud === "azure" && kind === "transfer" ? transferZoneOf(region) : undefined;
  const isAlike = (region: string) => region !== everywhere && zoneOf(region) === zoneOf(market.region.name);
  const [dearest, ...others] = Object.keys(prices[cloud].regions)
    .filter(isAlike)
    .flatMap((region) => {
      const price = priceOf(prices, cloud, region, item, charge.listed);
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
