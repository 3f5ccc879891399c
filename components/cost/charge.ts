import { hoursPerMonth } from "../capacity/demand.ts";
import type { Cloud } from "../capacity/machine.ts";
import type { PlannedDisk } from "../capacity/plan-disk.ts";
import type { CloudRegion } from "../capacity/plan-region.ts";
import { number } from "../capacity/text.ts";
import {
  type CostLine,
  type LineKind,
  type LineUnit,
  type NotPriced,
  notFound,
  type Payer,
  rounded,
} from "./line.ts";
import {
  everywhere,
  type Item,
  meaningOf,
  type Price,
  type PriceBook,
  priceOf,
  sourceOf,
} from "./prices/price-book.ts";
import { type TierPart, tierParts } from "./tiers.ts";
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

export interface Place {
  readonly cloud: Cloud;
  readonly region: string;
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
export function priced(charges: readonly Charge[], place: Place, book: PriceBook): PricedCharges {
  const all = charges
    .filter(({ quantity }) => quantity > 0)
    .map((charge) => pricedCharge(charge, charge.at ?? place, book));
  return {
    lines: all.flatMap(({ lines }) => lines).sort((one, other) => order(one) - order(other)),
    notPriced: all.flatMap(({ notPriced }) => notPriced),
  };
}

function order({ basis }: CostLine): number {
  return basis === "fixed" ? 0 : 1;
}

function pricedCharge(charge: Charge, at: Place, book: PriceBook): PricedCharges {
  const { name, item, basis, paidBy, quantity } = charge;
  const meaning = meaningOf(item, at.cloud);
  const { unit } = meaning;
  const line = (name: string, amounts: Pick<CostLine, "monthlyQuantity" | "price" | "monthlyCost">) => ({
    name,
    kind: charge.kind ?? meaning.kind,
    unit,
    ...amounts,
    basis,
    paidBy,
  });
  const price = priceOf(book, at.cloud, at.region, item, charge.listed);
  if (!price) {
    const unknown = { monthlyQuantity: rounded(quantity), price: notFound, monthlyCost: notFound } as const;
    return { lines: [line(name, unknown)], notPriced: [withoutPrice(charge, at, book)] };
  }
  const source = sourceOf(book, at.cloud, price);
  const lines = partsOf(charge, price, at).map((part) => ({
    ...line(`${name}${suffixOf(part, unit)}`, {
      monthlyQuantity: rounded(part.quantity),
      price: part.price,
      monthlyCost: rounded(part.quantity * part.price),
    }),
    source,
  }));
  return { lines, notPriced: [] };
}

type Part = Omit<TierPart, "from"> & Partial<TierPart>;

function partsOf({ name, item, quantity, above }: Charge, price: Price, { cloud }: Place): Part[] {
  const { unit } = meaningOf(item, cloud);
  if (price.unit !== unit) throw new RangeError(`${name}: counted in ${unit}, priced per ${price.unit}`);
  return price.tiers
    ? tierParts(price.tiers, quantity, above)
    : [{ quantity, price: price.price ?? Number.NaN }];
}

function suffixOf({ from, upTo }: Part, unit: LineUnit): string {
  if (from === undefined) return "";
  return `, ${upTo === undefined ? `above ${number(from)}` : `up to ${number(upTo)}`} ${unit}`;
}

/**
 * What some pay for charges, with prices of other regions where the region's own isn't found: for comparing, not for a budget.
 * @returns undefined if a price is found nowhere
 */
export function costOf(
  charges: readonly Charge[],
  payers: readonly Payer[],
  place: Place,
  book: PriceBook,
): number | undefined {
  let sum = 0;
  for (const charge of charges) {
    if (charge.quantity <= 0 || !payers.includes(charge.paidBy)) continue;
    const at = charge.at ?? place;
    const price = priceOf(book, at.cloud, at.region, charge.item, charge.listed);
    if (price) {
      for (const part of partsOf(charge, price, at)) sum = rounded(sum + rounded(part.quantity * part.price));
    } else {
      const { elsewhere } = withoutPrice(charge, at, book);
      if (!elsewhere) return undefined;
      sum = rounded(sum + elsewhere.monthlyCost);
    }
  }
  return sum;
}

/** The indication is the most that the cloud charges anywhere, to be on the safe side. */
function withoutPrice(charge: Charge, at: Place, book: PriceBook): NotPriced {
  const { name, item, costsLessThan } = charge;
  const own = dearestOf(item, charge, at, book);
  const more = own || !costsLessThan ? undefined : dearestOf(costsLessThan, charge, at, book);
  const elsewhere = own ?? (more && { ...more, leastMonthlyCost: 0 });
  const instead = own || !elsewhere ? "" : ` The indication is of ${costsLessThan}, which costs more.`;
  return {
    name,
    reason: `The price book has no price for ${item} in ${at.region}.${instead}`,
    ...(elsewhere && { elsewhere }),
  };
}

function dearestOf(item: Item, charge: Charge, at: Place, book: PriceBook): NotPriced["elsewhere"] {
  const [dearest, ...others] = Object.keys(book[at.cloud].regions)
    .flatMap((region) => {
      const price = region === everywhere ? undefined : priceOf(book, at.cloud, region, item, charge.listed);
      if (!price) return [];
      const parts = partsOf(charge, price, at);
      const monthlyCost = parts.reduce((sum, part) => sum + part.quantity * part.price, 0);
      return [{ region, price: parts[0]?.price ?? 0, monthlyCost: rounded(monthlyCost) }];
    })
    .sort((one, other) => other.monthlyCost - one.monthlyCost);
  return (
    dearest && {
      ...dearest,
      leastMonthlyCost: (others.at(-1) ?? dearest).monthlyCost,
      regions: 1 + others.length,
    }
  );
}
