/** What a year or three of the same machine cost, promised to the cloud. */
import { type Charge, costOf, type Place } from "./charge.ts";
import { type PriceSource, usd } from "./line.ts";
import { type Item, type PriceBook, priceOf, sourceOf } from "./prices/price-book.ts";

/** What we pay in a month with all machines committed to, USD. The rest of the bill stays as it is. */
export interface Committed {
  readonly oneYearUSD: number;
  readonly threeYearsUSD: number;
  /** Of both prices. */
  readonly source: PriceSource;
}

/** @returns undefined where nothing can be committed to, or a price isn't known: another region's is no indication, as the machine must be in this one */
export function committedTo(
  charges: readonly Charge[],
  place: Place,
  book: PriceBook,
): Committed | undefined {
  const types = charges.flatMap((charge) => (isMachine(charge) ? charge.item.slice("machine/".length) : []));
  const [oneYearUSD, threeYearsUSD] = (["one-year", "three-years"] as const).map((term) => {
    const item = (type: string): Item => `machine-${term}/${type}`;
    if (types.some((type) => !priceOf(book, place.cloud, place.region, item(type)))) return undefined;
    const own = charges.map((charge) =>
      isMachine(charge) ? { ...charge, item: item(charge.item.slice("machine/".length)) } : charge,
    );
    return costOf(own, ["us"], place, book);
  });
  const [type] = types;
  const price = type && priceOf(book, place.cloud, place.region, `machine-one-year/${type}`);
  if (!price || oneYearUSD === undefined || threeYearsUSD === undefined) return undefined;
  return { oneYearUSD, threeYearsUSD, source: sourceOf(book, place.cloud, price) };
}

/** Not the share that EKS takes of one. */
function isMachine({ item, kind, quantity }: Charge): boolean {
  return item.startsWith("machine/") && kind === undefined && quantity > 0;
}

/** A sentence on the machine that is planned. */
export function commitmentSentence(
  type: string,
  { region }: Place,
  committed: Committed | undefined,
): string {
  if (!committed) return `No price of a commitment to ${type} in ${region} is known.`;
  const { oneYearUSD, threeYearsUSD, source } = committed;
  return (
    `With ${type} committed to for one year we pay ${usd(oneYearUSD)}, for three years ${usd(threeYearsUSD)} ` +
    `(${source.name}, ${source.date}, ${source.confidence} confidence).`
  );
}
