import { z } from "zod";
import { machineNamed } from "../../components/capacity/machines.ts";
import type { Tier } from "../../components/cost/prices/price-book.ts";
import { type Answer, ambiguous, nothingFound } from "./answer.ts";
import type { AwsQuery } from "./aws-queries.ts";

/** What is read of an entry of AWS's price list: https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-price-list-query-api.html */
const product = z.object({
  product: z.object({ attributes: z.record(z.string(), z.string()) }),
  terms: z.object({
    OnDemand: z
      .record(
        z.string(),
        z.object({
          priceDimensions: z.record(
            z.string(),
            z.object({
              unit: z.string(),
              beginRange: z.string().transform(Number),
              pricePerUnit: z.record(z.string(), z.string().transform(Number)),
            }),
          ),
        }),
      )
      .default({}),
  }),
});

type Product = z.output<typeof product>;

/**
 * The answers to a query, from the entries of all its pages.
 * @throws z.ZodError for entries of another shape.
 */
export function awsAnswers(query: AwsQuery, entries: readonly unknown[]): Answer[] {
  const products = entries.map((entry) => product.parse(entry));
  const { region, item } = query;
  if (item) return [{ region, item, ...priceOf(query, products) }];
  const byType = Map.groupBy(products, (entry) => entry.product.attributes.instanceType ?? "");
  return [...byType]
    .filter(([type]) => machineNamed("aws", type) !== undefined)
    .map(([type, those]) => ({ region, item: `machine/${type}` as const, ...priceOf(query, those) }));
}

/** Several products with the same price are as good as one. */
function priceOf(query: AwsQuery, products: readonly Product[]): Pick<Answer, "price" | "problem"> {
  const offers = products.map((entry) => tiersOf(query, entry));
  const problem = offers.find((offer) => typeof offer === "string");
  if (typeof problem === "string") return { problem };
  const ladders = offers.filter((offer) => typeof offer !== "string");
  const different = [...new Map(ladders.map((tiers) => [JSON.stringify(tiers), tiers])).values()];
  const [tiers] = different;
  const first = tiers?.[0];
  if (!tiers || !first) return { problem: nothingFound };
  if (different.length > 1) return { problem: ambiguous(different.map(([tier]) => tier?.price ?? 0)) };
  const { unit, tiered } = query;
  return tiered ? { price: { unit, tiers } } : { price: { unit, price: first.price } };
}

/** In our units; the list isn't sorted. Or what is wrong. */
function tiersOf({ listUnit, factor = 1 }: AwsQuery, { terms }: Product): Tier[] | string {
  const dimensions = Object.values(terms.OnDemand).flatMap((term) => Object.values(term.priceDimensions));
  const tiers: Tier[] = [];
  for (const { unit, beginRange, pricePerUnit } of dimensions) {
    const { USD: price } = pricePerUnit;
    // Each service writes it its own way.
    if (unit.toLowerCase().replace(/^hours?$/, "hrs") !== listUnit)
      return `counted in ${unit}, not in ${listUnit}`;
    if (price === undefined) return `in ${Object.keys(pricePerUnit).join(", ")}, not in USD`;
    tiers.push({ from: beginRange / factor, price: significant(price * factor) });
  }
  return tiers.sort((one, other) => one.from - other.from);
}

/** Without the last digits of a multiplication. */
function significant(value: number): number {
  return Number(value.toPrecision(10));
}
