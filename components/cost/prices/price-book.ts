import type { Cloud } from "../../capacity/machine.ts";
import type { Confidence, LineKind, LineUnit, PriceSource } from "../line.ts";
import aws from "./aws.json" with { type: "json" };
import azure from "./azure.json" with { type: "json" };
import commitments from "./commitments.json" with { type: "json" };
import negotiated from "./negotiated.json" with { type: "json" };

/** What an item is for, and what it is counted in. */
interface ItemMeaning {
  readonly kind: LineKind;
  /** By the cloud where they don't count alike. */
  readonly unit: LineUnit | Readonly<Record<Cloud, LineUnit>>;
}

const transferred = { aws: "GiB", azure: "GB" } as const;

/** What can be bought, by our own names. */
const items = {
  machine: { kind: "machine", unit: "hours" },
  "machine-one-year": { kind: "machine", unit: "hours" },
  "machine-three-years": { kind: "machine", unit: "hours" },
  "premium-ssd": { kind: "disk", unit: "months" },
  alarm: { kind: "monitoring", unit: "months" },
  "blob-reads": { kind: "bucket", unit: "10k requests" },
  "blob-storage": { kind: "bucket", unit: "GB-months" },
  "blob-storage-zrs": { kind: "bucket", unit: "GB-months" },
  "blob-writes": { kind: "bucket", unit: "10k requests" },
  "blob-writes-grs": { kind: "bucket", unit: "10k requests" },
  "blob-writes-zrs": { kind: "bucket", unit: "10k requests" },
  cluster: { kind: "cluster", unit: "hours" },
  "dns-queries": { kind: "dns", unit: "1M queries" },
  "dns-zone": { kind: "dns", unit: "months" },
  "gp3-capacity": { kind: "disk", unit: "GiB-months" },
  "gp3-iops": { kind: "disk", unit: "IOPS-months" },
  "gp3-throughput": { kind: "disk", unit: "MiB/s-months" },
  "health-check": { kind: "dns", unit: "months" },
  "load-balancer": { kind: "load balancer", unit: "hours" },
  "load-balancer-data": { kind: "load balancer", unit: { aws: "NLCU-hours", azure: "GB" } },
  "nat-gateway": { kind: "cluster", unit: "hours" },
  "nat-gateway-data": { kind: "cluster", unit: transferred },
  "premium-v2-capacity": { kind: "disk", unit: "GiB-hours" },
  "premium-v2-iops": { kind: "disk", unit: "IOPS-hours" },
  "premium-v2-throughput": { kind: "disk", unit: "MB/s-hours" },
  "public-ipv4": { kind: "address", unit: "hours" },
  "registry-replica": { kind: "registry", unit: "days" },
  "registry-storage": { kind: "registry", unit: "GiB-months" },
  "s3-reads": { kind: "bucket", unit: "1k requests" },
  "s3-storage": { kind: "bucket", unit: "GiB-months" },
  "s3-writes": { kind: "bucket", unit: "1k requests" },
  secret: { kind: "secrets", unit: "months" },
  "traffic-manager-check": { kind: "dns", unit: "months" },
  "traffic-manager-queries": { kind: "dns", unit: "1M queries" },
  "transfer-between-regions": { kind: "transfer", unit: transferred },
  "transfer-in-region": { kind: "transfer", unit: "GiB" },
  "transfer-to-internet": { kind: "transfer", unit: transferred },
} as const satisfies Record<string, ItemMeaning>;

type Typed = "machine" | "machine-one-year" | "machine-three-years" | "premium-ssd";

/** One of the `items`; `machine…/…` has the cloud's name of the type, `premium-ssd/…` that of the tier, such as P4. The hour of a machine that is committed to costs less. */
export type Item = Exclude<keyof typeof items, Typed> | `${Typed}/${string}`;

/** What it is for, and its unit in a cloud. */
export function meaningOf(item: Item, cloud: Cloud): { readonly kind: LineKind; readonly unit: LineUnit } {
  const [name] = item.split("/");
  const { kind, unit }: ItemMeaning = items[name as keyof typeof items];
  return { kind, unit: typeof unit === "string" ? unit : unit[cloud] };
}

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

/** Of one and of three years, for each type of a region: they are all from one source, so a pair of figures is enough. */
interface CommitmentList {
  readonly what: string;
  readonly source: CloudPrices["sources"][string];
  readonly date: string;
  readonly confidence: string;
  readonly regions: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;
}

function committed({ what, source, date, confidence, regions }: CommitmentList): CloudPrices {
  const price = (price = Number.NaN) =>
    ({ unit: "hours", price, sources: ["commitments"], confidence: confidence as Confidence, date }) as const;
  const prices = Object.entries(regions).map(([region, types]) => [
    region,
    Object.fromEntries(
      Object.entries(types).flatMap(([type, [oneYear, threeYears]]) => [
        [`machine-one-year/${type}`, price(oneYear)],
        [`machine-three-years/${type}`, price(threeYears)],
      ]),
    ),
  ]);
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
export function sourceOf(
  book: PriceBook,
  cloud: Cloud,
  { sources, date, confidence, disputed }: Price,
): PriceSource {
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
  const both = (cloud: Cloud) => ({
    ...merged(list[cloud], negotiated[cloud]),
    listed: list[cloud].regions,
  });
  return { aws: both("aws"), azure: both("azure") };
}

function merged(list: CloudPrices, negotiated: CloudPrices): CloudPrices {
  const names = new Set([...Object.keys(list.regions), ...Object.keys(negotiated.regions)]);
  const regions = [...names].map((name) => {
    const prices = { ...list.regions[name], ...negotiated.regions[everywhere], ...negotiated.regions[name] };
    return [name, prices] as const;
  });
  return { sources: { ...list.sources, ...negotiated.sources }, regions: Object.fromEntries(regions) };
}
