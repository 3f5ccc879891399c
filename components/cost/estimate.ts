/** What a region's cache costs in a month, before it is there; pure. How to read it: docs/cost.md. */
import type { StackConfig, Upstream, Workload } from "../config/schema.ts";
import { type Alternative, type Alternatives, alternativesFor, pullCharges } from "./alternatives.ts";
import { assumptionsOf, withoutLine } from "./assumptions.ts";
import { type BreakEven, breakEvenOf } from "./break-even.ts";
import { priced } from "./charge.ts";
import { azureTransfer } from "./charges-azure.ts";
import { cheapestOf } from "./cheapest.ts";
import { type CostLine, type NotPriced, type Totals, totalsOf } from "./line.ts";
import { ageWarnings, oldestDate } from "./price-age.ts";
import type { PriceBook } from "./prices/price-book.ts";
import { sensitivityOf } from "./sensitivity.ts";
import { usageOf } from "./usage.ts";
import {
  type CloudRegion,
  chargesOf,
  deliveryOf,
  planVariant,
  type Setting,
  usageWith,
  variantOf,
} from "./variant.ts";

export interface EstimateRequest {
  readonly provider: StackConfig["provider"];
  readonly region: StackConfig["regions"][number];
  readonly workload: Workload;
  readonly upstreams: readonly Upstream[];
  /** What the stack's configuration says under `cost`. */
  readonly settings: StackConfig["cost"];
  readonly prices: PriceBook;
  /** `2026-11-24`. Only whether the prices are too old follows from it. */
  readonly today: string;
  /** Measured figures in the place of those that follow from the workload; machine and disk stay those for the workload. */
  readonly usage?: Partial<MonthlyUsage>;
}

/** What passes through a cache in a month. */
export interface MonthlyUsage {
  /** Sent to the nodes, whether by the cache or by its bucket. */
  readonly pulledGiB: number;
  /** Fetched from the upstreams. */
  readonly filledGiB: number;
}

/** Plain JSON. The same input gives the same bytes. All amounts are USD a month. */
export interface RegionEstimate {
  readonly region: string;
  readonly provider: StackConfig["provider"];
  /** What the stack creates and moves: fixed lines first, each in the order of the bill of materials. */
  readonly lines: readonly CostLine[];
  /** Of `lines`. */
  readonly totals: Totals;
  /** A charge that sources disagree about (Azure, traffic within a region), until `cost.azureSameRegionTraffic` says whether it is billed. */
  readonly contested?: Contested;
  /** The usage that the lines count. */
  readonly usage: MonthlyUsage;
  /** Other ways to serve the same workload. Absent where there is no cloud bill to compare: `local`, `kubernetes`. */
  readonly alternatives?: Alternatives;
  /** Against pulls from the upstream without a cache. Absent as `alternatives`. */
  readonly breakEven?: BreakEven;
  /** What has no price, and what has no line. */
  readonly notPriced: readonly NotPriced[];
  /** A sentence each. */
  readonly assumptions: readonly string[];
  /** Of the oldest price among the lines. Absent where none has a price. */
  readonly priceDate?: string;
  /** A sentence each: prices too old, a machine that doesn't carry the workload. Empty if all is well. */
  readonly warnings: readonly string[];
}

export interface Contested {
  /** What is asked, as a sentence. */
  readonly question: string;
  /** The lines that come on top if it is billed. */
  readonly lines: readonly CostLine[];
  /** Of all lines, these included. */
  readonly totals: Totals;
  /** With these included. */
  readonly breakEven: BreakEven;
}

/**
 * The estimate of one region. What has no price is said, and the rest is there all the same.
 * @throws RangeError for a price book whose units aren't those of this program.
 */
export function estimateRegion(request: EstimateRequest): RegionEstimate {
  const { provider, region } = request;
  const common = {
    region: region.name,
    provider,
    usage: usageFor(request),
  };
  switch (provider) {
    case "aws":
    case "azure": {
      // The schema gives each provider regions of its own.
      const setting = settingOf(request, provider, region as CloudRegion);
      const usage = usageWith(variantOf(setting.region), setting);
      return { ...common, usage, ...cloudEstimate(setting, request) };
    }
    case "local":
      return { ...common, ...withoutBill("This machine", "It is there already, and nobody bills it.") };
    case "kubernetes":
      return {
        ...common,
        ...withoutBill(
          "The cluster's nodes, volumes and load balancer",
          "The cluster is there already; what the cache adds to its bill depends on it.",
        ),
      };
  }
}

