import { capitalized } from "../capacity/text.ts";
import type { AlternativeName, Compared } from "./alternatives.ts";
import { usd } from "./line.ts";

export interface Cheapest {
  /** The least expensive of those that meet throughput and availability. Absent if none does. */
  readonly name?: AlternativeName;
  /** What it costs us and the customers, USD a month. Absent as `name`. */
  readonly costUSD?: number;
  /** What no cache costs, likewise. Absent where a price isn't known. */
  readonly noCacheUSD?: number;
  /** A sentence or two. */
  readonly reason: string;
}

export function cheapestOf(options: readonly Compared[]): Cheapest {
  const suitable = options
    .filter(({ meetsThroughput, meetsAvailability }) => meetsThroughput && meetsAvailability)
    .flatMap((option) => withCost(option));
  const [best, next] = suitable.sort((one, other) => one.costUSD - other.costUSD);
  if (!best) {
    return {
      reason: "Nothing that has a price sustains the workload and is as available as was asked for.",
    };
  }
  const chosen = options.find((option) => option.chosen);
  const noCache = options.filter(({ name }) => name === "no cache").flatMap(withCost)[0];
  const sentences = [
    `${capitalized(best.name)} costs ${usd(best.costUSD)} a month, the least of what sustains the workload and is as available as was asked for` +
      `${next ? `; next is ${next.name} with ${usd(next.costUSD)}` : ""}.`,
    ...(best.name === chosen?.name ? [] : [best.reason]),
    ...(noCache && noCache.costUSD < best.costUSD
      ? [
          `No cache costs ${usd(noCache.costUSD)}: what the cache gives for the rest is independence from the upstream.`,
        ]
      : []),
  ];
  return {
    ...{ name: best.name, costUSD: best.costUSD },
    ...(noCache && { noCacheUSD: noCache.costUSD }),
    reason: sentences.join(" "),
  };
}

/** What is said where a charge turns the comparison round: another one is the cheapest with it, or no cache is no longer cheaper, or dearer, than the cheapest. */
export function turnedRound(without: Cheapest, withIt: Cheapest): string | undefined {
  if (withIt.costUSD === undefined) return undefined;
  if (withIt.name !== without.name) return `it is ${withIt.name} with ${usd(withIt.costUSD)}`;
  const [was, is] = [without, withIt].map(
    ({ costUSD, noCacheUSD }) => noCacheUSD !== undefined && costUSD !== undefined && noCacheUSD < costUSD,
  );
  if (was === is || withIt.noCacheUSD === undefined) return undefined;
  return `no cache costs ${is ? "less" : "more"} than it, ${usd(withIt.noCacheUSD)} against ${usd(withIt.costUSD)}`;
}

function withCost({ name, reason, comparableAllUSD }: Compared) {
  return comparableAllUSD === undefined ? [] : [{ name, reason, costUSD: comparableAllUSD }];
}
