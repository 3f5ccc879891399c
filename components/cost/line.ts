/** What isn't known is said, and never counted as nothing. */
export const notFound = "not found";

export type Confidence = "high" | "medium" | "low";

/** Where a price is from. */
export interface PriceSource {
  readonly name: string;
  readonly url?: string;
  /** Of the data, as exactly as it is known: `2026-07-20`, `2025-05`, `2026`. */
  readonly date: string;
  readonly confidence: Confidence;
  /** The price by another source that disagrees, USD. Absent where none does. */
  readonly disputed?: number;
}

/** What a line is for: a report can add up by kind. */
export type LineKind =
  | "machine"
  | "disk"
  | "address"
  | "dns"
  | "monitoring"
  | "secrets"
  | "cluster"
  | "load balancer"
  | "bucket"
  | "registry"
  | "transfer"
  | "fill";

/** One line of a monthly bill. Plain JSON; amounts in USD. */
export interface CostLine {
  /** With the kind of thing that is bought in brackets: `Instance (Linux, on demand, m7g.large)`. Unique among the lines of an estimate. */
  readonly name: string;
  readonly kind: LineKind;
  /** What `monthlyQuantity` counts and `price` is for: `hours`, `GiB-months`, `GiB`, `GB` (10^9 bytes), `1M queries`. */
  readonly unit: string;
  /** Rounded to six decimals. */
  readonly monthlyQuantity: number;
  readonly price: number | typeof notFound;
  /** Quantity × price, rounded to six decimals. `not found` exactly where the price is. */
  readonly monthlyCost: number | typeof notFound;
  /** `fixed`: as long as it is there. `usage`: follows from the workload. */
  readonly basis: "fixed" | "usage";
  /** `customer`: whose nodes pull. */
  readonly paidBy: Payer;
  /** Absent exactly where the price isn't found. */
  readonly source?: PriceSource;
}

export type Payer = "us" | "customer";

/** Sums of lines, USD a month. What isn't found is in none of them. */
export interface Totals {
  readonly fixed: number;
  readonly usage: number;
  /** fixed + usage = us + customer. */
  readonly all: number;
  readonly byPayer: Readonly<Record<Payer, number>>;
  /** Whether the price of every line was found. If not, the totals are too low. */
  readonly complete: boolean;
}

/** Something that costs money and is in no total. */
export interface NotPriced {
  /** A line's name, or what there is no line for. */
  readonly name: string;
  readonly reason: string;
  /** For a line whose price is known for another region only: what it would be there, USD a month. An indication, in no total. */
  readonly elsewhere?: {
    readonly region: string;
    readonly price: number;
    readonly monthlyCost: number;
    /** By the least expensive region; `monthlyCost` is by the dearest. 0 where the indication is of a thing that costs more. */
    readonly leastMonthlyCost?: number;
    /** How many regions have a price. Where it is one, the region's own may well be another. */
    readonly regions?: number;
  };
}

/** Amounts are rounded so that they read as numbers, far below what anybody is billed for. */
export function rounded(amount: number): number {
  return Math.round(amount * 1e6) / 1e6;
}

const money = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD", signDisplay: "negative" });

/** As it stands in all reports: `$1,234.56`, `-$0.50`, `not found`. */
export function usd(amount: number | typeof notFound): string {
  return amount === notFound ? notFound : money.format(amount);
}

/** What one unit costs, with all its digits: `$0.0978`, `$0.0000004`. */
export function unitPrice(price: number | typeof notFound): string {
  if (price === notFound) return notFound;
  return `$${price.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 10 })}`;
}

export function totalsOf(lines: readonly CostLine[]): Totals {
  const sum = (matches: (line: CostLine) => boolean) =>
    rounded(
      lines
        .filter(matches)
        .reduce((total, { monthlyCost }) => total + (monthlyCost === notFound ? 0 : monthlyCost), 0),
    );
  return {
    fixed: sum(({ basis }) => basis === "fixed"),
    usage: sum(({ basis }) => basis === "usage"),
    all: sum(() => true),
    byPayer: {
      us: sum(({ paidBy }) => paidBy === "us"),
      customer: sum(({ paidBy }) => paidBy === "customer"),
    },
    complete: lines.every(({ monthlyCost }) => monthlyCost !== notFound),
  };
}
