/** Reads billed costs from an export in FOCUS, the FinOps Foundation's format: https://focus.finops.org/focus-specification/ */
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { resolve } from "node:path";
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
import { sum } from "./amounts.ts";
import type { StackRegion } from "./estimates.ts";

/** The billed cost of a stack's region. */
export interface Billed {
  /** Time from the stack's first usage to its last. */
  readonly hours: number;
  /** Of each charge, the part of its charge period that is in this time. */
  readonly usd: number;
  /** Extrapolated to a month of 730 hours. */
  readonly monthlyUSD: number;
  /** Includes the usage's share of commitments, wherever those were billed. */
  readonly effectiveUSD: number;
  readonly effectiveMonthlyUSD: number;
  /** The rest: corrections of earlier months, the other months of a purchase or a credit, and usage after the report. */
  readonly otherTimesUSD: number;
}

/** Excludes null, which z.coerce.date() would read as 1970. */
const date = z.union([z.string(), z.date()]).pipe(z.coerce.date());

/** Excludes null and empty strings, which z.coerce.number() would read as 0. */
const amount = z.union([z.number(), z.bigint(), z.string().regex(/\S/)]).pipe(z.coerce.number());

/**
 * The columns that are used. Each version of FOCUS since 1.0 has them, except for Azure's own, which begin with `x_`:
 * https://learn.microsoft.com/azure/cost-management-billing/dataset-schema/cost-usage-details-focus. In CSV, all values are text and tags are JSON. Parquet has dates, and tags may be a map.
 */
const row = z.looseObject({
  BilledCost: amount,
  EffectiveCost: amount,
  x_BilledCostInUsd: amount.nullish().catch(undefined),
  x_EffectiveCostInUsd: amount.nullish().catch(undefined),
  ChargeCategory: z.string(),
  ChargeClass: z.string().nullish(),
  BillingCurrency: z.string(),
  ChargePeriodStart: date,
  ChargePeriodEnd: date,
  RegionId: z.string().nullish(),
  Tags: z.union([z.string(), z.record(z.string(), z.unknown())]).nullable(),
});

const required = Object.entries(row.shape).flatMap(([name, { isOptional }]) => (isOptional() ? [] : name));

/** A charge with the tags of a stack. */
interface Charge {
  readonly usd: number;
  readonly effectiveUSD: number;
  /** Its charge period, in milliseconds. */
  readonly start: number;
  readonly end: number;
  /** Whether it is usage of the present bill. A correction has the time of the usage that it corrects: https://focus.finops.org/focus-specification/ */
  readonly isUsage: boolean;
}

/**
 * Adds up the charges with the tags of this project's stacks.
 * @param paths CSV files, plain or compressed with gzip, or Parquet files
 * @param wanted the stacks to report. All, if empty.
 * @param today the date of the report. Usage of a later time is only announced.
 * @returns `billed`, without regions that have no usage, because their monthly cost isn't known; `notes`, a sentence for each amount that counts for no region: its region
 * isn't the stack's, or it has no region and the stack has several
 * @throws Error with the way out: a file can't be read, isn't FOCUS, or is in another currency; or no charge has the tags
 */
export async function readFocus(
  paths: readonly string[],
  regions: readonly StackRegion[],
  wanted: readonly string[],
  today: string,
) {
  const files = paths.map((path) => resolve(path));
  const twice = files.find((file, index) => files.indexOf(file) < index);
  if (twice !== undefined) throw new Error(`${twice}: is given twice, so its charges would count twice`);
  const charges = new Map<string, Charge[]>();
  let rows = 0;
  for (const path of paths) {
    rows += await addFile(path, charges).catch((error: Error) => {
      throw new Error(`${path}: ${error.message}`);
    });
  }
  if (rows === 0) throw new Error("the export has no rows");
  if (charges.size === 0) {
    throw new Error(
      "no charge has the tags `project` and `stack`: activate both for the bill (docs/cost.md#what-was-billed)",
    );
  }
  const found = new Map<StackRegion, Charge[]>();
  const notes: string[] = [];
  for (const [key, those] of charges) {
    const [stack = "", place = ""] = key.split("/");
    const own = regions.filter((region) => region.stack === stack);
    const [region, ...others] = own.filter(({ estimate }) => place === "" || estimate.region === place);
    if (region && others.length === 0) found.set(region, [...(found.get(region) ?? []), ...those]);
    else if (wanted.length === 0 || own.length > 0) {
      const where = place === "" ? "without a region" : `in ${place}`;
      const amount = dollars(sum(those.map(({ usd }) => usd)));
      notes.push(`${stack}: ${amount} of the export, ${where}, count for no region of the report.`);
    }
  }
  const billed = [...found].flatMap(([region, those]) => {
    const sums = billedOf(those, Date.parse(today) + 24 * hourMillis);
    return sums ? [[region, sums] as const] : [];
  });
  return { billed: new Map(billed), notes };
}

const hourMillis = 3_600_000;

