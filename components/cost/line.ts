/** Stands for an unknown price, which must never count as 0. */
export const notFound = "not found";

export type Confidence = "high" | "medium" | "low";

/** The source of a price. */
export interface PriceSource {
  readonly name: string;
  readonly url?: string;
  /** The date of the data, as precisely as it is known: `2026-07-20`, `2025-05`, `2026`. */
  readonly date: string;
  readonly confidence: Confidence;
  /** The price of another source that disagrees, USD. Absent if none does. */
  readonly disputed?: number;
}

/** What a line is for. Reports can add up lines by kind. */
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
  /** The name, with details in brackets: `Instance (Linux, on demand, m7g.large)`. Unique among the lines of an estimate. */
  readonly name: string;
  readonly kind: LineKind;
  /** The unit of `monthlyQuantity` and `price`: `hours`, `GiB-months`, `GiB`, `GB` (10^9 bytes), `1M queries`. */
  readonly unit: string;
  /** Rounded to six decimals. */
  readonly monthlyQuantity: number;
  readonly price: number | typeof notFound;
  /** Quantity × price, rounded to six decimals. `not found` if and only if the price is. */
  readonly monthlyCost: number | typeof notFound;
  /** `fixed`: while the thing exists. `usage`: depends on the workload. */
  readonly basis: "fixed" | "usage";
  /** `customer`: the owner of the nodes that pull. */
  readonly paidBy: Payer;
  /** Absent if and only if the price isn't found. */
  readonly source?: PriceSource;
}

export type Payer = "us" | "customer";

/** Sums of lines, USD per month, without lines that have no price. */
export interface Totals {
  readonly fixed: number;
  readonly usage: number;
  /** fixed + usage = us + customer. */
  readonly all: number;
  readonly byPayer: Readonly<Record<Payer, number>>;
  /** Whether the price of every line was found. If not, the totals are too low. */
  readonly complete: boolean;
}

/** Something that costs money but isn't in any total. */
export interface NotPriced {
  /** The name of a line, or of something without a line. */
  readonly name: string;
  readonly reason: string;
  /** For a line whose price is only known in other regions: its cost there, USD per month. An indication that isn't in any total. */
  readonly elsewhere?: {
    readonly region: string;
    readonly price: number;
    readonly monthlyCost: number;
    /** The cost in the least expensive region. `monthlyCost` is the cost in the most expensive one. 0 if the indication is for an item that costs more. */
    readonly leastMonthlyCost?: number;
    /** The number of regions with a price. A single one is a weak indication of the region's own price. */
    readonly regions?: number;
  };
}

/** Rounds an amount to six decimals, far below what is billed, to remove floating-point noise. */
export function rounded(amount: number): number {
  return Math.round(amount * 1e6) / 1e6;
}

const money = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD", signDisplay: "negative" });

/** An amount in the format of all reports: `$1,234.56`, `-$0.50`, `not found`. */
export function usd(amount: number | typeof notFound): string {
  return amount === notFound ? notFound : money.format(amount);
}

/** A share with its sign: `+29%`. */
export function share(part: number): string {
  return part.toLocaleString("en-US", { style: "percent", signDisplay: "exceptZero" });
}

/** The price of one unit with all its digits: `$0.0978`, `$0.0000004`. */
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
