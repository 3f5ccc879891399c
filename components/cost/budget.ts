import type { StackConfig } from "../config/schema.ts";
import type { RegionEstimate } from "./estimate.ts";
import { notFound, rounded } from "./line.ts";

export interface OverBudget {
  /** What is to be done about it. */
  readonly over: "warn" | "fail";
  /** With the largest lines, and the way out. */
  readonly message: string;
}

const largestLines = 3;

/**
 * Whether what we pay for all regions of a stack, by estimate, is over its budget. What isn't found counts for nothing, and what is contested only as a warning.
 * @returns undefined if there is no budget, or enough of it.
 */
export function overBudget(
  estimates: readonly RegionEstimate[],
  budget: StackConfig["budget"],
): OverBudget | undefined {
  if (!budget) return undefined;
  const { monthlyUSD, over } = budget;
  const sum = (costs: readonly number[]) => rounded(costs.reduce((total, cost) => total + cost, 0));
  const least = sum(estimates.map(({ totals }) => totals.byPayer.us));
  const most = sum(estimates.map(({ totals, contested }) => (contested?.totals ?? totals).byPayer.us));
  if (most <= monthlyUSD) return undefined;
  const isCertain = least > monthlyUSD;
  const cost = isCertain
    ? usd(least)
    : `${usd(least)} to ${usd(most)}, as a contested charge is counted or not,`;
  const message = `the stack costs ${cost} a month by estimate, more than ${usd(monthlyUSD)}; the largest lines: ${largest(estimates, !isCertain)}`;
  return { over: isCertain ? over : "warn", message };
}

function largest(estimates: readonly RegionEstimate[], withContested: boolean): string {
  return estimates
    .flatMap(({ region, lines, contested }) =>
      [...lines, ...(withContested ? (contested?.lines ?? []) : [])].flatMap(
        ({ name, monthlyCost, paidBy }) =>
          monthlyCost === notFound || paidBy !== "us" ? [] : [{ text: `${region}: ${name}`, monthlyCost }],
      ),
    )
    .sort((one, other) => other.monthlyCost - one.monthlyCost)
    .slice(0, largestLines)
    .map(({ text, monthlyCost }) => `${text}, ${usd(monthlyCost)}`)
    .join("; ");
}

function usd(amount: number): string {
  return `${amount.toFixed(2)} USD`;
}
