import { PricingClient, type PricingClientConfig, paginateGetProducts } from "@aws-sdk/client-pricing";
import { z } from "zod";
import { machineNamed } from "../../components/capacity/machines.ts";
import { type Answer, offer, type Step } from "./answer.ts";
import type { AwsQuery } from "./aws-queries.ts";

/**
 * Asks AWS's price list, which takes credentials with the right `pricing:GetProducts`.
 * @throws the SDK's errors: no credentials, no way there.
 */
export async function askAws(
  queries: readonly AwsQuery[],
  config: PricingClientConfig = {},
): Promise<Answer[]> {
  // One of the few regions where the API is.
  const client = new PricingClient({ region: "us-east-1", ...config });
  try {
    const answers: Answer[] = [];
    // One after the other: AWS throttles more than a few at a time.
    for (const query of queries) answers.push(...answersTo(query, await entriesOf(client, query)));
    return answers;
  } finally {
    client.destroy();
  }
}

async function entriesOf(client: PricingClient, { service, filters }: AwsQuery): Promise<unknown[]> {
  const pages = paginateGetProducts(
    { client },
    {
      ServiceCode: service,
      FormatVersion: "aws_v1",
      Filters: Object.entries(filters).map(([Field, Value]) => ({ Type: "TERM_MATCH", Field, Value })),
    },
  );
  const entries: unknown[] = [];
  for await (const page of pages) {
    for (const text of page.PriceList ?? []) entries.push(JSON.parse(String(text)));
  }
  return entries;
}

const dimension = z
  .object({
    unit: z.string(),
    beginRange: z.string(),
    pricePerUnit: z.record(z.string(), z.string()),
  })
  .transform(({ unit, beginRange, pricePerUnit }): Step => {
    const [[currency, price] = ["no currency", ""]] = Object.entries(pricePerUnit);
    // Each service writes it its own way.
    const listUnit = unit.toLowerCase().replace(/^hours?$/, "hrs");
    return { unit: listUnit, currency, from: Number(beginRange), price: Number(price) };
  });

/** What is read of an entry of AWS's price list: https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-price-list-query-api.html */
const entry = z.object({
  product: z.object({ attributes: z.record(z.string(), z.string()) }),
  terms: z.object({
    OnDemand: z
      .record(z.string(), z.object({ priceDimensions: z.record(z.string(), dimension) }))
      .default({}),
  }),
});

/**
 * The answers to a query, from the entries of all its pages.
 * @throws z.ZodError for entries of another shape.
 */
function answersTo(query: AwsQuery, entries: readonly unknown[]): Answer[] {
  const { region, item, usage } = query;
  const isMeant = ({ usagetype = "" }: Record<string, string>) =>
    usage === undefined || usagetype === usage || usagetype.replace(/^[A-Z]+\d*-/, "") === usage;
  const products = entries.flatMap((one) => {
    const { product, terms } = entry.parse(one);
    if (!isMeant(product.attributes)) return [];
    const steps = Object.values(terms.OnDemand).flatMap((term) => Object.values(term.priceDimensions));
    return [{ type: product.attributes.instanceType ?? "", steps }];
  });
  const answer = (of: Answer["item"], those: typeof products): Answer => ({
    region,
    item: of,
    ...offer(
      those.map(({ steps }) => steps),
      query,
    ),
  });
  if (item) return [answer(item, products)];
  return [...Map.groupBy(products, ({ type }) => type)]
    .filter(([type]) => machineNamed("aws", type) !== undefined)
    .map(([type, those]) => answer(`machine/${type}`, those));
}
