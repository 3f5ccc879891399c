import { z } from "zod";
import { budgetFindings } from "../../components/cost/budget.ts";
import { currentDate } from "../../components/cost/date.ts";
import { priceBook } from "../../components/cost/prices/price-book.ts";
import { type StackCost, stackCost } from "../../components/cost/stack-cost.ts";
import { rule } from "../rule.ts";

export const budget = rule({
  name: "budget",
  level: "advisory",
  what: "What we pay for a stack stays within a limit, by the estimate of docs/cost.md. The key `budget` of a stack can set a lower one.",
  why: "A mistake in a machine type or in `workload` shows before the bill.",
  parameters: {
    monthlyUSD: z.number().positive().default(2500).describe("What a stack may cost in a month, in USD."),
  },
  all: (resources, { monthlyUSD }) =>
    resources
      .filter(({ type, props }) => type === "pulumi:pulumi:Stack" && props.cost !== undefined)
      .flatMap((resource) =>
        messagesFor(resource.props.cost as StackCost["regions"], monthlyUSD).map((message) => ({
          resource,
          message,
        })),
      ),
  configuration(_, config, { monthlyUSD }) {
    const today = currentDate();
    const { budget: _own, ...withoutLimit } = config;
    const { regions } = stackCost(withoutLimit, priceBook, today);
    return messagesFor(regions, monthlyUSD).map((message) => ({ path: "regions", message }));
  },
});

/** @param cost the stack output `cost` */
function messagesFor(cost: StackCost["regions"], monthlyUSD: number): string[] {
  const setBy = "the policy `budget` (docs/policies.md)";
  return budgetFindings(Object.values(cost), {
    monthlyUSD,
    over: "fail",
    unpriced: "allow",
    setBy,
  }).problems.map(({ message }) => message);
}
