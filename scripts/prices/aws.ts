import { PricingClient, type PricingClientConfig, paginateGetProducts } from "@aws-sdk/client-pricing";
import type { Answer } from "./answer.ts";
import { awsAnswers } from "./aws-product.ts";
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
    for (const query of queries) answers.push(...awsAnswers(query, await entriesOf(client, query)));
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
