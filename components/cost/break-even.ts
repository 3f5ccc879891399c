import { number } from "../capacity/text.ts";
import type { PricedCharges } from "./charge.ts";
import { comparableUSD, type Payer } from "./line.ts";

/** The volume from which a cache costs less than pulls from the upstream. */
export interface BreakEven {
  /** GiB pulled in a month, counting what we pay. Absent: there is no such volume, see `reason`. */
  readonly usGiB?: number;
  /** GiB pulled in a month, counting what we and the customers pay. Absent: there is none. */
  readonly allGiB?: number;
  /** `usGiB` in lifetimes of a node, as the workload says what one pulls. */
  readonly nodeLifetimes?: number;
  /** A sentence. */
  readonly reason: string;
}

/** With and without the cache, at a volume; everything else unchanged. */
export type AtVolume = (pulledGiB: number) => {
  readonly cache: PricedCharges;
  readonly noCache: PricedCharges;
};

/** More than a machine sends in a month. */
const largestGiB = 2 ** 24;

export function breakEvenOf(at: AtVolume, pullsPerNodeGiB: number): BreakEven {
  const usGiB = crossing(at, ["us"]);
  const allGiB = crossing(at, ["us", "customer"]);
  const nodeLifetimes = usGiB === undefined ? undefined : Math.ceil(usGiB / pullsPerNodeGiB);
  return {
    ...(usGiB !== undefined && { usGiB }),
    ...(allGiB !== undefined && { allGiB }),
    ...(nodeLifetimes !== undefined && Number.isFinite(nodeLifetimes) && { nodeLifetimes }),
    reason: reasonFor(usGiB, at),
  };
}

/** Whole GiB, rounded up: the dearer way is left behind there at the latest. */
function crossing(at: AtVolume, payers: readonly Payer[]): number | undefined {
  const isCheaper = (gib: number) => {
    const { cache, noCache } = at(gib);
    return paidBy(cache, payers) <= paidBy(noCache, payers);
  };
  if (!isCheaper(largestGiB)) return undefined;
  let [dearer, cheaper] = [-1, largestGiB];
  while (cheaper - dearer > 1) {
    const middle = Math.floor((dearer + cheaper) / 2);
    if (isCheaper(middle)) cheaper = middle;
    else dearer = middle;
  }
  return cheaper;
}

/** Without any price, nothing is known to be cheaper. */
function paidBy({ lines, notPriced }: PricedCharges, payers: readonly Payer[]): number {
  return comparableUSD(lines, notPriced, payers) ?? Number.POSITIVE_INFINITY;
}

function reasonFor(usGiB: number | undefined, at: AtVolume): string {
  if (usGiB !== undefined) {
    return `From ${number(usGiB)} GiB a month on, the cache costs us less than pulls from the upstream; below, the reason for it is availability.`;
  }
  return paidBy(at(largestGiB).cache, ["us"]) === Number.POSITIVE_INFINITY
    ? "A price is missing, so nothing can be compared."
    : "At no volume does the cache cost us less than pulls from the upstream: the reason for it is availability.";
}