/** @param now milliseconds @returns undefined without usage */
function billedOf(charges: readonly Charge[], now: number): Billed | undefined {
  const usage = charges.filter(({ isUsage }) => isUsage);
  const start = usage.reduce((least, charge) => Math.min(least, charge.start), Number.POSITIVE_INFINITY);
  const end = usage.reduce((most, charge) => Math.max(most, Math.min(now, charge.end)), start);
  const hours = (end - start) / hourMillis;
  if (!(hours > 0)) return undefined;
  const shareOf = (charge: Charge) =>
    Math.max(0, Math.min(end, charge.end) - Math.max(start, charge.start)) / (charge.end - charge.start);
  const total = (of: "usd" | "effectiveUSD") => sum(charges.map((charge) => charge[of] * shareOf(charge)));
  const [usd, effectiveUSD] = [total("usd"), total("effectiveUSD")];
  const monthly = (amount: number) => (amount / hours) * hoursPerMonth;
  return {
    hours,
    usd,
    monthlyUSD: monthly(usd),
    effectiveUSD,
    effectiveMonthlyUSD: monthly(effectiveUSD),
    otherTimesUSD: sum(charges.map((charge) => charge.usd * (1 - shareOf(charge)))),
  };
}

/** @returns the number of rows */
async function addFile(path: string, charges: Map<string, Charge[]>): Promise<number> {
  const start = await startOf(path);
  if (start.toString("latin1") === "PAR1") return addParquet(path, charges);
  // https://www.rfc-editor.org/rfc/rfc1952#page-6
  const isGzip = start[0] === 0x1f && start[1] === 0x8b;
  const csv = parse({ columns: demandColumns, bom: true });
  let rows = 0;
  await pipeline(
    createReadStream(path),
    isGzip ? createGunzip() : new PassThrough(),
    csv,
    async (records) => {
      // The first row has the names of the columns.
      for await (const record of records) add(record, ++rows + 1, charges);
    },
  );
  return rows;
}

function demandColumns(names: string[]): string[] {
  const missing = required.filter((name) => !names.includes(name));
  if (missing.length === 0) return names;
  throw new Error(`isn't FOCUS: it lacks the column${missing.length === 1 ? "" : "s"} ${missing.join(", ")}`);
}

/** In addition to uncompressed files and Snappy. */
const compressors: Compressors = {
  BROTLI: (input) => brotliDecompressSync(input),
  GZIP: (input) => gunzipSync(input),
  ZSTD: (input) => zstdDecompressSync(input),
};

/** Reads one row group at a time, and only the columns that are used, because an export of a month can be larger than the memory. */
async function addParquet(path: string, charges: Map<string, Charge[]>): Promise<number> {
  const file = await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file);
  const there = demandColumns(parquetSchema(metadata).children.map(({ element }) => element.name));
  // An export can omit the others.
  const columns = Object.keys(row.shape).filter((name) => there.includes(name));
  const options = { file, metadata, columns, compressors };
  let rowStart = 0;
  for (const { num_rows: count } of metadata.row_groups) {
    const rowEnd = rowStart + Number(count);
    const records = await parquetReadObjects({ ...options, rowStart, rowEnd });
    for (const [index, record] of records.entries()) add(record, rowStart + index + 1, charges);
    rowStart = rowEnd;
  }
  return rowStart;
}

/** The first four bytes, which identify the format: https://parquet.apache.org/docs/file-format/ */
async function startOf(path: string): Promise<Buffer> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(4) });
  return buffer.subarray(0, bytesRead);
}

function add(record: unknown, line: number, charges: Map<string, Charge[]>): void {
  const { data, error } = row.safeParse(record);
  if (!data) {
    const [issue] = error.issues;
    throw new Error(`row ${line}: the column ${issue?.path.join(".")} isn't as in FOCUS`);
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
  const isUsage = data.ChargeCategory === "Usage" && data.ChargeClass !== "Correction";
  if (isUsage && end <= start) throw new Error(`row ${line}: its charge period doesn't end after its start`);
  const key = keyOf(stack, data.RegionId);
  // A charge of a moment counts, too.
  const charge = { ...amounts, start, end: Math.max(end, start + 1), isUsage };
  const those = charges.get(key);
  if (those) those.push(charge);
  else charges.set(key, [charge]);
}

/** @returns undefined if the charge is in another currency and the cloud doesn't convert it to USD */
function amountsInUsd(charge: z.output<typeof row>): Pick<Charge, "usd" | "effectiveUSD"> | undefined {
  if (charge.BillingCurrency === "USD") return { usd: charge.BilledCost, effectiveUSD: charge.EffectiveCost };
  const { x_BilledCostInUsd: usd, x_EffectiveCostInUsd: effectiveUSD } = charge;
  return typeof usd === "number" && typeof effectiveUSD === "number" ? { usd, effectiveUSD } : undefined;
}

/** For resources without a region, clouds name no region, or `global`. */
function keyOf(stack: string, region: string | null | undefined): string {
  return `${stack}/${region?.toLowerCase() === "global" ? "" : (region ?? "")}`;
}

/** The stack of this project's resource. The tags are an object, or an object as JSON. AWS may add `user:` or `user_` to a key. */
function stackOf(tags: z.output<typeof row>["Tags"]): string | undefined {
  const all = typeof tags === "string" ? objectIn(tags) : (tags ?? {});
  const own = new Map(Object.entries(all).map(([key, value]) => [key.replace(/^user[:_]/, ""), value]));
  const stack = own.get("stack");
  return own.get("project") === project && typeof stack === "string" ? stack : undefined;
}

/** Text that isn't JSON has no tags. */
function objectIn(text: string): object {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}
