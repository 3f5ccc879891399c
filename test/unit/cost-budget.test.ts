import assert from "node:assert/strict";
import { test } from "node:test";
import { priceBook } from "../../components/cost/prices/price-book.ts";
import { stackCost } from "../../components/cost/stack-cost.ts";
import { estimateOf, type StackInWords, stackNamed, stackOf, today, without } from "../support/estimates.ts";

const aws: StackInWords = { provider: "aws", region: "eu-central-1", machine: "m7g.large" };
const azure: StackInWords = { provider: "azure", region: "westeurope", machine: "Standard_D2ps_v6" };
const costUSD = estimateOf(aws).totals.byPayer.us;

const cost = (words: StackInWords, prices = priceBook, day = today) => stackCost(stackOf(words), prices, day);

test("outputs the estimate of each region", () => {
  assert.deepEqual(cost(aws).regions, { "eu-central-1": estimateOf(aws) });
});

test("says nothing without a budget, or within it", () => {
  for (const words of [aws, { ...aws, budget: { monthlyUSD: costUSD, over: "fail" } } as const]) {
    const { problems, warnings } = cost(words);
    assert.deepEqual([...problems, ...warnings], []);
  }
});

test("warns over the budget, or fails if required, and names the largest lines", () => {
  const budget = { monthlyUSD: 80, over: "fail" } as const;
  const { problems, warnings } = cost({ ...aws, budget });
  assert.deepEqual(warnings, []);
  assert.equal(problems.length, 1);
  assert.equal(problems[0]?.path, "budget.monthlyUSD");
  assert.match(
    problems[0]?.message ?? "",
    /^the stack costs \$[\d.]+ a month by estimate, more than \$80\.00; the largest lines: eu-central-1: Instance \(Linux, on demand, m7g\.large\), \$71\.39; eu-central-1: Transfer in the region, out of the cache, \$36\.00; eu-central-1: Data volume/,
  );
  const warned = cost({ ...aws, budget: { ...budget, over: "warn" } });
  assert.deepEqual(warned.warnings, problems);
  assert.deepEqual(warned.problems, []);
});

test("doesn't count what the customers pay", () => {
  const { byPayer, all } = estimateOf(aws).totals;
  assert.ok(byPayer.us < all);
  const { problems } = cost({ ...aws, budget: { monthlyUSD: (byPayer.us + all) / 2, over: "fail" } });
  assert.deepEqual(problems, []);
});

test("counts a contested charge by the high end, and says how to settle it", () => {
  const { problems, warnings } = cost({ ...azure, budget: { monthlyUSD: 200, over: "fail" } });
  assert.deepEqual(warnings, []);
  // The disks have no price in westeurope. By that of eastus, 24.55 USD, minus and plus 30 %, they are in both ends.
  assert.match(
    problems[0]?.message ?? "",
    /^the stack may cost \$90\.09 \(\$82\.73 to \$433\.75\) a month by estimate, more than \$200\.00; the largest lines: westeurope: Transfer in the region, billed as to the internet, \$336\.30; .*Prices of one other region, 30 % more or less, stand in for missing ones, \$24\.55 \(\$17\.19 to \$31\.92\): Data disk \(Premium SSD v2\), of eastus; OS disk \(Premium SSD, P4\), of eastus\. .*Only the high end has the contested charge, \$336\.30: .* The way out: add the missing prices .*; say by `cost\.azureSameRegionTraffic` whether the contested charge is billed$/,
  );
  const warned = cost({ ...azure, budget: { monthlyUSD: 200, over: "warn" } });
  assert.deepEqual([warned.problems, warned.warnings], [[], problems]);
  const free = { ...azure, cost: { azureSameRegionTraffic: "free" } } as const;
  const allowing = { monthlyUSD: 200, over: "fail", unpriced: "allow" } as const;
  assert.deepEqual(cost({ ...free, budget: allowing }).problems, []);
  const billed = { ...azure, cost: { azureSameRegionTraffic: "billed" } } as const;
  assert.match(
    cost({ ...billed, budget: { monthlyUSD: 200, over: "fail" } }).problems[0]?.message ?? "",
    /^the stack costs \$426\.39 \(\$419\.02 to \$433\.75\) a month by estimate, more than \$200\.00/,
  );
});

