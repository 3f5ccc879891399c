import assert from "node:assert/strict";
import { test } from "node:test";
import { priceBook } from "../../components/cost/prices/price-book.ts";
import { stackCost } from "../../components/cost/stack-cost.ts";
import { estimateOf, type StackInWords, stackNamed, stackOf, today, without } from "../support/estimates.ts";

const aws: StackInWords = { provider: "aws", region: "eu-central-1", machine: "m7g.large" };
const azure: StackInWords = { provider: "azure", region: "westeurope", machine: "Standard_D2ps_v6" };
const costUSD = estimateOf(aws).totals.byPayer.us;

const cost = (words: StackInWords, prices = priceBook) => stackCost(stackOf(words), prices, today);

test("the output has the estimate of each region", () => {
  assert.deepEqual(cost(aws).regions, { "eu-central-1": estimateOf(aws) });
});

test("without a budget, or with enough of it, nothing is said", () => {
  for (const words of [aws, { ...aws, budget: { monthlyUSD: costUSD, over: "fail" } } as const]) {
    const { problems, warnings } = cost(words);
    assert.deepEqual([...problems, ...warnings], []);
  }
});

test("over the budget it warns, or fails where asked, and names the largest lines", () => {
  const budget = { monthlyUSD: 80, over: "fail" } as const;
  const { problems, warnings } = cost({ ...aws, budget });
  assert.deepEqual(warnings, []);
  assert.equal(problems.length, 1);
  assert.equal(problems[0]?.path, "budget.monthlyUSD");
  assert.match(
    problems[0]?.message ?? "",
    /^the stack costs [\d.]+ USD a month by estimate, more than 80\.00 USD; the largest lines: eu-central-1: Instance \(Linux, on demand, m7g\.large\), 71\.39 USD; eu-central-1: Transfer in the region, out of the cache, 36\.00 USD; eu-central-1: Data volume/,
  );
  const warned = cost({ ...aws, budget: { ...budget, over: "warn" } });
  assert.deepEqual(warned.warnings, problems);
  assert.deepEqual(warned.problems, []);
});

test("what the customers pay is none of the budget", () => {
  const { byPayer, all } = estimateOf(aws).totals;
  assert.ok(byPayer.us < all);
  const { problems } = cost({ ...aws, budget: { monthlyUSD: (byPayer.us + all) / 2, over: "fail" } });
  assert.deepEqual(problems, []);
});

test("a charge that is contested never fails a stack, and is said", () => {
  const { problems, warnings } = cost({ ...azure, budget: { monthlyUSD: 200, over: "fail" } });
  assert.deepEqual(problems, []);
  // The disks have no price in westeurope: by that of eastus they are in both amounts, as the table beside has neither.
  assert.match(
    warnings[0]?.message ?? "",
    /^the stack costs [\d.]+ to [\d.]+ USD a month, as a contested charge is counted or not, more than 200\.00 USD, with the highest known prices of other regions in place of those that are missing: [\d.]+ USD are known without them; the largest lines: .*billed as to the internet/,
  );
  const billed = { ...azure, cost: { azureSameRegionTraffic: "billed" } } as const;
  assert.equal(cost({ ...billed, budget: { monthlyUSD: 200, over: "fail" } }).problems.length, 1);
});

