/** The estimated costs of the stacks, as in the output `cost`. After an intended change, including prices: node --test --test-update-snapshots test/golden/cost.test.ts */
import { join } from "node:path";
import { priceBook } from "../../components/cost/prices/price-book.ts";
import { stackCost } from "../../components/cost/stack-cost.ts";
import { stackNamed, stackNames, today } from "../support/estimates.ts";
import { testGolden } from "../support/golden.ts";

const costs = stackNames.map((name): [file: string, text: string] => {
  const { regions } = stackCost(stackNamed(name), priceBook, today);
  return [`${name}.json`, `${JSON.stringify(regions, null, 2)}\n`];
});

testGolden(join(import.meta.dirname, "cost"), Object.fromEntries(costs));