test("decides by the high end for missing, disputed, contested and old prices in all combinations", () => {
  // In Singapore, the price of gp3 is 0.096, or 0.10 by another table. All regions have a price for the machine m7g.large.
  const singapore: StackInWords = { ...aws, region: "ap-southeast-1" };
  /** Dates on which no price of the book, and on which all prices, are more than 90 days old. */
  const [fresh, aged] = ["2020-01-01", "2027-03-01"];
  const book = (missing: boolean) =>
    missing ? without("aws", "ap-southeast-1", "machine/m7g.large") : priceBook;
  for (const words of [aws, singapore, azure]) {
    for (const missing of [false, true]) {
      const { highUSD = 0, lowUSD } = estimateOf(words, { prices: book(missing) }).range ?? assert.fail();
      assert.ok(lowUSD <= highUSD);
      for (const [over, day] of [
        ["fail", fresh],
        ["warn", fresh],
        ["fail", aged],
        ["warn", aged],
      ] as const) {
        const at = (monthlyUSD: number) =>
          cost({ ...words, budget: { monthlyUSD, over, unpriced: "allow" } }, book(missing), day);
        assert.deepEqual(at(highUSD + 0.01).problems, []);
        const above = at(highUSD - 0.01);
        assert.equal((over === "fail" ? above.problems : above.warnings).length, 1);
        // The age causes a warning, and doesn't widen the range.
        const [{ range, warnings } = assert.fail()] = Object.values(above.regions);
        assert.equal(range?.highUSD, highUSD);
        assert.equal(
          warnings.some((text) => /^(\d+) of \1 priced lines rest on prices/.test(text)),
          day === aged,
        );
      }
    }
  }
  const { reasons, lowUSD, highUSD = 0 } = estimateOf(singapore).range ?? assert.fail();
  // 252 GiB: 240 of the data volume and 12 of the root volume, at 0.004 more each.
  assert.ok(Math.abs(highUSD - lowUSD - 252 * 0.004) < 1e-6, `${lowUSD} to ${highUSD}`);
  assert.deepEqual(reasons, [
    "Sources disagree on Data volume (gp3): $0.096 or $0.10 per GiB-month.",
    "Sources disagree on Root volume (gp3): $0.096 or $0.10 per GiB-month.",
  ]);
});

test("allows another price for the region even where all known prices are the same, or only one is known", () => {
  // Only two regions have a price for gp3, and it is that of us-east-1.
  const { aws: list, ...rest } = priceBook;
  const same = list.regions["us-east-1"]?.["gp3-capacity"] ?? assert.fail();
  const regions = Object.entries(list.regions).map(([name, { "gp3-capacity": _, ...prices }]) => [
    name,
    { ...prices, ...(["us-east-1", "us-west-2"].includes(name) && { "gp3-capacity": same }) },
  ]);
  const prices = { ...rest, aws: { ...list, regions: Object.fromEntries(regions) } };
  const { lines, range = assert.fail() } = estimateOf(aws, { prices });
  const quantity = lines
    .filter(({ name }) => /volume \(gp3\)$/.test(name))
    .reduce((sum, { monthlyQuantity }) => sum + monthlyQuantity, 0);
  const apart = 0.3 * quantity * (same.price ?? 0);
  assert.ok(Math.abs((range.highUSD ?? 0) - range.expectedUSD - apart) < 1e-6);
  assert.ok(Math.abs(range.expectedUSD - range.lowUSD - apart) < 1e-6);
  assert.match(
    range.reasons.join(),
    /^Prices of other regions, which are the same, 30 % more or less, stand in for missing ones, /,
  );
});

