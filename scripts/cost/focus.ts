/** What clouds have billed, from an export in FOCUS, the FinOps Foundation's form: https://focus.finops.org/focus-specification/ */
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { PassThrough } from "node:stream";
import { pipeline } from "node:stream/promises";
import { brotliDecompressSync, createGunzip, gunzipSync, zstdDecompressSync } from "node:zlib";
import { parse } from "csv-parse";
import {
  asyncBufferFromFile,
  type Compressors,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from "hyparquet";
import { z } from "zod";
import { hoursPerMonth } from "../../components/capacity/demand.ts";
import { usd as dollars } from "../../components/cost/line.ts";
import { project } from "../../components/hosts/naming.ts";
import type { StackRegion } from "./estimates.ts";

/** What was billed for a region of a stack. */
export interface Billed {
  /** From the first usage of the stack to the last. A purchase has the time that it is for. */
  readonly hours: number;
  readonly usd: number;
  /** As of a month of 730 hours. */
  readonly monthlyUSD: number;
  /** With the usage's share of what was paid for commitments, wherever that was billed. */
  readonly effectiveUSD: number;
  readonly effectiveMonthlyUSD: number;
}

/** Not null, which z.coerce.date() takes for 1970. */
const date = z.union([z.string(), z.date()]).pipe(z.coerce.date());

/** Not null or empty, which z.coerce.number() takes for 0. */
const amount = z.union([z.number(), z.bigint(), z.string().regex(/\S/)]).pipe(z.coerce.number());

/**
 * The columns that count; each version of FOCUS since 1.0 has them, but for Azure's own, which begin with `x_`:
 * https://learn.microsoft.com/azure/cost-management-billing/dataset-schema/cost-usage-details-focus. In CSV all is text, and the tags are JSON; Parquet has dates, and may have a map.
 */
const row = z.looseObject({
  BilledCost: amount,
  EffectiveCost: amount,
  x_BilledCostInUsd: amount.nullish().catch(undefined),
  x_EffectiveCostInUsd: amount.nullish().catch(undefined),
  ChargeCategory: z.string(),
  BillingCurrency: z.string(),
  ChargePeriodStart: date,
  ChargePeriodEnd: date,
  RegionId: z.string().nullish(),
  Tags: z.union([z.string(), z.record(z.string(), z.unknown())]).nullable(),
});

/** Of charges; the times are of usage, infinitely late and early without any. */
const nothing = {
  usd: 0,
  effectiveUSD: 0,
  start: Number.POSITIVE_INFINITY,
  end: Number.NEGATIVE_INFINITY,
};

type Sum = Readonly<typeof nothing>;

function plus(one: Sum, other: Sum): Sum {
  return {
    usd: one.usd + other.usd,
    effectiveUSD: one.effectiveUSD + other.effectiveUSD,
    start: Math.min(one.start, other.start),
    end: Math.max(one.end, other.end),
  };
}

/**
 * Adds up what has the tags of this project's stacks.
 * @param paths of files in CSV, plain or compressed by gzip, or in Parquet
 * @param wanted the stacks that are asked for, all if there are none
 * @returns `billed` without the regions that have no usage, as nothing says what theirs is in a month; `notes`, a sentence for what counts for no region: of one
 * that isn't the stack's, or of none where the stack has several
 * @throws Error with the way out: a file that can't be read, isn't FOCUS, or is in another currency; no charge that has the tags.
 */
export async function readFocus(
  paths: readonly string[],
  regions: readonly StackRegion[],
  wanted: readonly string[],
) {
  const sums = new Map<string, Sum>();
  for (const path of paths) {
    await addFile(path, sums).catch((error: Error) => {
      throw new Error(`${path}: ${error.message}`);
    });
  }
  if (sums.size === 0) {
    throw new Error(
      "no charge has the tags `project` and `stack`: activate both for the bill (docs/cost.md#what-was-billed)",
    );
  }
  const found = new Map<StackRegion, Sum>();
  const notes: string[] = [];
  for (const [key, sum] of sums) {
    const [stack = "", place = ""] = key.split("/");
    const own = regions.filter((region) => region.stack === stack);
    const [region, ...others] = own.filter(({ estimate }) => place === "" || estimate.region === place);
    if (region && others.length === 0) found.set(region, plus(found.get(region) ?? nothing, sum));
    else if (wanted.length === 0 || own.length > 0) {
      const where = place === "" ? "without a region" : `in ${place}`;
      notes.push(`${stack}: ${dollars(sum.usd)} of the export, ${where}, count for no region of the report.`);
    }
  }
  const billed = [...found].flatMap(([region, sum]) =>
    sum.end > sum.start ? [[region, billedOf(sum)] as const] : [],
  );
  return { billed: new Map(billed), notes };
}

function billedOf({ usd, effectiveUSD, start, end }: Sum): Billed {
  const hours = (end - start) / 3_600_000;
  const monthly = (amount: number) => (amount / hours) * hoursPerMonth;
  return { hours, usd, monthlyUSD: monthly(usd), effectiveUSD, effectiveMonthlyUSD: monthly(effectiveUSD) };
}

async function addFile(path: string, sums: Map<string, Sum>): Promise<void> {
  const start = await startOf(path);
  if (start.toString("latin1") === "PAR1") return addParquet(path, sums);
  // https://www.rfc-editor.org/rfc/rfc1952#page-6
  const isGzip = start[0] === 0x1f && start[1] === 0x8b;
  const csv = parse({ columns: true, bom: true });
  await pipeline(
    createReadStream(path),
    isGzip ? createGunzip() : new PassThrough(),
    csv,
    async (records) => {
      let line = 1;
      for await (const record of records) add(record, ++line, sums);
    },
  );
}

/** Beside none and Snappy. */
const compressors: Compressors = {
  BROTLI: (input) => brotliDecompressSync(input),
  GZIP: (input) => gunzipSync(input),
  ZSTD: (input) => zstdDecompressSync(input),
};

/** Group by group, and only the columns that count: an export of a month may be larger than the memory. */
async function addParquet(path: string, sums: Map<string, Sum>): Promise<void> {
  const file = await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file);
  const there = parquetSchema(metadata).children.map(({ element }) => element.name);
  // An export may leave columns out: which of them it must have, `row` says.
  const columns = Object.keys(row.shape).filter((name) => there.includes(name));
  const options = { file, metadata, columns, compressors };
  let rowStart = 0;
  for (const { num_rows: count } of metadata.row_groups) {
    const rowEnd = rowStart + Number(count);
    const records = await parquetReadObjects({ ...options, rowStart, rowEnd });
    for (const [index, record] of records.entries()) add(record, rowStart + index + 1, sums);
    rowStart = rowEnd;
  }
}

