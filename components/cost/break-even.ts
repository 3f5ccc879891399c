import type { CapacityPlan } from "../capacity/plan.ts";
import type { Variant } from "../capacity/plan-region.ts";
import { number } from "../capacity/text.ts";
import { pullCharges } from "./alternatives.ts";
import { costOf, type Setting } from "./charge.ts";
import type { Payer } from "./line.ts";
import { uncountedTransfer } from "./upstream-transfer.ts";
import { chargesOf } from "./variant.ts";

/** The volume from which a cache costs less than pulls from the upstreams. */
export interface BreakEven {
  /** GiB pulled in a month, counting what we pay. Absent if there is no such volume: see `reason`. */
  readonly usGiB?: number;
  /** GiB pulled in a month, counting what we and the customers pay. Absent if there is no such volume. */
  readonly allGiB?: number;
  /** `usGiB` in lifetimes of a node, by `workload.pullsPerNodeGiB`. */
  readonly nodeLifetimes?: number;
  /** One or more sentences. */
  readonly reason: string;
}

/** More than a machine can send in a month. */
const largestGiB = 2 ** 24;

/** Varies only the volume. The machine stays that of the workload, even if the volume would need a larger one. */
export function breakEvenOf(variant: Variant, plan: CapacityPlan, setting: Setting): BreakEven {
  const costsAt = (pulledGiB: number, payers: readonly Payer[]) => {
    const at = { ...setting, usage: { ...setting.usage, pulledGiB } };
    return [chargesOf(variant, plan, at), pullCharges(at)].map((charges) => costOf(charges, payers, at));
  };
  /** The smallest whole number of GiB from which the cache doesn't cost more than no cache. */
  const crossing = (...payers: Payer[]) => {
    // Without a price, the comparison with NaN is false.
    const isCheaper = (gib: number) => {
      const [cache = Number.NaN, noCache = Number.NaN] = costsAt(gib, payers);
      return cache <= noCache;
    };
    return isCheaper(largestGiB) ? firstAbove(-1, largestGiB, isCheaper) : undefined;
  };
  const [usGiB, allGiB] = [crossing("us"), crossing("us", "customer")];
  const nodeLifetimes = Math.ceil((usGiB ?? Number.NaN) / setting.workload.pullsPerNodeGiB);
  return {
    ...(usGiB !== undefined && { usGiB }),
    ...(allGiB !== undefined && { allGiB }),
    ...(Number.isFinite(nodeLifetimes) && { nodeLifetimes }),
    reason: costsAt(largestGiB, ["us"]).includes(undefined)
      ? "A price is missing, so nothing can be compared."
      : [reasonFor(usGiB, allGiB), ...uncountedTransfer(setting.upstreams)].join(" "),
  };
}

/** The smallest integer above `not` and up to `holding` for which `holds` is true, by bisection. It must be true for all larger integers, too. */
export function firstAbove(not: number, holding: number, holds: (value: number) => boolean): number {
  let [below, first] = [not, holding];
  while (first - below > 1) {
    const middle = Math.floor((below + first) / 2);
    if (holds(middle)) first = middle;
    else below = middle;
  }
  return first;
}

function reasonFor(usGiB: number | undefined, allGiB: number | undefined): string {
  const us =
    usGiB === undefined
      ? "The cache saves us money at no volume: it is worth having for availability only."
      : `Above ${number(usGiB)} GiB a month the cache, on the machine of this estimate, saves us money; below that, it is worth having for availability only.`;
  if (allGiB === usGiB) return us;
  return `${us} Together with the customers, it saves money ${allGiB === undefined ? "at no volume" : `above ${number(allGiB)} GiB`}.`;
}