/**
 * The other ways alone, for whoever needs no more of an estimate.
 * @returns undefined where there is no cloud bill to compare
 */
export function optionsOf(request: EstimateRequest): readonly Alternative[] | undefined {
  const { provider, region, prices } = request;
  if (provider !== "aws" && provider !== "azure") return undefined;
  return alternativesFor(settingOf(request, provider, region as CloudRegion), prices);
}

function usageFor({ workload, usage }: EstimateRequest): MonthlyUsage {
  return { ...usageOf(workload), ...usage };
}

function settingOf(request: EstimateRequest, cloud: Setting["cloud"], region: CloudRegion): Setting {
  const { workload, upstreams, settings } = request;
  return {
    cloud,
    region,
    workload,
    upstreams,
    usage: usageFor(request),
    fillMeasured: request.usage?.filledGiB !== undefined,
    clusters: settings.clusters,
    azureBillsRegion: settings.azureSameRegionTraffic === "billed",
  };
}

type Bill = Omit<RegionEstimate, "region" | "provider" | "usage">;

function cloudEstimate(
  setting: Setting,
  { prices, today, settings, usage: measured = {} }: EstimateRequest,
): Bill {
  const { cloud, region, workload } = setting;
  const place = { cloud, region: region.name };
  const variant = variantOf(region);
  const planned = planVariant(variant, setting);
  const { lines, notPriced } = priced(chargesOf(variant, planned, setting), place, prices);
  const isOpen = cloud === "azure" && settings.azureSameRegionTraffic === "unknown";
  const disputed = isOpen
    ? priced(azureTransfer(setting.usage, deliveryOf(variant)), place, prices)
    : { lines: [], notPriced: [] };
  const options = alternativesFor(setting, prices);
  const { name, reason } = cheapestOf(options);
  const breakEven = (setting: Setting) =>
    breakEvenOf((pulledGiB) => {
      const at: Setting = { ...setting, usage: { ...setting.usage, pulledGiB } };
      return {
        cache: priced(chargesOf(variant, planned, at), place, prices),
        noCache: priced(pullCharges(at), place, prices),
      };
    }, workload.pullsPerNodeGiB);
  const priceDate = oldestDate(lines);
  return {
    lines,
    totals: totalsOf(lines),
    ...(priceDate !== undefined && { priceDate }),
    ...(disputed.lines.length > 0 && {
      contested: {
        question: sameRegionQuestion,
        lines: disputed.lines,
        totals: totalsOf([...lines, ...disputed.lines]),
        breakEven: breakEven({ ...setting, azureBillsRegion: true }),
      },
    }),
    alternatives: {
      options,
      ...(name && { cheapest: name }),
      reason,
      sensitivity: sensitivityOf(workload, (workload) =>
        alternativesFor({ ...setting, workload, usage: usageOf(workload), fillMeasured: false }, prices),
      ),
    },
    breakEven: breakEven(setting),
    notPriced: [...notPriced, ...disputed.notPriced, ...withoutLine(setting, planned)],
    assumptions: assumptionsOf(setting, measured),
    warnings: [
      ...[...planned.problems, ...planned.plan.warnings].map(({ path, message }) => `${path}: ${message}`),
      ...ageWarnings([...lines, ...disputed.lines], today),
    ],
  };
}

/** docs/cost.md has the sources of both answers. */
const sameRegionQuestion =
  "Does Azure bill what the cache sends to public addresses of its own region as transfer to the internet? Sources disagree. " +
  "The totals don't count it; `contested` does. Say which it is by `cost.azureSameRegionTraffic`.";

function withoutBill(name: string, reason: string): Bill {
  return {
    lines: [],
    totals: totalsOf([]),
    notPriced: [{ name, reason }],
    assumptions: [],
    warnings: [],
  };
}
