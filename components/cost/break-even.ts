import { number } from "../capacity/text.ts";
import type { Payer } from "./line.ts";

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

/** What some pay with and without the cache, at a volume; everything else unchanged. Undefined where a price isn't known. */
export type AtVolume = (
  pulledGiB: number,
  payers: readonly Payer[],
) => { readonly cache: number | undefined; readonly noCache: number | undefined };

/** More than a machine sends in a month. */
const largestGiB = 2 ** 24;

export function breakEvenOf(at: AtVolume, pullsPerNodeGiB: number): BreakEven {
  const usGiB = crossing(at, ["us"]);
  const allGiB = crossing(at, ["us", "customer"]);
  const nodeLifetimes = Math.ceil((usGiB ?? Number.NaN) / pullsPerNodeGiB);
  return {
    ...(usGiB !== undefined && { usGiB }),
    ...(allGiB !== undefined && { allGiB }),
    ...(Number.isFinite(nodeLifetimes) && { nodeLifetimes }),
    reason: reasonFor(usGiB, allGiB, at),
  };
}

/** Whole GiB, rounded up: the dearer way is left behind there at the latest. */
function crossing(at: AtVolume, payers: readonly Payer[]): number | undefined {
  const isCheaper = (gib: number) => {
    // Without any price, nothing is known to be cheaper.
    const { cache = Number.POSITIVE_INFINITY, noCache = Number.POSITIVE_INFINITY } = at(gib, payers);
    return cache <= noCache;
  };
  return isCheaper(largestGiB) ? firstAbove(-1, largestGiB, isCheaper) : undefined;
}

/** The least whole number above one that doesn't hold, up to one that does, if all above it do. */
export function firstAbove(not: number, holding: number, holds: (value: number) => boolean): number {
  let [below, first] = [not, holding];
  while (first - below > 1) {
    const middle = Math.floor((below + first) / 2);
    if (holds(middle)) first = middle;
    else below = middle;
  }
  return first;
}

function reasonFor(usGiB: number | undefined, allGiB: number | undefined, at: AtVolume): string {
  if (usGiB === undefined && at(largestGiB, ["us"]).cache === undefined) {
    return "A price is missing, so nothing can be compared.";
  }
  const us =
    usGiB === undefined
      ? "The cache saves us money at no volume: it is worth having for availability only."
      : `Above ${number(usGiB)} GiB a month the cache saves us money; below that, it is worth having for availability only.`;
  if (allGiB === usGiB) return us;
  return `${us} Together with the customers, it saves money ${allGiB === undefined ? "at no volume" : `above ${number(allGiB)} GiB`}.`;
}
