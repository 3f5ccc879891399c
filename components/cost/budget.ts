import type { Problem } from "../config/problems.ts";
import type { StackConfig } from "../config/schema.ts";
import type { RegionEstimate } from "./estimate.ts";
import { notFound, usd } from "./line.ts";
import { type LineRange, lineRanges, rangeText, sumOf } from "./range.ts";

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

/** Whether the high end of what we pay for all regions of a stack exceeds its budget, or can't be told because a line has no price. */
export function budgetFindings(
  estimates: readonly RegionEstimate[],
  budget: Budget | undefined,
): BudgetFindings {
  if (!budget) return none;
  const { monthlyUSD, over, unpriced, setBy } = budget;
  const [first] = estimates;
  if (first && estimates.every(({ lines }) => lines.length === 0)) {
    const message = `the budget has no effect: nothing of a stack with \`provider: ${first.provider}\` is priced. Leave out \`budget\`, docs/cost.md says why`;
    return { ...none, warnings: [{ path: "budget", message }] };
  }
  const lines = estimates.flatMap((estimate) =>
    lineRanges(estimate).map((range) => ({ region: estimate.region, ...range })),
  );
  const amounts = sumOf(lines);
  const range = rangeText(amounts);
  const why = estimates
    .flatMap(({ region, range }) => (range?.reasons ?? []).map((reason) => `. ${region}: ${reason}`))
    .map((reason) => reason.replace(/\.$/, ""))
    .join("");
  const found = (level: "fail" | "warn", path: string, message: string) => ({
    ...none,
    [level === "fail" ? "problems" : "warnings"]: [{ path: `budget.${path}`, message }],
  });
  const missing = lines
    .filter(({ line: { price } }) => price === notFound)
    .map(({ region, line: { name } }) => `${region}: ${name}`);
  const addPrices = "add the missing prices to components/cost/prices (docs/cost.md says how)";
  if (amounts.high > monthlyUSD) {
    const limit = `${usd(monthlyUSD)}${setBy === undefined ? "" : `, the limit of ${setBy}`}`;
    const verdict =
      amounts.low > monthlyUSD
        ? `costs ${range} a month by estimate, more than ${limit}`
        : `may cost more than ${limit} a month: ${range} by estimate`;
    const ways = [
      ...(missing.length > 0 ? [addPrices] : []),
      ...(estimates.some(({ contested }) => contested)
        ? ["say by `cost.azureSameRegionTraffic` whether the contested charge is billed"]
        : []),
    ];
    const wayOut = ways.length > 0 ? `. The way out: ${ways.join("; ")}` : "";
    return found(
      over,
      "monthlyUSD",
      `the stack ${verdict}; the largest lines: ${largest(lines)}${why}${wayOut}`,
    );
  }
  if (missing.length === 0) return none;
  if (over === "fail" && unpriced === "fail") {
    return found(
      "fail",
      "over",
      `a budget that must hold needs a price for each line, and these have none: ${missing.join("; ")}. By other regions' prices, the stack costs ${range} a month. ` +
        `The way out: ${addPrices}, or accept other regions' prices by \`budget: { unpriced: allow }\``,
    );
  }
  return found(
    "warn",
    "monthlyUSD",
    `the stack meets its budget only by other regions' prices, which are no upper bound: ${range} a month${why}. The way out: ${addPrices}`,
  );
}

/** The lines that cost us most at the high end; those that no region has a price for come last. */
function largest(lines: readonly (LineRange & { readonly region: string })[]): string {
  const weight = ({ high }: LineRange) => (Number.isFinite(high) ? high : 0);
  return lines
    .toSorted((one, other) => weight(other) - weight(one))
    .slice(0, largestLines)
    .map(({ line: { name, price }, region, high }) => {
      if (!Number.isFinite(high)) return `${region}: ${name}, no price`;
      return `${region}: ${name}${price === notFound ? " (by another region's price)" : ""}, ${usd(high)}`;
    })
    .join("; ");
}
