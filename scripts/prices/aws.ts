import { PricingClient, type PricingClientConfig, paginateGetProducts } from "@aws-sdk/client-pricing";
import { z } from "zod";
import { machineNamed } from "../../components/capacity/machines.ts";
import { everywhere } from "../../components/cost/prices/price-book.ts";
import { type Answer, type Asked, answer, type Counting, type Step, wanted } from "./answer.ts";

/** A query for one product, based on https://github.com/infracost/infracost, internal/resources/aws; units are in lower case. */
export interface AwsQuery extends Counting, Asked {
  readonly service: string;
  /** The end of the usage type. Its prefix depends on the region and the service: `EUC1-`, `EU-`, `USE1-` or nothing. */
  readonly usage?: string;
  readonly filters?: Readonly<Record<string, string>>;
}

/** @param regions any of AWS's regions; nothing else about them needs to be known */
export function awsQueries(regions: readonly string[]): AwsQuery[] {
  return wanted<Omit<AwsQuery, keyof Asked>>("aws", regions).map((query) => ({
    ...query,
    filters: { ...query.filters, ...placeFilters(query) },
  }));
}

/** Transfer is filtered by its source region, and Route 53 has no regions. */
function placeFilters({ service, item, region }: AwsQuery): Readonly<Record<string, string>> {
  if (service === "AmazonRoute53") return {};
  if (service !== "AWSDataTransfer") return { regionCode: region === everywhere ? "us-east-1" : region };
  const to = item === "transfer-between-regions" && { toRegionCode: neighbourOf(region) };
  return { fromRegionCode: region, ...to };
}

/** Two regions per continent. One of them is the destination of transfer within the continent. A continent with one region uses the last pair. */
const pairs: readonly (readonly [string, string])[] = [
  ["eu-west-1", "eu-central-1"],
  ["ap-southeast-2", "ap-southeast-1"],
  ["us-west-2", "us-east-1"],
];

function neighbourOf(region: string): string {
  const continent = region.slice(0, 3);
  const [first, second] = pairs.find(([name]) => name.startsWith(continent)) ?? ["us-east-1", "us-west-2"];
  return region === first ? second : first;
}

/**
 * Queries AWS's price list. Needs credentials with the right `pricing:GetProducts`.
 * @throws the SDK's errors: no credentials, no connection
 */
export async function askAws(
  queries: readonly AwsQuery[],
  config: PricingClientConfig = {},
): Promise<Answer[]> {
  // One of the few regions with the API.
  const client = new PricingClient({ region: "us-east-1", ...config });
  try {
    const answers: Answer[] = [];
    // One query after the other, because AWS throttles more than a few at a time.
    for (const query of queries) answers.push(...answersTo(query, await entriesOf(client, query)));
    return answers;
  } finally {
    client.destroy();
  }
}

async function entriesOf(client: PricingClient, { service, filters = {} }: AwsQuery): Promise<unknown[]> {
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
  .object({ unit: z.string(), beginRange: z.string(), pricePerUnit: z.record(z.string(), z.string()) })
  .transform(({ unit, beginRange, pricePerUnit }): Step => {
    const [[currency, price] = ["no currency", ""]] = Object.entries(pricePerUnit);
    // Services spell the unit in different ways.
    const listUnit = unit.toLowerCase().replace(/^hours?$/, "hrs");
    return { unit: listUnit, currency, from: Number(beginRange), price: Number(price) };
  });

/** The fields of AWS's price list that are used: https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-price-list-query-api.html */
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
 * @throws z.ZodError if an entry has another structure
 */
function answersTo(query: AwsQuery, entries: readonly unknown[]): Answer[] {
  const { item, usage } = query;
  const products = entries.flatMap((one) => {
    const { product, terms } = entry.parse(one);
    const { usagetype = "", instanceType = "" } = product.attributes;
    const isMeant = [undefined, usagetype, usagetype.replace(/^[A-Z]+\d*-/, "")].includes(usage);
    const steps = Object.values(terms.OnDemand).flatMap((term) => Object.values(term.priceDimensions));
    return isMeant ? [{ type: instanceType, steps }] : [];
  });
  const stepsOf = (those: typeof products) => those.map(({ steps }) => steps);
  if (item !== "machine/") return [answer("aws", item, query, stepsOf(products))];
  return [...Map.groupBy(products, ({ type }) => type)]
    .filter(([type]) => machineNamed("aws", type) !== undefined)
    .map(([type, those]) => answer("aws", `machine/${type}`, query, stepsOf(those)));
}
