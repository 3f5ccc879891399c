import { z } from "zod";
import { budgetFindings } from "../../components/cost/budget.ts";
import type { RegionEstimate } from "../../components/cost/estimate.ts";
import { priceBook } from "../../components/cost/prices/price-book.ts";
import { stackCost } from "../../components/cost/stack-cost.ts";
import { rule } from "../rule.ts";

export const budget = rule({
  name: "budget",
  level: "advisory",
  what: "What we pay for a stack stays within a limit, by the estimate of docs/cost.md. The key `budget` of a stack can set a lower one.",
  why: "A slip in a machine type or in `workload` shows before the bill.",
  parameters: {
    monthlyUSD: z.number().positive().default(2500).describe("What a stack may cost in a month, in USD."),
  },
  all: (resources, { monthlyUSD }) =>
    resources
      .filter(({ type, props }) => type === "pulumi:pulumi:Stack" && props.cost !== undefined)
      .flatMap((resource) => {
        const estimates = Object.values(resource.props.cost as Record<string, RegionEstimate>);
        const { problems } = budgetFindings(estimates, { monthlyUSD, over: "fail" });
        return problems.map(({ message }) => ({ resource, message }));
      }),
  configuration(_, config, { monthlyUSD }) {
    const today = new Date().toISOString().slice(0, 10);
    const limit = { monthlyUSD, over: "fail" } as const;
    const { problems } = stackCost({ ...config, budget: limit }, priceBook, today);
    return problems.map(({ message }) => ({ path: "regions", message }));
  },
});
