import type { Problem } from "../config/problems.ts";
import type { StackConfig } from "../config/schema.ts";
import type { RegionEstimate } from "./estimate.ts";
import { notFound, rounded, usd } from "./line.ts";
import { lineRanges, rangeOf, rangeText } from "./range.ts";

export interface BudgetFindings {
  /** What ends a preview. */
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

export type Budget = NonNullable<StackConfig["budget"]> & {
  /** What has set it, as a phrase. @default the stack's configuration */
  readonly setBy?: string;
};

const none: BudgetFindings = { problems: [], warnings: [] };

/** A message names so many lines. */
const largestLines = 3;

/** Whether the high end of what we pay for all regions of a stack exceeds its budget. */
export function budgetFindings(
  estimates: readonly RegionEstimate[],
  budget: Budget | undefined,
): BudgetFindings {
  if (!budget) return none;
  const { monthlyUSD, over, setBy } = budget;
  const [first] = estimates;
  if (first && estimates.every(({ lines }) => lines.length === 0)) {
    const message = `the budget has no effect: nothing of a stack with \`provider: ${first.provider}\` is priced. Leave out \`budget\`, docs/cost.md says why`;
    return { ...none, warnings: [{ path: "budget", message }] };
  }
  const ranges = estimates.map(rangeOf);
  const sum = (amounts: readonly number[]) => rounded(amounts.reduce((total, amount) => total + amount, 0));
  const low = sum(ranges.map(({ lowUSD }) => lowUSD));
  const high = sum(ranges.map(({ highUSD = Number.POSITIVE_INFINITY }) => highUSD));
  const range = rangeText({
    lowUSD: low,
    expectedUSD: sum(ranges.map(({ expectedUSD }) => expectedUSD)),
    ...(Number.isFinite(high) && { highUSD: high }),
  });
  const reasons = ranges.flatMap(({ reasons }, index) =>
    reasons.map((reason) => `${estimates[index]?.region}: ${reason.replace(/\.$/, "")}`),
  );
  const why = reasons.length > 0 ? `. ${reasons.join(". ")}` : "";
  const wayOut = wayOutOf(estimates);
  const found = (message: string) => [{ path: "budget.monthlyUSD", message }];
  if (high > monthlyUSD) {
    const limit = `${usd(monthlyUSD)}${setBy === undefined ? "" : `, the limit of ${setBy}`}`;
    const verdict =
      low > monthlyUSD
        ? `costs ${range} a month by estimate, more than ${limit}`
        : `may cost more than ${limit} a month: ${range} by estimate`;
    const message = `the stack ${verdict}; the largest lines: ${largest(estimates)}${why}${wayOut}`;
    return over === "fail" ? { ...none, problems: found(message) } : { ...none, warnings: found(message) };
  }
  if (estimates.every(({ totals }) => totals.complete)) return none;
  const message = `the stack meets its budget only by other regions' prices, which are no upper bound: ${range} a month${why}${wayOut}`;
  return { ...none, warnings: found(message) };
}

function wayOutOf(estimates: readonly RegionEstimate[]): string {
  const ways = [
    ...(estimates.every(({ totals }) => totals.complete)
      ? []
      : ["add the missing prices to components/cost/prices (docs/cost.md says how)"]),
    ...(estimates.some(({ contested }) => contested)
      ? ["say by `cost.azureSameRegionTraffic` whether the contested charge is billed"]
      : []),
  ];
  return ways.length > 0 ? `. The way out: ${ways.join("; ")}` : "";
}

/** The lines that cost us most at the high end; those that no region has a price for come last. */
function largest(estimates: readonly RegionEstimate[]): string {
  return estimates
    .flatMap((estimate) => lineRanges(estimate).map((range) => ({ region: estimate.region, ...range })))
    .sort((one, other) => finite(other.high) - finite(one.high))
    .slice(0, largestLines)
    .map(({ line: { name, price }, region, high }) => {
      if (!Number.isFinite(high)) return `${region}: ${name}, no price`;
      return `${region}: ${name}${price === notFound ? " (by another region's price)" : ""}, ${usd(high)}`;
    })
    .join("; ");
}

function finite(amount: number): number {
  return Number.isFinite(amount) ? amount : 0;
}
