import type { Tier } from "./prices/price-book.ts";

/** What of a quantity falls into one tier. */
export interface TierPart {
  readonly quantity: number;
  readonly price: number;
  readonly from: number;
  /** Absent: without end. */
  readonly upTo?: number;
}

/**
 * A quantity on a ladder of prices, each of which counts for what is above its start: the sum has no jumps.
 * @param above what others use of the same ladder already.
 */
export function tierParts(tiers: readonly Tier[], quantity: number, above = 0): TierPart[] {
  const [first, last] = [above, above + quantity];
  return tiers.flatMap(({ from, price }, index) => {
    const upTo = tiers[index + 1]?.from;
    const part = Math.min(last, upTo ?? last) - Math.max(first, from);
    return part > 0 ? [{ quantity: part, price, from, ...(upTo !== undefined && { upTo }) }] : [];
  });
}
