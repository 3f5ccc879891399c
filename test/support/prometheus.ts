/** Prometheus's HTTP API for tests. */
import { waitUntil } from "./wait.ts";

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly data: { readonly result: readonly Series[] };
}

interface Series {
  readonly metric: Record<string, string>;
  readonly value: [number, string];
}

/** An instant query that gives a vector. @param base the server's address; its path ends in a slash */
export async function query(base: URL, expression: string): Promise<Sample[]> {
  const url = new URL("api/v1/query", base);
  url.searchParams.set("query", expression);
  const { status, error, data } = (await (await fetch(url)).json()) as Answer;
  if (status !== "success") throw new Error(`${error}: ${expression}`);
  return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
}

/** The value of what has one, or undefined where there is nothing. */
export async function queryValue(base: URL, expression: string): Promise<number | undefined> {
  const [sample, ...more] = await query(base, expression);
  if (more.length > 0) throw new Error(`${more.length + 1} results: ${expression}`);
  return sample?.value;
}

/** Waits until all targets of all jobs have been scraped since now, each at a time of its own. */
export async function allScraped(base: URL): Promise<void> {
  const now = Date.now();
  const url = new URL("api/v1/targets?state=active", base);
  await waitUntil(
    "all targets are scraped",
    async () => {
      const answer = (await (await fetch(url)).json()) as {
        data: { activeTargets: { lastScrape: string }[] };
      };
      const { activeTargets } = answer.data;
      return (
        activeTargets.length > 0 && activeTargets.every(({ lastScrape }) => Date.parse(lastScrape) > now)
      );
    },
    120_000,
  );
}
