/** Estimates the monthly cost of a region's cache before it exists. Pure functions. docs/cost.md explains the results. */

import { cloudOf } from "../capacity/machine.ts";
import type { Capacity } from "../capacity/plan.ts";
import { planVariant, variantOf } from "../capacity/plan-region.ts";
import type { AnyRegion, Governance, Provider, RegionKind, StackConfig } from "../config/schema.ts";
import { assumptionsOf, ofGovernance, withoutLine } from "./assumptions.ts";
import { type BreakEven, breakEvenOf } from "./break-even.ts";
import { type BilledRegion, priced, type Setting } from "./charge.ts";
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

/** The part of a stack's configuration that determines the cost of its regions, apart from the regions. */
export type CostConfig = Pick<StackConfig, "provider" | "workload" | "upstreams" | "cost"> & {
  readonly governance?: Governance;
};

export interface EstimateOptions {
  readonly prices: PriceBook;
  /** ISO date, `2026-11-24`. It only determines whether prices are too old. */
  readonly today: string;
  /** The capacity of a region in a cloud, if it is already planned. @default it is planned here */
  readonly capacity?: Capacity | undefined;
  /** Measured figures, which replace those from the workload. Machine and disk still follow from the workload. */
  readonly usage?: Partial<MonthlyUsage>;
}

/** Plain JSON. The same input gives the same bytes. All amounts are USD per month. */
export interface RegionEstimate {
  readonly region: string;
  readonly provider: Provider;
  /** The lines for what the stack creates and transfers: fixed lines first, each group in the order of the bill of materials. */
  readonly lines: readonly CostLine[];
  /** The totals of `lines`. */
  readonly totals: Totals;
  /** The range of what we pay, from everything that isn't known. Absent if there is no cloud bill. */
  readonly range?: CostRange;
  /** A charge about which sources disagree (Azure, traffic within a region). Absent once `cost.azureSameRegionTraffic` says whether it is billed. */
  readonly contested?: Contested;
  /** The usage that the lines count. */
  readonly usage: MonthlyUsage;
  /** Other ways to serve the same workload. Absent if there is no cloud bill to compare: `local`, `kubernetes`. */
  readonly alternatives?: Alternatives;
  /** The comparison with pulls from the upstreams without a cache. Absent if `alternatives` is. */
  readonly breakEven?: BreakEven;
  /** What we pay with a commitment to the machines, as a sentence. The chosen alternative has the amounts. Absent if `alternatives` is. */
  readonly commitment?: string;
  /** The workloads at which the cost rises by a step. Absent if `alternatives` is. */
  readonly steps?: Steps;
  /** Lines without a price, and things without a line. */
  readonly notPriced: readonly NotPriced[];
  /** One sentence each. */
  readonly assumptions: readonly string[];
  /** The date of the oldest price among the lines. Absent if no line has a price. */
  readonly priceDate?: string;
  /** One sentence each: for example old prices, or a machine that doesn't sustain the workload. */
  readonly warnings: readonly string[];
}

export interface Contested {
  /** The open question, as a sentence. */
  readonly question: string;
  /** What the charge is for. */
  readonly name: string;
  /** The additional lines if it is billed, one for each tier of its price. */
  readonly lines: readonly CostLine[];
  /** The totals of all lines including these. */
  readonly totals: Totals;
  /** The break-even including these lines. */
  readonly breakEven: BreakEven;
}

/** The kinds of regions without a cloud bill, and why. */
const unbilled: Readonly<Record<Exclude<RegionKind, BilledRegion["kind"]>, NotPriced>> = {
  local: { name: "This machine", reason: "It is there already, and nobody bills it." },
  kubernetes: {
    name: "The cluster's nodes, volumes and load balancer",
    reason: "The cluster is there already; what the cache adds to its bill depends on it.",
  },
};

/** Whether a region has a cloud bill. */
export function isBilled(region: AnyRegion): region is BilledRegion {
  return !(region.kind in unbilled);
}

/**
 * Estimates the cost of one region. If something has no price, `notPriced` names it, and the estimate has the rest.
 * @throws RangeError if the price book has other units than this program
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
    commitment: commitmentSentence(plan.machine.type, chosen?.comparableUSD, chosen?.committed, setting),
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