test("what can't be priced doesn't pass a budget that must hold, unless the highest known prices fit into it", () => {
  // us-east-2 has no prices of its own: by those of other regions the machine alone is about 50 USD.
  const ohio: StackInWords = { ...aws, region: "us-east-2" };
  const { totals } = estimateOf(ohio);
  assert.ok(totals.byPayer.us < 50 && !totals.complete);
  const { problems, warnings } = cost({ ...ohio, budget: { monthlyUSD: 50, over: "fail" } });
  assert.deepEqual(warnings, []);
  assert.equal(problems[0]?.path, "budget.monthlyUSD");
  assert.match(
    problems[0]?.message ?? "",
    /^the stack may cost more than 50\.00 USD a month: [\d.]+ USD by the prices that are known, and [\d.]+ USD with the highest known prices of other regions in place of those that are missing\. Missing: us-east-2: Instance \(Linux, on demand, m7g\.large\), [\d.]+ USD; .*; \d more, which `npm run cost` lists\. The way out: add the missing prices to components\/cost\/prices \(docs\/cost\.md says how\), or set `over: warn`$/,
  );
  const warned = cost({ ...ohio, budget: { monthlyUSD: 50, over: "warn" } });
  assert.deepEqual(warned.problems, []);
  assert.match(
    warned.warnings[0]?.message ?? "",
    /may cost more than 50\.00 USD.*docs\/cost\.md says how\)$/,
  );
  for (const over of ["fail", "warn"] as const) {
    const enough = cost({ ...ohio, budget: { monthlyUSD: 400, over } });
    assert.deepEqual(enough.problems, []);
    assert.match(
      enough.warnings[0]?.message ?? "",
      /^the stack meets its budget only by other regions' prices, which are no upper bound: [\d.]+ USD of [\d.]+ USD a month are known\. Missing: us-east-2: Instance .*\. The way out: add the missing prices to components\/cost\/prices \(docs\/cost\.md says how\)$/,
    );
  }
});

test("the largest lines are among those without a price, too", () => {
  const prices = without("azure", "eastus", "transfer-to-internet");
  const words = { ...azure, region: "eastus", budget: { monthlyUSD: 200, over: "fail" } } as const;
  const elsewhere = cost(words, prices).warnings[0]?.message ?? "";
  assert.match(
    elsewhere,
    /the largest lines: eastus: Transfer in the region, .* \(by another region's price\), \d{3}\.\d\d USD; /,
  );
  const nowhere = Object.keys(priceBook.azure.regions).reduce(
    (book, region) => without("azure", region, "transfer-to-internet", book),
    prices,
  );
  const unbounded = cost(words, nowhere).warnings[0]?.message ?? "";
  assert.match(
    unbounded,
    /costs [\d.]+ USD a month, and an amount that isn't known if a contested charge is counted/,
  );
  assert.match(unbounded, /the largest lines: eastus: Transfer in the region, [^;]*, no price; /);
});

test("a budget for what has no bill holds nothing, and that is said", () => {
  const stack = stackNamed("kubernetes-example");
  const { problems, warnings } = stackCost(
    { ...stack, budget: { monthlyUSD: 50, over: "fail" } },
    priceBook,
    today,
  );
  assert.deepEqual(problems, []);
  assert.deepEqual(warnings, [
    {
      path: "budget",
      message:
        "the budget has no effect: nothing of a stack with `provider: kubernetes` is priced. Leave out `budget`, docs/cost.md says why",
    },
  ]);
});

test("a price that no region has is without bounds", () => {
  const regions = Object.keys(priceBook.aws.regions);
  const prices = regions.reduce((book, region) => without("aws", region, "gp3-capacity", book), priceBook);
  const { problems } = cost({ ...aws, budget: { monthlyUSD: 1e6, over: "fail" } }, prices);
  assert.match(
    problems[0]?.message ?? "",
    /and prices are missing that no region has\. Missing: .*Data volume[^;]*, no price/,
  );
});

test("of what is missing, the first lines are those without bounds, in the order of the bill, then the largest", () => {
  const regions = Object.keys(priceBook.aws.regions);
  const noVolumes = regions.reduce((book, region) => without("aws", region, "gp3-capacity", book), priceBook);
  const prices = without("aws", "eu-central-1", "machine/m7g.large", noVolumes);
  const { problems } = cost({ ...aws, budget: { monthlyUSD: 1e6, over: "fail" } }, prices);
  assert.match(
    problems[0]?.message ?? "",
    /Missing: eu-central-1: Root volume \(gp3\), no price; eu-central-1: Data volume \(gp3\), no price; eu-central-1: Instance \(Linux, on demand, m7g\.large\), [\d.]+ USD\. The way out/,
  );
});

test("what is certain fails before what is missing, and is at least so much", () => {
  const prices = without("aws", "eu-central-1", "gp3-capacity");
  const { problems } = cost({ ...aws, budget: { monthlyUSD: 20, over: "fail" } }, prices);
  assert.match(problems[0]?.message ?? "", /^the stack costs at least [\d.]+ USD a month by estimate/);
});
