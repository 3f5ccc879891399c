import { texts } from "../capacity/text.ts";
import { type CostLine, type NotPriced, notFound, type Payer, rounded, unitPrice, usd } from "./line.ts";

/** What something may cost, USD a month. */
export interface Amounts {
  readonly low: number;
  readonly expected: number;
  /** Infinite where no region has a price. */
  readonly high: number;
}

/** What we pay in a month, by all that isn't known. USD; low ≤ expected ≤ high. */
export interface CostRange {
  /** Missing prices by the least expensive known region, disputed ones by the lower figure, without a contested charge. */
  readonly lowUSD: number;
  /** Missing prices by the dearest known region, as in comparisons. */
  readonly expectedUSD: number;
  /** Disputed prices by the higher figure, with a contested charge. Absent: no region has a price for one of the lines. */
  readonly highUSD?: number;
  /** Why low and high differ, or may: a sentence each. Empty where all prices are known and undisputed. */
  readonly reasons: readonly string[];
}

/** A region's lines, as far as the range follows from them. */
interface Ranged {
  readonly lines: readonly CostLine[];
  readonly contested?: { readonly name: string; readonly lines: readonly CostLine[] };
  readonly notPriced: readonly NotPriced[];
}

/** What one line costs. */
export interface LineRange extends Amounts {
  readonly line: CostLine;
  /** Where the price is missing and only this region has one. */
  readonly ofOneRegion?: string;
  /** Whether the price is missing and all that are known are the same: the range is {@link regionsApart} to both sides. */
  readonly isOfOnePrice?: boolean;
}

/** The lines that somebody pays, the dearest first. The contested charge is one of ours. */
export function lineRanges(region: Ranged, payer: Payer = "us"): LineRange[] {
  const own = region.lines.filter(({ paidBy }) => paidBy === payer);
  const ranges = own.map((line) => lineRange(line, region.notPriced));
  // Infinity from infinity is no number.
  return [...ranges, ...(payer === "us" ? contestedRange(region) : [])].sort((one, other) =>
    one.high === other.high ? 0 : other.high - one.high,
  );
}

/** One line, however many tiers it reaches; none where nothing is contested. */
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
 * The age of a price widens nothing: of 908 types of EC2 in one region, none that a cache would run on changed its price in 14 months.
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
      // The contested charge has a sentence of its own.
      ...missingPrices(ranges.filter(({ line }) => line.name !== contested?.line.name)),
      ...ranges.map(disputedPrice),
      contested && `Only the high end has the contested charge, ${amount}: ${contested.line.name}.`,
    ),
  };
}

export function sumOf(all: readonly Amounts[]): Amounts {
  const sum = (of: keyof Amounts) => rounded(all.reduce((total, amounts) => total + amounts[of], 0));
  return { low: sum("low"), expected: sum("expected"), high: sum("high") };
}

/** With what is expected first: `$90.00 ($85.00 to $96.50)`, `$100.77`, `≥ $32.18`. */
export function rangeText({ low, expected, high }: Amounts): string {
  if (!Number.isFinite(high)) return `≥ ${usd(expected)}`;
  const [least, most] = [usd(low), usd(high)];
  return least === most ? most : `${usd(expected)} (${least} to ${most})`;
}

/** As a share: of 100 pairs of regions in the price book, about 98 are no further apart in the price of a machine, and about 90 in that of another thing. */
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

/** A sentence names so many lines. */
const namedLines = 3;

/** Lines as the object of a sentence. */
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
