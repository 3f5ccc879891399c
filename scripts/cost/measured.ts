import { deliveryOf, hoursPerMonth } from "../../components/capacity/demand.ts";
import type { Workload } from "../../components/config/schema.ts";
import { estimateRegion, type RegionEstimate } from "../../components/cost/estimate.ts";
import { priceBook } from "../../components/cost/prices/price-book.ts";
import type { MonthlyUsage } from "../../components/cost/usage.ts";
import type { Prometheus, Sample } from "../fleet/prometheus.ts";
import type { Estimated } from "./estimates.ts";

/** A region's cost by what a Prometheus has measured of its use. */
export interface Measured {
  /** The time that was measured. */
  readonly hours: number;
  /** With the measured usage in place of the assumed, as of a month. */
  readonly estimate: RegionEstimate;
  /** As of a month. What isn't in it, is assumed. */
  readonly usage: Partial<MonthlyUsage>;
  /**
   * In the measured time, against pulls from the upstream without a cache: what we have paid less. Negative where the cache has cost more, absent
   * where there is nothing to compare with, or what nodes pull isn't measured.
   */
  readonly savedUSD?: number;
  /** The values of the workload with which it would have been assumed; those that can be told. */
  readonly fitting: Partial<Pick<Workload, "pullsPerNodeGiB" | "growthGiBPerMonth">>;
}

/** What one cache has moved. */
interface MeasuredUsage {
  /** Since the first sample of the window. */
  readonly hours: number;
  readonly servedBytes: number;
  /** Undefined where its origins tell nothing. */
  readonly filledBytes: number | undefined;
}

/** What is looked at: enough to even out days and weeks. */
const window = "30d";
/** How exactly the beginning of the data is looked for. */
const resolution = "5m";

/**
 * Asks for the bytes that each cache has sent and fetched: docs/metrics.md.
 *
 * A central Prometheus has the labels `provider` and `region` on every series. A cache's own has not: it gives them only to what leaves it, so it is asked
 * for those.
 * @returns undefined for a region without samples
 * @throws Error when it can't be asked.
 */
export async function measureUsage(
  prometheus: Prometheus,
): Promise<(estimate: RegionEstimate) => MeasuredUsage | undefined> {
  const served = "registry_cache_response_bytes_total";
  const by = "by (provider, region)";
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
 * The cost of a region by its measured usage.
 *
 * Where the bucket sends the blobs, the cache hasn't seen what nodes pull, and the assumption stays.
 */
export function measuredCost(
  { hours, servedBytes, filledBytes }: MeasuredUsage,
  { region, config, capacity, estimate }: Estimated,
  today: string,
): Measured {
  const monthlyGiB = (bytes: number) => ((bytes / 1024 ** 3) * hoursPerMonth) / hours;
  const usage: Partial<MonthlyUsage> = {
    ...(deliveryOf(region.storage) !== "redirect" && { pulledGiB: monthlyGiB(servedBytes) }),
    ...(filledBytes !== undefined && { filledGiB: monthlyGiB(filledBytes) }),
  };
  const measured = estimateRegion(region, config, { prices: priceBook, today, capacity, usage });
  const options = measured.alternatives?.options ?? [];
  const chosen = options.find((option) => option.chosen)?.comparableUSD;
  const without = options.find(({ name }) => name === "no cache")?.comparableUSD;
  const isCompared = chosen !== undefined && without !== undefined && usage.pulledGiB !== undefined;
  const { nodes, nodeChurnPerMonth, growthGiBPerMonth } = config.workload;
  const starts = nodes * nodeChurnPerMonth;
  // What a bucket's rule deletes while it is in use comes again, and is no growth.
  const refetchedGiB = estimate.usage.filledGiB - growthGiBPerMonth;
  const { pulledGiB, filledGiB } = usage;
  return {
    hours,
    estimate: measured,
    usage,
    ...(isCompared && { savedUSD: ((without - chosen) * hours) / hoursPerMonth }),
    fitting: {
      ...(pulledGiB !== undefined && starts > 0 && { pullsPerNodeGiB: pulledGiB / starts }),
      ...(filledGiB !== undefined && { growthGiBPerMonth: Math.max(0, filledGiB - refetchedGiB) }),
    },
  };
}
