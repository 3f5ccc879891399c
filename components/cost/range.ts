import { texts } from "../capacity/text.ts";
import { type CostLine, type NotPriced, notFound, type Payer, rounded, unitPrice, usd } from "./line.ts";

/** What something may cost, USD per month. */
export interface Amounts {
  readonly low: number;
  readonly expected: number;
  /** Infinity if no region has a price. */
  readonly high: number;
}

/** The range of what we pay in a month, from everything that isn't known. USD; low ≤ expected ≤ high. */
export interface CostRange {
  /** Uses the lowest price of all regions for missing prices and the lower figure for disputed ones, and excludes a contested charge. */
  readonly lowUSD: number;
  /** Uses the highest price of all regions for missing prices, as in comparisons. */
  readonly expectedUSD: number;
  /** Uses the higher figure for disputed prices, and includes a contested charge. Absent if no region has a price for one of the lines. */
  readonly highUSD?: number;
  /** Why low and high differ, or may differ, one sentence each. Empty if all prices are known and undisputed. */
  readonly reasons: readonly string[];
}

/** The parts of a region's estimate that determine the range. */
interface Ranged {
  readonly lines: readonly CostLine[];
  readonly contested?: { readonly name: string; readonly lines: readonly CostLine[] };
  readonly notPriced: readonly NotPriced[];
}

/** The range of one line's cost. */
export interface LineRange extends Amounts {
  readonly line: CostLine;
  /** The only region with a price, if the region's own price is missing. */
  readonly ofOneRegion?: string;
  /** Whether the price is missing and all known prices are the same. The range then extends by {@link regionsApart} to both sides. */
  readonly isOfOnePrice?: boolean;
}

/** The lines of one payer, the most expensive first. We pay the contested charge. */
export function lineRanges(region: Ranged, payer: Payer = "us"): LineRange[] {
  const own = region.lines.filter(({ paidBy }) => paidBy === payer);
  const ranges = own.map((line) => lineRange(line, region.notPriced));
  // Infinity - Infinity is NaN.
  return [...ranges, ...(payer === "us" ? contestedRange(region) : [])].sort((one, other) =>
    one.high === other.high ? 0 : other.high - one.high,
  );
}

/** The contested charge as one line, regardless of its tiers. Empty if there is none. */
function contestedRange({ contested, notPriced }: Ranged): LineRange[] {
  const ranges = (contested?.lines ?? []).map((line) => lineRange(line, notPriced));
  const [first] = ranges;
  if (!contested || !first) return [];
  const { high } = sumOf(ranges);
  const line: CostLine = {
    ...first.line,
    name: contested.name,
    monthlyQuantity: rounded(ranges.reduce((sum, { line }) => sum + line.monthlyQuantity, 0)),
    monthlyCost: first.line.price === notFound ? notFound : high,
  };
  return [{ line, low: 0, expected: 0, high }];
}

/**
 * The age of a price doesn't widen the range: of 908 EC2 types in one region, none that suits a cache changed its price in 14 months.
 */
export function rangeOf(region: Ranged): CostRange {
  const ranges = lineRanges(region);
  const { low, expected, high } = sumOf(ranges);
  const [contested] = contestedRange(region);
  const { high: most = 0 } = contested ?? {};
  const byOther = contested?.line.price === notFound ? " by another region's price" : "";
  const amount = Number.isFinite(most) ? `${usd(most)}${byOther}` : "without a known price";
  return {
    lowUSD: low,
    expectedUSD: expected,
    ...(Number.isFinite(high) && { highUSD: high }),
    reasons: texts(
      // The contested charge has its own sentence.
      ...missingPrices(ranges.filter(({ line }) => line.name !== contested?.line.name)),
      ...ranges.map(disputedPrice),
      contested && `Only the high end has the contested charge, ${amount}: ${contested.line.name}.`,
    ),
  };
}

