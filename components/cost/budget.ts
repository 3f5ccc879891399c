import type { Problem } from "../config/problems.ts";
import type { StackConfig } from "../config/schema.ts";
import type { RegionEstimate } from "./estimate.ts";
import { type CostLine, comparableUSD, notFound, rounded, usd } from "./line.ts";

export interface BudgetFindings {
  /** What ends a preview. */
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

const none: BudgetFindings = { problems: [], warnings: [] };

/** A message names so many lines. */
const largestLines = 3;

/**
 * Whether what we pay for all regions of a stack can exceed its budget.
 *
 * A price that is missing counts as the highest that another region has, and without bounds where none has one. What is contested only warns.
 */
export function budgetFindings(
  estimates: readonly RegionEstimate[],
  budget: StackConfig["budget"],
): BudgetFindings {
  if (!budget) return none;
  const { monthlyUSD, over } = budget;
  const [first] = estimates;
  if (first && estimates.every(({ lines }) => lines.length === 0)) {
    const message = `the budget has no effect: nothing of a stack with \`provider: ${first.provider}\` is priced. Leave out \`budget\`, docs/cost.md says why`;
    return { ...none, warnings: [{ path: "budget", message }] };
  }
  const known = sum(estimates.map(({ totals }) => totals.byPayer.us));
  const indicated = sum(estimates.map((estimate) => indicatedUSD(estimate, estimate.lines)));
  const contested = sum(estimates.map((estimate) => indicatedUSD(estimate, allLines(estimate))));
  const found = (message: string) => [{ path: "budget.monthlyUSD", message }];
  const byChoice = (message: string) =>
    over === "fail" ? { ...none, problems: found(message) } : { ...none, warnings: found(message) };
  if (known > monthlyUSD) {
    const least = estimates.every(({ totals }) => totals.complete) ? "" : "at least ";
    const lines = largest(estimates, ({ lines }) => lines);
    return byChoice(
      `the stack costs ${least}${usd(known)} a month by estimate, more than ${usd(monthlyUSD)}; the largest lines: ${lines}`,
    );
  }
  const addPrices = "add the missing prices to components/cost/prices (docs/cost.md says how)";
  if (indicated > monthlyUSD) {
    const most = Number.isFinite(indicated)
      ? `${usd(indicated)} with the highest known prices of other regions in place of those that are missing`
      : "prices are missing that no region has";
    const wayOut = `${addPrices}${over === "fail" ? ", or set `over: warn`" : ""}`;
    return byChoice(
      `the stack may cost more than ${usd(monthlyUSD)} a month: ${usd(known)} by the prices that are known, and ${most}. Missing: ${missing(estimates)}. The way out: ${wayOut}`,
    );
  }
  if (contested > monthlyUSD) {
    const range = Number.isFinite(contested)
      ? `${indicated.toFixed(2)} to ${usd(contested)} a month, as a contested charge is counted or not, more than ${usd(monthlyUSD)}`
      : `${usd(indicated)} a month, and an amount that isn't known if a contested charge is counted, which may be more than ${usd(monthlyUSD)}`;
    const indication =
      indicated > known
        ? `, with the highest known prices of other regions in place of those that are missing: ${usd(known)} are known without them`
        : "";
    return {
      ...none,
      warnings: found(
        `the stack costs ${range}${indication}; the largest lines: ${largest(estimates, allLines)}`,
      ),
    };
  }
  if (indicated > known) {
    const message = `the stack meets its budget only by other regions' prices, which are no upper bound: ${usd(known)} of ${usd(indicated)} a month are known. Missing: ${missing(estimates)}. The way out: ${addPrices}`;
    return { ...none, warnings: found(message) };
  }
  return none;
}

function allLines({ lines, contested }: RegionEstimate): readonly CostLine[] {
  return [...lines, ...(contested?.lines ?? [])];
}

function indicatedUSD({ notPriced }: RegionEstimate, lines: readonly CostLine[]): number {
  return comparableUSD(lines, notPriced, ["us"]) ?? Number.POSITIVE_INFINITY;
}

/** The lines that cost us most, at the price of another region where they have none. */
function largest(
  estimates: readonly RegionEstimate[],
  linesOf: (estimate: RegionEstimate) => readonly CostLine[],
): string {
  return dearest(estimates, linesOf)
    .slice(0, largestLines)
    .map(({ line: { name, price }, region, amount }) => {
      if (!Number.isFinite(amount)) return `${region}: ${name}, no price`;
      return `${region}: ${name}${price === notFound ? " (by another region's price)" : ""}, ${usd(amount)}`;
    })
    .join("; ");
}

/** The lines without a price that weigh most, with what they cost elsewhere. */
function missing(estimates: readonly RegionEstimate[]): string {
  const all = dearest(estimates, ({ lines }) => lines.filter(({ price }) => price === notFound));
  const named = all.slice(0, largestLines).map(({ line: { name }, region, amount }) => {
    return `${region}: ${name}, ${Number.isFinite(amount) ? usd(amount) : "no price"}`;
  });
  const rest = all.length - named.length;
  return [...named, ...(rest > 0 ? [`${rest} more, which \`npm run cost\` lists`] : [])].join("; ");
}

/** What we pay, the dearest first. A line without a price counts as that of another region, and as infinite where none has one. */
function dearest(
  estimates: readonly RegionEstimate[],
  linesOf: (estimate: RegionEstimate) => readonly CostLine[],
): { readonly line: CostLine; readonly region: string; readonly amount: number }[] {
  return (
    estimates
      .flatMap((estimate) =>
        linesOf(estimate)
          .filter(({ paidBy }) => paidBy === "us")
          .map((line) => ({ line, region: estimate.region, amount: indicatedUSD(estimate, [line]) })),
      )
      // Infinity from infinity is no number.
      .sort((one, other) => (one.amount === other.amount ? 0 : other.amount - one.amount))
  );
}

function sum(costs: readonly number[]): number {
  return rounded(costs.reduce((total, cost) => total + cost, 0));
}
