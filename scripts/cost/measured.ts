import { deliveryOf, hoursPerMonth } from "../../components/capacity/demand.ts";
import type { StackConfig, Workload } from "../../components/config/schema.ts";
import type { Alternative } from "../../components/cost/alternatives.ts";
import { estimateRegion, type RegionEstimate } from "../../components/cost/estimate.ts";
import { priceBook } from "../../components/cost/prices/price-book.ts";
import type { Amounts } from "../../components/cost/range.ts";
import { uncountedTransfer } from "../../components/cost/upstream-transfer.ts";
import type { MonthlyUsage } from "../../components/cost/usage.ts";
import type { Prometheus, Sample } from "../fleet/prometheus.ts";
import type { Estimated } from "./estimates.ts";

/** A region's cost according to the usage that a Prometheus measured. */
export interface Measured {
  /** Duration of the measurement. */
  readonly hours: number;
  /** The estimate with measured instead of assumed usage, extrapolated to a month. */
  readonly estimate: RegionEstimate;
  /** Extrapolated to a month. Missing values are assumed. */
  readonly usage: Partial<MonthlyUsage>;
  /**
   * What we save in a month, compared with pulls from the upstream without a cache. Negative if the cache is more expensive. The low end has the contested charge.
   * Undefined if there is nothing to compare with, or the nodes' pulls aren't measured.
   */
  readonly savedUSD?: Amounts;
  /** What the savings don't count, in sentences. */
  readonly uncounted: readonly string[];
  /** The values of the workload that match the measured usage, as far as they can be derived. */
  readonly fitting: Partial<Pick<Workload, "pullsPerNodeGiB" | "growthGiBPerMonth">>;
}

/** Bytes that one cache transferred. */
interface MeasuredUsage {
  /** Time since the first sample in the window. */
  readonly hours: number;
  readonly servedBytes: number;
  /** Undefined if its origins have no metrics. */
  readonly filledBytes: number | undefined;
}

/** The measured period. It is long enough to even out days and weeks. */
const windowHours = 30 * 24;
/** Shorter measurements are ignored, because a month can't be extrapolated from them. */
export const leastHours = 1;
/** Accuracy of the data's start time. */
const resolution = "5m";

/**
 * Queries the bytes that each cache sent and fetched: docs/metrics.md.
 *
 * In a central Prometheus, every series has the labels `provider` and `region`. A cache's own Prometheus adds them only to data that it sends elsewhere, so it is asked
 * for its external labels.
 * @returns a function that returns undefined for a region without samples
 * @throws Error if Prometheus can't be queried
 */
export async function measureUsage(
  prometheus: Prometheus,
): Promise<(estimate: RegionEstimate) => MeasuredUsage | undefined> {
  const served = "registry_cache_response_bytes_total";
  const by = "by (provider, region)";
  const window = `${windowHours}h`;
  const [sent, filled, first] = await Promise.all([
    prometheus.query(`sum ${by} (increase(${served}[${window}]))`),
    prometheus.query(`sum ${by} (increase(registry_proxy_pulled_bytes_total[${window}]))`),
    prometheus.query(`time() - min ${by} (min_over_time(timestamp(${served})[${window}:${resolution}]))`),
  ]);
  const own = sent.some(({ labels }) => labels.region === undefined) ? await prometheus.externalLabels() : {};
  const valueIn = (samples: readonly Sample[], of: RegionEstimate) =>
    samples.find(({ labels }) => {
      const { provider, region } = { ...own, ...labels };
      return provider === of.provider && region === of.region;
    })?.value;
  return (estimate) => {
    const servedBytes = valueIn(sent, estimate);
    const hours = (valueIn(first, estimate) ?? 0) / 3600;
    return servedBytes === undefined
      ? undefined
      : { hours, servedBytes, filledBytes: valueIn(filled, estimate) };
  };
}

/**
 * The cost of a region with its measured usage.
 *
 * If clients get blobs from the bucket, the cache doesn't see the nodes' pulls, and their usage stays assumed.
 */
export function measuredCost(
  { hours, servedBytes, filledBytes }: MeasuredUsage,
  { region, config, capacity }: Estimated,
  today: string,
): Measured {
  const monthlyGiB = (bytes: number) => ((bytes / 1024 ** 3) * hoursPerMonth) / hours;
  const usage: Partial<MonthlyUsage> = {
    ...(deliveryOf(region.storage) !== "redirect" && { pulledGiB: monthlyGiB(servedBytes) }),
    ...(filledBytes !== undefined && { filledGiB: monthlyGiB(filledBytes) }),
  };
  const estimateBy = (cost: StackConfig["cost"]) =>
    estimateRegion(region, { ...config, cost }, { prices: priceBook, today, capacity, usage });
  const measured = estimateBy(config.cost);
  const billed = measured.contested && estimateBy({ ...config.cost, azureSameRegionTraffic: "billed" });
  const [expected, low] = [measured, billed ?? measured].map(savedBy);
  const isKnown = expected !== undefined && low !== undefined && usage.pulledGiB !== undefined;
  const { nodes, nodeChurnPerMonth } = config.workload;
  const starts = nodes * nodeChurnPerMonth;
  // Without sharing, each replica with a volume fetches all content.
  const copies =
    region.topology === "cluster" && region.replicas.sharing !== "hash" ? region.replicas.min : 1;
  const { pulledGiB, filledGiB } = usage;
  // A cache that is younger than the window has fetched all of its content in it. What the bucket's rule deletes is fetched again while it is in use.
  const isGrowth = hours > windowHours - leastHours && region.storage.kind === "disk";
  return {
    hours,
    estimate: measured,
    usage,
    ...(isKnown && { savedUSD: { low, expected, high: expected } }),
    uncounted: uncountedTransfer(config.upstreams),
    fitting: {
      ...(pulledGiB !== undefined && starts > 0 && { pullsPerNodeGiB: pulledGiB / starts }),
      ...(filledGiB !== undefined && isGrowth && { growthGiBPerMonth: filledGiB / copies }),
    },
  };
}

/** What the cache saves us in a month. */
function savedBy({ alternatives }: RegionEstimate): number | undefined {
  const costOf = (is: (option: Alternative) => boolean) => alternatives?.options.find(is)?.comparableUSD;
  const [without, chosen] = [costOf(({ name }) => name === "no cache"), costOf((option) => option.chosen)];
  return without === undefined || chosen === undefined ? undefined : without - chosen;
}