test("requires the highest known prices to fit into the budget where other regions' prices are allowed", () => {
  // us-east-2 has no prices of its own. By those of other regions, the machine alone costs about 50 USD.
  const ohio: StackInWords = { ...aws, region: "us-east-2" };
  const { totals } = estimateOf(ohio);
  assert.ok(totals.byPayer.us < 50 && !totals.complete);
  const { problems, warnings } = cost({
    ...ohio,
    budget: { monthlyUSD: 130, over: "fail", unpriced: "allow" },
  });
  assert.deepEqual(
    warnings.map(({ path }) => path),
    ["regions[0].name"],
  );
  assert.equal(problems[0]?.path, "budget.monthlyUSD");
  assert.match(
    problems[0]?.message ?? "",
    /^the stack may cost \$139\.44 \(\$109\.72 to \$150\.24\) a month by estimate, more than \$130\.00; the largest lines: us-east-2: Instance \(Linux, on demand, m7g\.large\) \(by another region's price\), \$74\.46; .*\. us-east-2: Prices of other regions stand in for missing ones, .*: .*\. us-east-2: Prices of other regions, which are the same, 30 % more or less, .*\. The way out: add the missing prices to components\/cost\/prices \(docs\/cost\.md says how\)$/,
  );
  for (const over of ["fail", "warn"] as const) {
    const enough = cost({ ...ohio, budget: { monthlyUSD: 400, over, unpriced: "allow" } });
    assert.deepEqual(enough.problems, []);
    assert.match(
      enough.warnings[1]?.message ?? "",
      /^the stack meets its budget only by other regions' prices, which are no upper bound: \$139\.44 \(\$109\.72 to \$150\.24\) a month\. us-east-2: Prices of other regions .*\. The way out: add the missing prices to components\/cost\/prices \(docs\/cost\.md says how\)$/,
    );
  }
});

test("fails a line without a price in a budget that must hold, unless the configuration allows it", () => {
  const free = { ...azure, cost: { azureSameRegionTraffic: "free" } } as const;
  const at = (budget: StackInWords["budget"]) =>
    cost({ ...free, budget: { monthlyUSD: 1000, over: "fail", ...budget } });
  const { problems, warnings } = at({});
  assert.deepEqual(warnings, []);
  assert.equal(problems[0]?.path, "budget.over");
  assert.match(
    problems[0]?.message ?? "",
    /^a budget that must hold needs a price for each line, and these have none: westeurope: Data disk \(Premium SSD v2\); westeurope: OS disk \(Premium SSD, P4\)\. By other regions' prices, the stack costs \$[^.]*\.\d\d.* a month\. The way out: add the missing prices to components\/cost\/prices \(docs\/cost\.md says how\), or accept other regions' prices by `budget: \{ unpriced: allow \}`$/,
  );
  for (const budget of [{ unpriced: "allow" }, { over: "warn" }] as const) {
    assert.deepEqual([at(budget).problems.length, at(budget).warnings.length], [0, 1]);
  }
  // The customers' lines need no price.
  const prices = without("aws", "eu-central-1", "nat-gateway-data");
  const nodes = { natGateway: "billed", s3Endpoint: true } as const;
  const behindNat = { ...aws, cost: { nodes }, budget: { monthlyUSD: 1000, over: "fail" } } as const;
  const [estimate] = Object.values(cost(behindNat, prices).regions);
  assert.equal(estimate?.totals.complete, false);
  assert.deepEqual(cost(behindNat, prices).problems, []);
});

test("says at each preview that no price of a region is known", () => {
  const [warning] = cost({ ...aws, region: "us-east-2" }).warnings;
  assert.deepEqual(warning, {
    path: "regions[0].name",
    message:
      "us-east-2 has no machine with a price of its own in the price book, so its estimate is by other regions' prices: $139.44 ($109.72 to $150.24) a month. Add prices to components/cost/prices (docs/cost.md says how)",
  });
});

test("includes failover in a budget that must hold, in both clouds", () => {
  for (const words of [
    aws,
    { ...azure, region: "eastus", cost: { azureSameRegionTraffic: "free" } } as const,
  ]) {
    const { problems } = cost({
      ...words,
      endpoint: { failover: "dns" },
      budget: { monthlyUSD: 400, over: "fail" },
    });
    assert.deepEqual(problems, []);
  }
});

test("names the largest lines by other regions' prices, too, with those without any price last", () => {
  const prices = without("azure", "eastus", "transfer-to-internet");
  const words = { ...azure, region: "eastus", budget: { monthlyUSD: 200, over: "fail" } } as const;
  assert.match(
    cost(words, prices).problems[0]?.message ?? "",
    /the largest lines: eastus: Transfer in the region, .* \(by another region's price\), \$\d{3}\.\d\d; /,
  );
  // Each amount has one reason.
  const about = Object.values(cost(words, prices).regions)
    .flatMap(({ range }) => range?.reasons ?? [])
    .filter((reason) => reason.includes("Transfer in the region"));
  assert.equal(about.length, 1, about.join("\n"));
  assert.match(
    about.join(),
    /^Only the high end has the contested charge, \$\d{3}\.\d\d by another region's price: /,
  );
  const nowhere = Object.keys(priceBook.azure.regions).reduce(
    (book, region) => without("azure", region, "transfer-to-internet", book),
    prices,
  );
  const unbounded = cost(words, nowhere).problems[0]?.message ?? "";
  assert.match(
    unbounded,
    /^the stack may cost ≥ \$80\.16 a month by estimate, more than \$200\.00; the largest lines: eastus: Virtual machine [^;]*\d\.\d\d; [^;]*\d\.\d\d; [^;]*\d\.\d\d\. /,
  );
  assert.match(unbounded, /Only the high end has the contested charge, without a known price: Transfer/);
});

test("says that a budget has no effect without a bill", () => {
  const stack = stackNamed("kubernetes-example");
  const { problems, warnings } = stackCost(
    { ...stack, budget: { monthlyUSD: 50, over: "fail", unpriced: "fail" } },
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

test("has no upper bound without a price in any region", () => {
  const regions = Object.keys(priceBook.aws.regions);
  const noVolumes = regions.reduce((book, region) => without("aws", region, "gp3-capacity", book), priceBook);
  const prices = without("aws", "eu-central-1", "machine/m7g.large", noVolumes);
  const { problems } = cost({ ...aws, budget: { monthlyUSD: 1e6, over: "fail" } }, prices);
  // The machine costs 59.57 USD in us-east-1 and 74.46 in Singapore.
  assert.match(
    problems[0]?.message ?? "",
    /the largest lines: eu-central-1: Instance [^;]*, \$74\.46; eu-central-1: Transfer in the region, out of the cache, [^;]*; [^;]*\. eu-central-1: No region has a price, so the high end is open: Root volume \(gp3\); Data volume \(gp3\)\. eu-central-1: Prices of other regions stand in for missing ones, \$74\.46 \(\$59\.57 to \$74\.46\): Instance \(Linux, on demand, m7g\.large\)\. The way out/,
  );
});

test("fails for the certain part first, as a minimum", () => {
  const prices = without("aws", "eu-central-1", "gp3-capacity");
  const { problems } = cost({ ...aws, budget: { monthlyUSD: 20, over: "fail" } }, prices);
  assert.match(
    problems[0]?.message ?? "",
    /^the stack costs \$[\d.]+ \(\$[\d.]+ to \$[\d.]+\) a month by estimate, more than \$20\.00/,
  );
  // Neither the missing prices nor the contested charge can make it less.
  assert.doesNotMatch(problems[0]?.message ?? "", /The way out/);
  const contested = cost({ ...azure, budget: { monthlyUSD: 50, over: "fail" } }).problems[0]?.message ?? "";
  assert.match(contested, /more than \$50\.00.* the contested charge/);
  assert.doesNotMatch(contested, /The way out/);
});

test("says what the next version's default would change for a configuration of version 1, if it changes a machine", () => {
  const { version: _, ...first } = stackOf({ provider: "aws", region: "eu-central-1" });
  const warningsOf = (config: Parameters<typeof stackCost>[0]) =>
    stackCost(config, priceBook, today).warnings.map(({ path, message }) => `${path}: ${message}`);
  assert.deepEqual(warningsOf(first), [
    "workload.peakMinutes: the nodes of a peak have 30 minutes here, as in version 1 of the configuration; from version 2 on it is 10, and " +
      "eu-central-1 would run on c7g.xlarge in place of c6gn.medium, for $185.16 in place of $100.77 a month. " +
      "Write `version: 2`, and `workload: { peakMinutes: 30 }` to keep the machine",
  ]);
  assert.deepEqual(warningsOf({ ...first, version: 2 }), []);
  assert.deepEqual(warningsOf({ ...first, workload: { ...first.workload, peakMinutes: 20 } }), []);
  // A configuration that names its machine keeps it.
  const { version: __, ...named } = stackOf({
    provider: "aws",
    region: "eu-central-1",
    machine: "m7g.large",
  });
  assert.deepEqual(warningsOf(named), []);
});
