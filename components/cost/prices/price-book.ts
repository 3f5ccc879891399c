import type { Confidence, LineKind, PriceSource } from "../line.ts";
import aws from "./aws.json" with { type: "json" };
import azure from "./azure.json" with { type: "json" };
import commitments from "./commitments.json" with { type: "json" };
import items from "./items.json" with { type: "json" };
import negotiated from "./negotiated.json" with { type: "json" };

/** The type isn't derived from the import itself, because tsc's declarations lose the import's attribute. */
const known = items;

/** An item of items.json, which also has the queries to the clouds' price lists. An item that ends with a slash is followed by the cloud's name of a type. */
export type Item = Typed<keyof typeof known>;

type Typed<Key extends string> = Key extends `${string}/` ? `${Key}${string}` : Key;

interface ItemMeaning {
  readonly kind: LineKind;
  /** By cloud if the clouds use different units. */
  readonly unit: string | Readonly<Record<PricedCloud, string>>;
}

/** What an item is for, and its unit in a cloud. */
export function meaningOf(
  item: Item,
  cloud: PricedCloud,
): { readonly kind: LineKind; readonly unit: string } {
  const key = item.replace(/\/.*/, "/") as keyof typeof items;
  const { kind, unit } = items[key] as ItemMeaning;
  return { kind, unit: typeof unit === "string" ? unit : unit[cloud] };
}

/** A price of the book: one figure, or several tiers. USD per unit. */
export interface Price {
  readonly unit: string;
  readonly price?: number;
  /** Instead of `price`. Each tier applies from its `from` up to that of the next tier. The first starts at 0, and they are in ascending order. */
  readonly tiers?: readonly Tier[];
  /** Keys of {@link CloudPrices.sources}. */
  readonly sources: readonly string[];
  readonly confidence: Confidence;
  /** The date of the data: a year, month or day. */
  readonly date: string;
  /** The price of another source that disagrees, which `note` names. Not used with tiers. */
  readonly disputed?: number;
  readonly note?: string;
}

export interface Tier {
  /** In the price's unit. */
  readonly from: number;
  readonly price: number;
}

/** List prices, before taxes and discounts. */
export interface CloudPrices {
  readonly sources: Readonly<Record<string, { readonly name: string; readonly url?: string }>>;
  /** By region. {@link everywhere} has the items with the same price in all regions. */
  readonly regions: Readonly<Record<string, Readonly<Record<string, Price>>>>;
  /** The list prices, if `regions` has negotiated ones. @default `regions` */
  readonly listed?: CloudPrices["regions"];
}

/** A cloud with prices. */
export type PricedCloud = "aws" | "azure";

export type PriceBook = Readonly<Record<PricedCloud, CloudPrices>>;

export const everywhere = "*";

/** List prices. `npm run prices` updates them. */
export const listPrices = { aws, azure } as PriceBook;

/** The prices of all estimates: list prices and commitments, both replaced by the prices in negotiated.json. */
export const priceBook = withNegotiated(
  {
    aws: merged(listPrices.aws, committed(commitments.aws)),
    azure: merged(listPrices.azure, committed(commitments.azure)),
  },
  negotiated as PriceBook,
);

/** By region and machine type: the prices for one year and for three. */
type Commitments = Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;

/** Expands the commitments. All have the same source, so the file has just a pair of prices for each machine type. */
function committed(list: Omit<typeof commitments.aws, "regions"> & { readonly regions: Commitments }) {
  const { what, source, date, regions } = list;
  const confidence = list.confidence as Confidence;
  const price = (price = Number.NaN) => ({
    unit: "hours",
    price,
    sources: ["commitments"],
    confidence,
    date,
  });
  const prices = Object.entries(regions).map(([region, types]) => {
    const pairs = Object.entries(types).flatMap(([type, [oneYear, threeYears]]) => [
      [`machine-one-year/${type}`, price(oneYear)],
      [`machine-three-years/${type}`, price(threeYears)],
    ]);
    return [region, Object.fromEntries(pairs)];
  });
  const named = { ...source, name: `${what}, by ${source.name}` };
  return { sources: { commitments: named }, regions: Object.fromEntries(prices) };
}

/**
 * @param listed whether to return the list price even if another one is negotiated
 * @returns undefined if the book has no price for this region
 */
export function priceOf(
  book: PriceBook,
  cloud: PricedCloud,
  region: string,
  item: Item,
  listed = false,
): Price | undefined {
  const { regions, listed: list = regions } = book[cloud];
  const prices = listed ? list : regions;
  return prices[region]?.[item] ?? prices[everywhere]?.[item];
}

/** The source of a price, for a line. */
export function sourceOf(book: PriceBook, cloud: PricedCloud, price: Price): PriceSource {
  const { sources, date, confidence, disputed } = price;
  const known = sources.map((key) => book[cloud].sources[key] ?? { name: key });
  const url = known.find((source) => source.url !== undefined)?.url;
  return {
    name: known.map(({ name }) => name).join("; "),
    ...(url && { url }),
    date,
    confidence,
    ...(disputed !== undefined && { disputed }),
  };
}

/** A book in which negotiated prices replace list prices. Those of {@link everywhere} apply in each region without a negotiated price of its own. */
export function withNegotiated(list: PriceBook, negotiated: PriceBook): PriceBook {
  const both = (cloud: PricedCloud) => ({
    ...merged(list[cloud], negotiated[cloud]),
    listed: list[cloud].regions,
  });
  return { aws: both("aws"), azure: both("azure") };
}

function merged(list: CloudPrices, negotiated: CloudPrices): CloudPrices {
  const names = new Set([...Object.keys(list.regions), ...Object.keys(negotiated.regions)]);
  const regions = [...names].map((name) => [
    name,
    { ...list.regions[name], ...negotiated.regions[everywhere], ...negotiated.regions[name] },
  ]);
  return { sources: { ...list.sources, ...negotiated.sources }, regions: Object.fromEntries(regions) };
}
