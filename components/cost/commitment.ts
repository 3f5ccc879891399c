/** The cost with a commitment to the same machines for one year or three. */
import { texts } from "../capacity/text.ts";
import { type Charge, costOf, type Market, type Setting } from "./charge.ts";
import { type PriceSource, share, usd } from "./line.ts";
import { priceOf, sourceOf } from "./prices/price-book.ts";

/** What we pay in a month with a commitment to all machines, USD. The rest of the bill doesn't change. */
export interface Committed {
  readonly oneYearUSD: number;
  readonly threeYearsUSD: number;
  /** The source of both prices. */
  readonly source: PriceSource;
}

/** @returns undefined without machines, or if the region's price isn't known. Other regions' prices don't count, because a commitment is for machines in this region */
export function committedTo(charges: readonly Charge[], market: Market): Committed | undefined {
  const { cloud, region, prices } = market;
  const types = charges.flatMap((charge) => typeOf(charge) ?? []);
  const price = (term: Term, type = "") => priceOf(prices, cloud, region.name, `machine-${term}/${type}`);
  const cost = (term: Term) => {
    const own = charges.map((charge) => {
      const type = typeOf(charge);
      return type === undefined ? charge : { ...charge, item: `machine-${term}/${type}` as const };
    });
    return types.every((type) => price(term, type)) ? costOf(own, ["us"], market) : undefined;
  };
  const [oneYearUSD, threeYearsUSD] = [cost("one-year"), cost("three-years")];
  const first = price("one-year", types[0]);
  if (!first || oneYearUSD === undefined || threeYearsUSD === undefined) return undefined;
  return { oneYearUSD, threeYearsUSD, source: sourceOf(prices, cloud, first) };
}

type Term = "one-year" | "three-years";

/** The machine type of a charge. Undefined for other charges, and for the share that EKS adds to a machine's price. */
function typeOf({ item, listed }: Charge): string | undefined {
  return listed ? undefined : /^machine\/(.*)/.exec(item)?.[1];
}

/**
 * A sentence about a commitment to the planned machine.
 * @param nowUSD what we pay without it, if that is known
 */
export function commitmentSentence(
  type: string,
  nowUSD: number | undefined,
  committed: Committed | undefined,
  { cloud, region, prices }: Setting,
): string {
  if (!committed) return `No price of a commitment to ${type} in ${region.name} is known.`;
  const { oneYearUSD, threeYearsUSD, source } = committed;
  const price = (listed: boolean) => priceOf(prices, cloud, region.name, `machine/${type}`, listed);
  const own = price(false);
  const isEks = region.kind === "aws cluster";
  const amount = (committedUSD: number) =>
    `${usd(committedUSD)}${nowUSD === undefined ? "" : ` (${share(committedUSD / nowUSD - 1)})`}`;
  return texts(
    `With ${type} committed to for one year we pay ${amount(oneYearUSD)}, for three years ${amount(threeYearsUSD)}: ` +
      `${source.name}, ${source.date}, ${source.confidence} confidence.`,
    own &&
      own !== price(true) &&
      `The lines have a negotiated price of ${type} (${sourceOf(prices, cloud, own).name}), in whose place these prices would come.`,
    // https://docs.aws.amazon.com/savingsplans/latest/userguide/what-is-savings-plans.html
    isEks &&
      "Auto Mode may choose a machine of another family, which this doesn't cover; a Compute Savings Plan does, at a rate that isn't known here.",
  ).join(" ");
}
