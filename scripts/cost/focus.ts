/** What clouds have billed, from an export in FOCUS, the FinOps Foundation's form: https://focus.finops.org/focus-specification/ */
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { parse } from "csv-parse";
import { z } from "zod";
import { hoursPerMonth } from "../../components/capacity/demand.ts";
import { project } from "../../components/hosts/naming.ts";

/** What was billed for a region of a stack. */
export interface Billed {
  /** From the first charge of the stack to the last. */
  readonly hours: number;
  readonly usd: number;
  /** As of a month of 730 hours. */
  readonly monthlyUSD: number;
}

/** The columns that count; each version of FOCUS has them. */
const row = z.looseObject({
  BilledCost: z.coerce.number(),
  BillingCurrency: z.string(),
  ChargePeriodStart: z.string(),
  ChargePeriodEnd: z.string(),
  RegionId: z.string().optional(),
  Tags: z.string(),
});

interface Sum {
  usd: number;
  start: number;
  end: number;
}

/** By stack and region; without a region where a charge has none. */
export type BilledSums = ReadonlyMap<string, Sum>;

/**
 * Adds up what has the tags of this project's stacks.
 * @param path of a CSV file
 * @throws Error with the way out: a file that can't be read, isn't FOCUS, or is in another currency.
 */
export async function readFocus(path: string): Promise<BilledSums> {
  const sums = new Map<string, Sum>();
  await pipeline(createReadStream(path), parse({ columns: true, bom: true }), async (records) => {
    let line = 1;
    for await (const record of records) add(record, ++line, sums);
  });
  return sums;
}

function add(record: unknown, line: number, sums: Map<string, Sum>): void {
  const { data, error } = row.safeParse(record);
  if (!data) {
    const [issue] = error.issues;
    throw new Error(`row ${line}: the column ${issue?.path.join(".")} of FOCUS is missing or wrong`);
  }
  const stack = stackOf(data.Tags);
  if (stack === undefined) return;
  if (data.BillingCurrency !== "USD") {
    throw new Error(`row ${line}: is in ${data.BillingCurrency}, and the estimates are in USD`);
  }
  const [start, end] = [Date.parse(data.ChargePeriodStart), Date.parse(data.ChargePeriodEnd)];
  if (Number.isNaN(start + end)) throw new Error(`row ${line}: its charge period isn't one of two dates`);
  const key = keyOf(stack, data.RegionId);
  const sum = sums.get(key) ?? { usd: 0, start, end };
  sums.set(key, {
    usd: sum.usd + data.BilledCost,
    start: Math.min(sum.start, start),
    end: Math.max(sum.end, end),
  });
}

/** @param isAlone whether it is the stack's only region: then charges without a region are its, too */
export function billedFor(
  sums: BilledSums,
  stack: string,
  region: string,
  isAlone: boolean,
): Billed | undefined {
  const own = [keyOf(stack, region), ...(isAlone ? [keyOf(stack)] : [])].flatMap(
    (key) => sums.get(key) ?? [],
  );
  if (own.length === 0) return undefined;
  const hours =
    (Math.max(...own.map(({ end }) => end)) - Math.min(...own.map(({ start }) => start))) / 3_600_000;
  const usd = own.reduce((total, sum) => total + sum.usd, 0);
  return { hours, usd, monthlyUSD: (usd / hours) * hoursPerMonth };
}

function keyOf(stack: string, region = ""): string {
  return `${stack}/${region}`;
}

/** The stack of a resource of this project. The column is a JSON object; AWS may write `user:` or `user_` before a key. */
function stackOf(tags: string): string | undefined {
  if (tags === "") return undefined;
  let read: unknown;
  try {
    read = JSON.parse(tags);
  } catch {
    return undefined;
  }
  const all = z.record(z.string(), z.unknown()).safeParse(read);
  const own = new Map(
    Object.entries(all.data ?? {}).map(([key, value]) => [key.replace(/^user[:_]/, ""), value]),
  );
  const stack = own.get("stack");
  return own.get("project") === project && typeof stack === "string" ? stack : undefined;
}
