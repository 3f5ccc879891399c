import type { Cloud } from "../../capacity/machine.ts";
import type { Confidence, LineKind, PriceSource } from "../line.ts";
import aws from "./aws.json" with { type: "json" };
import azure from "./azure.json" with { type: "json" };
import commitments from "./commitments.json" with { type: "json" };
import items from "./items.json" with { type: "json" };
import negotiated from "./negotiated.json" with { type: "json" };

/** Not of the import itself, as the declarations that tsc writes lose its attribute. */
const known = items;

/** An item of items.json, which has the queries to the clouds' price lists, too; one that ends with a slash has a type after it, by the cloud's name. */
export type Item = Typed<keyof typeof known>;

type Typed<Key extends string> = Key extends `${string}/` ? `${Key}${string}` : Key;

interface ItemMeaning {
  readonly kind: LineKind;
  /** By the cloud where they don't count alike. */
  readonly unit: string | Readonly<Record<Cloud, string>>;
}

/** What it is for, and its unit in a cloud. */
export function meaningOf(item: Item, cloud: Cloud): { readonly kind: LineKind; readonly unit: string } {
  const key = item.replace(/\/.*/, "/") as keyof typeof items;
  const { kind, unit } = items[key] as ItemMeaning;
  return { kind, unit: typeof unit === "string" ? unit : unit[cloud] };
}

/** A price of the book: one figure, or a ladder of them. USD per unit. */
export interface Price {
  readonly unit: string;
  readonly price?: number;
  /** Instead of `price`: each counts for what is above its `from`, up to the next. The first is from 0, and they rise. */
  readonly tiers?: readonly Tier[];
  /** Keys of the book's sources. */
  readonly sources: readonly string[];
  readonly confidence: Confidence;
  /** Of the data: year, month or day. */
  readonly date: string;
  /** By another source that disagrees, which `note` names. Never of a ladder. */
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
  /** By region; {@link everywhere} has what has one price in all regions. */
  readonly regions: Readonly<Record<string, Readonly<Record<string, Price>>>>;
  /** The list prices alone, where others are negotiated. @default `regions` */
  readonly listed?: CloudPrices["regions"];
}

export type PriceBook = Readonly<Record<Cloud, CloudPrices>>;

export const everywhere = "*";

/** List prices. `npm run prices` renews them. */
export const listPrices = { aws, azure } as PriceBook;

/** What estimates count: list prices, those of commitments, and in the place of both those of negotiated.json. */
export const priceBook = withNegotiated(
  {
    aws: merged(listPrices.aws, committed(commitments.aws)),
    azure: merged(listPrices.azure, committed(commitments.azure)),
  },
  negotiated as PriceBook,
);

/** Of each type of a region, for one and for three years. */
type Commitments = Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;

/** They are all from one source, so a pair of figures is enough for each. */
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
 * @param listed whether the list price is meant, where another one is negotiated
 * @returns undefined if the book doesn't have it for this region.
 */
export function priceOf(
  book: PriceBook,
  cloud: Cloud,
  region: string,
  item: Item,
  listed = false,
): Price | undefined {
  const { regions, listed: list = regions } = book[cloud];
  const those = listed ? list : regions;
  return those[region]?.[item] ?? those[everywhere]?.[item];
}

/** What a line says of where its price is from. */
export function sourceOf(book: PriceBook, cloud: Cloud, price: Price): PriceSource {
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

/** A book in which negotiated prices take the place of list prices; those of {@link everywhere} in each region, unless the region has its own. */
export function withNegotiated(list: PriceBook, negotiated: PriceBook): PriceBook {
  const both = (cloud: Cloud) => ({ ...merged(list[cloud], negotiated[cloud]), listed: list[cloud].regions });
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