/** Four bytes, which tell the format: https://parquet.apache.org/docs/file-format/ */
async function startOf(path: string): Promise<Buffer> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(4) });
  return buffer.subarray(0, bytesRead);
}

function add(record: unknown, line: number, sums: Map<string, Sum>): void {
  const { data, error } = row.safeParse(record);
  if (!data) {
    const [issue] = error.issues;
    throw new Error(`row ${line}: the column ${issue?.path.join(".")} of FOCUS is missing or wrong`);
  }
  const stack = stackOf(data.Tags);
  if (stack === undefined) return;
  const amounts = amountsInUsd(data);
  if (amounts === undefined) {
    throw new Error(
      `row ${line}: is in ${data.BillingCurrency}, and the estimates are in USD: export the columns x_BilledCostInUsd and x_EffectiveCostInUsd, too`,
    );
  }
  const [start, end] = [Number(data.ChargePeriodStart), Number(data.ChargePeriodEnd)];
  const isUsage = data.ChargeCategory === "Usage";
  if (isUsage && end <= start) throw new Error(`row ${line}: its charge period doesn't end after its start`);
  const key = keyOf(stack, data.RegionId);
  sums.set(key, plus(sums.get(key) ?? nothing, { ...nothing, ...amounts, ...(isUsage && { start, end }) }));
}

/** Nothing where the charge is in another currency, and the cloud doesn't say what it is in USD. */
function amountsInUsd(charge: z.output<typeof row>): Pick<Sum, "usd" | "effectiveUSD"> | undefined {
  if (charge.BillingCurrency === "USD") return { usd: charge.BilledCost, effectiveUSD: charge.EffectiveCost };
  const { x_BilledCostInUsd: usd, x_EffectiveCostInUsd: effectiveUSD } = charge;
  return typeof usd === "number" && typeof effectiveUSD === "number" ? { usd, effectiveUSD } : undefined;
}

/** Clouds name no region, or `global`, for what is in none. */
function keyOf(stack: string, region: string | null | undefined): string {
  return `${stack}/${region?.toLowerCase() === "global" ? "" : (region ?? "")}`;
}

/** The stack of a resource of this project. The column is an object, or one in JSON; AWS may write `user:` or `user_` before a key. */
function stackOf(tags: z.output<typeof row>["Tags"]): string | undefined {
  const all = typeof tags === "string" ? objectIn(tags) : (tags ?? {});
  const own = new Map(Object.entries(all).map(([key, value]) => [key.replace(/^user[:_]/, ""), value]));
  const stack = own.get("stack");
  return own.get("project") === project && typeof stack === "string" ? stack : undefined;
}

/** What isn't JSON has no tags. */
function objectIn(text: string): object {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}