/** An amount that is known. */
export function exactly(amount: number): Amounts {
  return { low: amount, expected: amount, high: amount };
}

export function sumOf(all: readonly Amounts[]): Amounts {
  const sum = (of: keyof Amounts) => rounded(all.reduce((total, amounts) => total + amounts[of], 0));
  return { low: sum("low"), expected: sum("expected"), high: sum("high") };
}

/** A range as text, with the expected amount first: `$90.00 ($85.00 to $96.50)`, `$100.77`, `≥ $32.18`. */
export function rangeText({ low, expected, high }: Amounts): string {
  if (!Number.isFinite(high)) return `≥ ${usd(expected)}`;
  const [least, most] = [usd(low), usd(high)];
  return least === most ? most : `${usd(expected)} (${least} to ${most})`;
}

/** A relative difference between regions. In the price book, about 98% of all pairs of regions differ by at most this in a machine's price, and about 90% in other prices. */
export const regionsApart = 0.3;

function lineRange(line: CostLine, notPriced: readonly NotPriced[]): LineRange {
  const { name, monthlyCost, monthlyQuantity, source } = line;
  if (monthlyCost === notFound) {
    const elsewhere = notPriced.find((entry) => entry.name === name)?.elsewhere;
    if (!elsewhere) return { line, low: 0, expected: 0, high: Number.POSITIVE_INFINITY };
    const { monthlyCost, leastMonthlyCost = 0, regions } = elsewhere;
    const isOfOnePrice = regions === 1 || leastMonthlyCost === monthlyCost;
    const apart = isOfOnePrice ? regionsApart : 0;
    return {
      line,
      low: rounded(leastMonthlyCost * (1 - apart)),
      expected: monthlyCost,
      high: rounded(monthlyCost * (1 + apart)),
      isOfOnePrice,
      ...(regions === 1 && { ofOneRegion: elsewhere.region }),
    };
  }
  const other = source?.disputed === undefined ? monthlyCost : rounded(monthlyQuantity * source.disputed);
  return {
    line,
    low: Math.min(monthlyCost, other),
    expected: monthlyCost,
    high: Math.max(monthlyCost, other),
  };
}

/** The maximum number of lines that a sentence names. */
const namedLines = 3;

/** The names of lines, as the object of a sentence. */
function lineNames(ranges: readonly LineRange[]): string {
  const named = ranges
    .slice(0, namedLines)
    .map(({ line, ofOneRegion }) => (ofOneRegion ? `${line.name}, of ${ofOneRegion}` : line.name));
  const rest = ranges.length - named.length;
  return rest > 0 ? `${named.join("; ")} and ${rest} more` : named.join("; ");
}

function missingPrices(ranges: readonly LineRange[]): string[] {
  const missing = ranges.filter(({ line }) => line.price === notFound);
  const known = missing.filter(({ high }) => Number.isFinite(high));
  const nowhere = missing.filter(({ high }) => !Number.isFinite(high));
  const standIns = Map.groupBy(known, ({ ofOneRegion, isOfOnePrice }) => {
    const whose = ofOneRegion ? "of one other region" : "of other regions";
    if (!isOfOnePrice) return whose;
    return `${whose}${ofOneRegion ? "" : ", which are the same"}, ${regionsApart * 100} % more or less,`;
  });
  return texts(
    nowhere.length > 0 && `No region has a price, so the high end is open: ${lineNames(nowhere)}.`,
    ...[...standIns].map(
      ([what, those]) =>
        `Prices ${what} stand in for missing ones, ${rangeText(sumOf(those))}: ${lineNames(those)}.`,
    ),
  );
}

function disputedPrice({ line: { name, source, price, unit } }: LineRange): string | false {
  const per = unit.replace(/(hour|day|month)s$/, "$1");
  return (
    source?.disputed !== undefined &&
    `Sources disagree on ${name}: ${unitPrice(price)} or ${unitPrice(source.disputed)} per ${per}.`
  );
}
