/** What a region's cache costs in a month, before it is there; pure. How to read it: docs/cost.md. */
import type { Capacity } from "../capacity/plan.ts";
import { type CloudRegion, cloudOf, planVariant, variantOf } from "../capacity/plan-region.ts";
import type { AnyRegion, Governance, Provider, RegionKind, StackConfig } from "../config/schema.ts";
import { assumptionsOf, ofGovernance, withoutLine } from "./assumptions.ts";
import { type BreakEven, breakEvenOf } from "./break-even.ts";
import { priced, type Setting } from "./charge.ts";
import { azureTransfer } from "./charges-azure.ts";
import { type Alternatives, alternativesOf } from "./cheapest.ts";
import { commitmentSentence } from "./commitment.ts";
import { type CostLine, type NotPriced, type Totals, totalsOf } from "./line.ts";
import { ageWarnings, datesOf } from "./price-age.ts";
import type { PriceBook } from "./prices/price-book.ts";
import { type CostRange, rangeOf } from "./range.ts";
import { type Steps, stepsOf } from "./steps.ts";
import { type MonthlyUsage, servedByCache, usageOf } from "./usage.ts";
import { azureBilled, chargesOf, isContested, usageWith } from "./variant.ts";

/** What the cost of a stack's regions follows from, beside themselves. */
export type CostConfig = Pick<StackConfig, "provider" | "workload" | "upstreams" | "cost"> & {
  readonly governance?: Governance;
};

export interface EstimateOptions {
  readonly prices: PriceBook;
  /** `2026-11-24`. Only whether the prices are too old follows from it. */
  readonly today: string;
  /** Of a region in a cloud, where it is planned already. @default as planned from the rest */
  readonly capacity?: Capacity | undefined;
  /** Measured figures in the place of those that follow from the workload; machine and disk stay those for the workload. */
  readonly usage?: Partial<MonthlyUsage>;
}

/** Plain JSON. The same input gives the same bytes. All amounts are USD a month. */
export interface RegionEstimate {
  readonly region: string;
  readonly provider: Provider;
  /** What the stack creates and moves: fixed lines first, each in the order of the bill of materials. */
  readonly lines: readonly CostLine[];
  /** Of `lines`. */
  readonly totals: Totals;
  /** What we pay, with all that isn't known. Absent where there is no cloud bill. */
  readonly range?: CostRange;
  /** A charge that sources disagree about (Azure, traffic within a region), until `cost.azureSameRegionTraffic` says whether it is billed. */
  readonly contested?: Contested;
  /** The usage that the lines count. */
  readonly usage: MonthlyUsage;
  /** Other ways to serve the same workload. Absent where there is no cloud bill to compare: `local`, `kubernetes`. */
  readonly alternatives?: Alternatives;
  /** Against pulls from the upstream without a cache. Absent as `alternatives`. */
  readonly breakEven?: BreakEven;
  /** What we pay if the machines are committed to, as a sentence; the amounts are those of the chosen alternative. Absent as `alternatives`. */
  readonly commitment?: string;
  /** Where it costs more by a step. Absent as `alternatives`. */
  readonly steps?: Steps;
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
  /** What it is for. */
  readonly name: string;
  /** The lines that come on top if it is billed, one for each tier of its price. */
  readonly lines: readonly CostLine[];
  /** Of all lines, these included. */
  readonly totals: Totals;
  /** With these included. */
  readonly breakEven: BreakEven;
}

/** What has no bill, and why. */
const unbilled: Readonly<Record<Exclude<RegionKind, CloudRegion["kind"]>, NotPriced>> = {
  local: { name: "This machine", reason: "It is there already, and nobody bills it." },
  kubernetes: {
    name: "The cluster's nodes, volumes and load balancer",
    reason: "The cluster is there already; what the cache adds to its bill depends on it.",
  },
};

/** Whether there is a bill of a cloud. */
export function isBilled(region: AnyRegion): region is CloudRegion {
  return !(region.kind in unbilled);
}

/**
 * The estimate of one region. What has no price is said, and the rest is there all the same.
 * @throws RangeError for a price book whose units aren't those of this program.
 */
export function estimateRegion(
  region: AnyRegion,
  { provider, workload, upstreams, cost: settings, governance }: CostConfig,
  { prices, today, capacity, usage: measured = {} }: EstimateOptions,
): RegionEstimate {
  const usage: MonthlyUsage = { ...usageOf(workload), ...measured };
  if (isBilled(region)) {
    const shared = { workload, upstreams, settings, prices, usage, measured };
    const setting: Setting = { cloud: cloudOf(region), region, ...shared };
    const planned = capacity ?? planVariant(variantOf(region), setting);
    return { region: region.name, provider, ...cloudEstimate(setting, planned, today, governance) };
  }
  return {
    region: region.name,
    provider,
    usage,
    lines: [],
    totals: totalsOf([]),
    notPriced: [unbilled[region.kind]],
    assumptions: [],
    warnings: [],
  };
}

function cloudEstimate(
  setting: Setting,
  planned: Capacity,
  today: string,
  governance: Governance | undefined,
): Omit<RegionEstimate, "region" | "provider"> {
  const variant = variantOf(setting.region);
  const { plan, problems } = planned;
  const { lines, notPriced } = priced(chargesOf(variant, plan, setting), setting);
  const transfer = azureTransfer(servedByCache(setting.usage.pulledGiB, variant));
  const disputed = priced(isContested(setting) ? [transfer] : [], setting);
  const contested = disputed.lines.length > 0 && {
    question: sameRegionQuestion,
    name: transfer.name,
    lines: disputed.lines,
    totals: totalsOf([...lines, ...disputed.lines]),
    breakEven: breakEvenOf(variant, plan, azureBilled(setting)),
  };
  const withoutPrice = [
    ...notPriced,
    ...disputed.notPriced,
    ...withoutLine(setting, plan),
    ...ofGovernance(governance),
  ];
  const [priceDate] = datesOf(lines);
  const alternatives = alternativesOf(setting, planned);
  const chosen = alternatives.options.find(({ chosen }) => chosen);
  return {
    usage: usageWith(variant, setting),
    lines,
    totals: totalsOf(lines),
    range: rangeOf({ lines, notPriced: withoutPrice, ...(contested && { contested }) }),
    ...(priceDate !== undefined && { priceDate }),
    ...(contested && { contested }),
    alternatives,
    breakEven: breakEvenOf(variant, plan, setting),
    commitment: commitmentSentence(plan.machine.type, chosen?.committed, setting),
    steps: stepsOf(variant, setting),
    notPriced: withoutPrice,
    assumptions: assumptionsOf(setting),
    warnings: [
      ...[...problems, ...plan.warnings].map(({ path, message }) => `${path}: ${message}`),
      ...ageWarnings([...lines, ...disputed.lines], today),
    ],
  };
}

/** docs/cost.md has the sources of both answers. */
const sameRegionQuestion =
  "Does Azure bill what the cache sends to public addresses of its own region as transfer to the internet? Sources disagree. " +
  "The totals don't count it; `contested` does. Say which it is by `cost.azureSameRegionTraffic`.";
