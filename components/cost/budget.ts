import { texts } from "../capacity/text.ts";
import type { StackConfig } from "../config/schema.ts";
import type { Findings } from "../hosts/kind.ts";
import type { RegionEstimate } from "./estimate.ts";
import { notFound, usd } from "./line.ts";
import { type LineRange, lineRanges, rangeText, sumOf } from "./range.ts";

export type Budget = NonNullable<StackConfig["budget"]> & {
  /** Who set the budget, as a phrase. @default the stack's configuration */
  readonly setBy?: string;
};

/** The maximum number of lines that a message names. */
const largestLines = 3;

type RegionLine = LineRange & { readonly region: string };

/** What we pay for all regions of a stack by estimate. */
interface Expected {
  readonly lines: readonly RegionLine[];
  /** The lines without a price in their region. */
  readonly missing: readonly RegionLine[];
  readonly range: string;
  /** Why the range is as wide as it is. */
  readonly why: readonly string[];
}

const addPrices = "add the missing prices to components/cost/prices (docs/cost.md says how)";

/** Reports whether the high end of what we pay for all regions exceeds the stack's budget, or is unknown because a line has no price. */
export function budgetFindings(estimates: readonly RegionEstimate[], budget: Budget | undefined): Findings {
  const none = { problems: [], warnings: [] };
  if (!budget) return none;
  const [first] = estimates;
  if (first && estimates.every(({ lines }) => lines.length === 0)) {
    const what = `the budget has no effect: nothing of a stack with \`provider: ${first.provider}\` is priced`;
    return found("warn", "budget", what, "Leave out `budget`, docs/cost.md says why");
  }
  const lines = estimates.flatMap((estimate) =>
    lineRanges(estimate).map((range) => ({ region: estimate.region, ...range })),
  );
  const expected = {
    lines,
    missing: lines.filter(({ line: { price } }) => price === notFound),
    range: `${rangeText(sumOf(lines))} a month`,
    why: estimates.flatMap(({ region, range }) =>
      (range?.reasons ?? []).map((reason) => `${region}: ${reason}`),
    ),
  };
  const isContested = estimates.some(({ contested }) => contested);
  if (sumOf(lines).high > budget.monthlyUSD) return overBudget(expected, budget, isContested);
  return expected.missing.length === 0 ? none : withoutBound(expected, budget);
}

function overBudget(
  { lines, missing, range, why }: Expected,
  { monthlyUSD, over, setBy }: Budget,
  isContested: boolean,
): Findings {
  const limit = `${usd(monthlyUSD)}${setBy === undefined ? "" : `, the limit of ${setBy}`}`;
  const verb = sumOf(lines).low > monthlyUSD ? "costs" : "may cost";
  // If the certain part alone exceeds the budget, further prices don't help.
  const isCertain = sumOf(lines.filter((one) => !missing.includes(one))).low > monthlyUSD;
  const ways = texts(
    missing.length > 0 && addPrices,
    isContested && "say by `cost.azureSameRegionTraffic` whether the contested charge is billed",
  );
  return found(
    over,
    "budget.monthlyUSD",
    `the stack ${verb} ${range} by estimate, more than ${limit}; the largest lines: ${largest(lines)}`,
    ...why,
    ...(ways.length > 0 && !isCertain ? [`The way out: ${ways.join("; ")}`] : []),
  );
}

/** For a stack that meets its budget, but has lines without a price. */
function withoutBound({ missing, range, why }: Expected, { over, unpriced }: Budget): Findings {
  if (over === "fail" && unpriced === "fail") {
    const names = missing.map(({ region, line: { name } }) => `${region}: ${name}`);
    return found(
      "fail",
      "budget.over",
      `a budget that must hold needs a price for each line, and these have none: ${names.join("; ")}`,
      `By other regions' prices, the stack costs ${range}`,
      `The way out: ${addPrices}, or accept other regions' prices by \`budget: { unpriced: allow }\``,
    );
  }
  const what = `the stack meets its budget only by other regions' prices, which are no upper bound: ${range}`;
  return found("warn", "budget.monthlyUSD", what, ...why, `The way out: ${addPrices}`);
}

function found(level: "fail" | "warn", path: string, ...sentences: readonly string[]): Findings {
  const finding = { path, message: sentences.map((text) => text.replace(/\.$/, "")).join(". ") };
  return level === "fail" ? { problems: [finding], warnings: [] } : { problems: [], warnings: [finding] };
}

/** Names the lines that cost us most at the high end. Lines without a price in any region come last. */
function largest(lines: readonly RegionLine[]): string {
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
