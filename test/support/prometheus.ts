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

/** Runs an instant query whose result is a vector. @param base the server's address; its path ends in a slash */
export async function query(base: URL, expression: string): Promise<Sample[]> {
  const url = new URL("api/v1/query", base);
  url.searchParams.set("query", expression);
  const { status, error, data } = (await (await fetch(url)).json()) as Answer;
  if (status !== "success") throw new Error(`${error}: ${expression}`);
  return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
}

/** The value of the only result, or undefined if there is none. Throws for several. */
export async function queryValue(base: URL, expression: string): Promise<number | undefined> {
  const [sample, ...more] = await query(base, expression);
  if (more.length > 0) throw new Error(`${more.length + 1} results: ${expression}`);
  return sample?.value;
}

/** The errors of the rules' last evaluations. */
export async function ruleErrors(base: URL): Promise<string[]> {
  const answer = (await (await fetch(new URL("api/v1/rules", base))).json()) as {
    data: { groups: { rules: { lastError?: string }[] }[] };
  };
  const rules = answer.data.groups.flatMap((group) => group.rules);
  if (rules.length === 0) throw new Error("There are no rules.");
  return rules.flatMap(({ lastError }) => lastError ?? []);
}

/** Waits until all targets of all jobs have been scraped from now on. Each has a schedule of its own. */
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
