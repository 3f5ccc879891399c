import type { Cloud } from "../../capacity/machine.ts";
import type { Confidence, LineUnit, PriceSource } from "../line.ts";
import aws from "./aws.json" with { type: "json" };
import azure from "./azure.json" with { type: "json" };

/** What can be bought, by our own names. `machine/…` has the cloud's name of the type; `premium-ssd/…` that of the tier, such as P4. */
export type Item =
  | `machine/${string}`
  | `premium-ssd/${string}`
  | "alarm"
  | "blob-reads"
  | "blob-storage"
  | "blob-storage-zrs"
  | "blob-writes"
  | "blob-writes-grs"
  | "blob-writes-zrs"
  | "cluster"
  | "dns-queries"
  | "dns-zone"
  | "gp3-capacity"
  | "gp3-iops"
  | "gp3-throughput"
  | "load-balancer"
  | "load-balancer-data"
  | "nat-gateway"
  | "nat-gateway-data"
  | "premium-v2-capacity"
  | "premium-v2-iops"
  | "premium-v2-throughput"
  | "public-ipv4"
  | "registry-replica"
  | "registry-storage"
  | "s3-reads"
  | "s3-storage"
  | "s3-writes"
  | "secret"
  | "transfer-between-regions"
  | "transfer-in-region"
  | "transfer-to-internet";

/** A price of the book: one figure, or a ladder of them. USD per unit. */
export interface Price {
  readonly unit: LineUnit;
  readonly price?: number;
  /** Instead of `price`: each counts for what is above its `from`, up to the next. The first is from 0, and they rise. */
  readonly tiers?: readonly Tier[];
  /** Keys of the book's sources. */
  readonly sources: readonly string[];
  readonly confidence: Confidence;
  /** Of the data: year, month or day. */
  readonly date: string;
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
}

export type PriceBook = Readonly<Record<Cloud, CloudPrices>>;

export const everywhere = "*";

/** The book that comes with the project. `npm run prices` renews it. */
export const priceBook = { aws, azure } as PriceBook;

/** @returns undefined if the book doesn't have it for this region. */
export function priceOf(book: PriceBook, cloud: Cloud, region: string, item: Item): Price | undefined {
  const { regions } = book[cloud];
  return regions[region]?.[item] ?? regions[everywhere]?.[item];
}

/** What a line says of where its price is from. */
export function sourceOf(book: PriceBook, cloud: Cloud, { sources, date, confidence }: Price): PriceSource {
  const known = sources.map((key) => book[cloud].sources[key] ?? { name: key });
  const url = known.find((source) => source.url !== undefined)?.url;
  return { name: known.map(({ name }) => name).join("; "), ...(url && { url }), date, confidence };
}
