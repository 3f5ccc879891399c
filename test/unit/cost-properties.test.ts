import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Workload } from "../../components/config/schema.ts";
import { tierParts } from "../../components/cost/charge.ts";
import type { EstimateOptions, RegionEstimate } from "../../components/cost/estimate.ts";
import { type CostLine, notFound, type Totals } from "../../components/cost/line.ts";
import { type Item, priceBook } from "../../components/cost/prices/price-book.ts";
import { estimateOf, type StackInWords } from "../support/estimates.ts";

/** From zero to the schema's maximum, mostly around what machines sustain. */
const amount = (usual: number) =>
  fc.oneof({ weight: 5, arbitrary: fc.nat(usual) }, { weight: 1, arbitrary: fc.nat(1_000_000) });

const workload: fc.Arbitrary<Workload> = fc.record({
  nodes: amount(2000),
  pullsPerNodeGiB: fc.oneof(fc.double({ min: 0, max: 20, noNaN: true }), amount(10)),
  nodeChurnPerMonth: fc.oneof(fc.double({ min: 0, max: 10, noNaN: true }), amount(10)),
  workingSetGiB: amount(2000),
  growthGiBPerMonth: amount(100),
  peakMinutes: fc.integer({ min: 1, max: 1440 }),
});

const storage = fc.constantFrom(
  { kind: "disk" },
  { kind: "bucket", delivery: "proxied" },
  { kind: "bucket", delivery: "redirect" },
);

const words: fc.Arbitrary<StackInWords> = fc
  .record({
    place: fc.constantFrom(
      ["aws", "eu-central-1"] as const,
      ["aws", "us-east-1"] as const,
      ["aws", "sa-east-1"] as const,
      ["azure", "westeurope"] as const,
      ["azure", "eastus"] as const,
      ["azure", "jioindiawest"] as const,
    ),
    topology: fc.constantFrom("vm", "cluster"),
    storage,
    workload,
    registries: fc.subarray(["gsoci.azurecr.io", "ghcr.io", "r.example.com"], { minLength: 1 }),
    azureSameRegionTraffic: fc.constantFrom("free", "billed", "unknown"),
    clusters: fc.integer({ min: 1, max: 20 }),
  })
  .map(({ place: [provider, region], azureSameRegionTraffic, clusters, storage, ...rest }) => ({
    ...rest,
    provider,
    region,
    storage: rest.topology === "cluster" && storage.kind === "disk" ? { kind: "bucket" } : storage,
    cost: { azureSameRegionTraffic, clusters },
  }));

const runs = { numRuns: 30 };

function close(one: number, other: number): boolean {
  return Math.abs(one - other) <= 1e-5 + 1e-9 * Math.abs(one);
}

function amountOf({ monthlyCost }: CostLine): number {
  return monthlyCost === notFound ? 0 : monthlyCost;
}

test("makes estimates of plain JSON with finite numbers, none negative, always the same", () => {
  fc.assert(
    fc.property(words, (words) => {
      const estimate = estimateOf(words);
      const numbers: number[] = [];
      const copy = JSON.parse(JSON.stringify(estimate), (_, value) => {
        if (typeof value === "number") numbers.push(value);
        return value;
      });
      // JSON turns NaN and infinity into null.
      assert.deepEqual(copy, estimate);
      assert.ok(numbers.every((value) => value >= 0));
      assert.doesNotMatch(JSON.stringify(estimate), /NaN|undefined|Infinity|∞/);
      assert.equal(JSON.stringify(estimateOf(words)), JSON.stringify(estimate));
    }),
    runs,
  );
});

test("sums the lines to the totals, of each basis and of each payer", () => {
  const check = (lines: readonly CostLine[], totals: Totals) => {
    const sum = (matches: (line: CostLine) => boolean) =>
      lines.filter(matches).reduce((total, line) => total + amountOf(line), 0);
    assert.ok(
      close(
        totals.all,
        sum(() => true),
      ),
    );
    assert.ok(close(totals.all, totals.fixed + totals.usage));
    assert.ok(close(totals.all, totals.byPayer.us + totals.byPayer.customer));
    assert.ok(
      close(
        totals.fixed,
        sum(({ basis }) => basis === "fixed"),
      ),
    );
    assert.ok(
      close(
        totals.byPayer.customer,
        sum(({ paidBy }) => paidBy === "customer"),
      ),
    );
    assert.equal(totals.complete, !lines.some(({ monthlyCost }) => monthlyCost === notFound));
  };
  fc.assert(
    fc.property(words, (words) => {
      const { lines, totals, contested } = estimateOf(words);
      check(lines, totals);
      if (contested) check([...lines, ...contested.lines], contested.totals);
    }),
    runs,
  );
});

test("makes each line from quantity and price, with a source or a note that none was found, under a unique name", () => {
  fc.assert(
    fc.property(words, (words) => {
      const { lines, contested, notPriced } = estimateOf(words);
      for (const line of [...lines, ...(contested?.lines ?? [])]) {
        const { name, price, monthlyCost, monthlyQuantity, source } = line;
        assert.ok(monthlyQuantity >= 0, name);
        if (price === notFound || monthlyCost === notFound) {
          assert.equal(price, monthlyCost);
          assert.equal(source, undefined);
          assert.ok(
            notPriced.some((entry) => entry.name === name),
            name,
          );
          continue;
        }
        // The quantity is rounded by up to half of a millionth.
        assert.ok(
          Math.abs(monthlyQuantity * price - monthlyCost) <= 1e-6 * (1 + price) + 1e-9 * monthlyCost,
          name,
        );
        assert.match(source?.date ?? "", /^20\d\d(-\d\d){0,2}$/, name);
      }
      assert.equal(new Set(lines.map(({ name }) => name)).size, lines.length);
    }),
    runs,
  );
});

test("gives the chosen alternative the estimate's costs, and never calls an unsuitable one the cheapest", () => {
  fc.assert(
    fc.property(words, (words) => {
      const { alternatives, totals } = estimateOf(words);
      assert.ok(alternatives);
      const { options, cheapest } = alternatives;
      const chosen = options.filter((option) => option.chosen);
      assert.equal(chosen.length, 1);
      assert.deepEqual(chosen[0]?.totals, totals);
      const { comparableUSD = Number.NaN, comparableAllUSD = Number.NaN } = chosen[0] ?? {};
      assert.ok(!totals.complete || close(comparableUSD, totals.byPayer.us));
      assert.ok(!totals.complete || close(comparableAllUSD, totals.all));
      assert.equal(new Set(options.map(({ name }) => name)).size, options.length);
      const suitable = options.filter(
        ({ isAllowed, meetsThroughput, meetsAvailability, comparableAllUSD }) =>
          isAllowed && meetsThroughput && meetsAvailability && comparableAllUSD !== undefined,
      );
      const best = suitable.find(({ name }) => name === cheapest);
      assert.equal(best === undefined, suitable.length === 0);
      for (const { comparableAllUSD = 0 } of suitable) {
        assert.ok((best?.comparableAllUSD ?? 0) <= comparableAllUSD);
      }
    }),
    runs,
  );
});

const grow = (words: StackInWords, workload: Partial<Workload>) => ({
  ...words,
  workload: { ...words.workload, ...workload },
});

function total(estimate: RegionEstimate): number {
  return (estimate.contested?.totals ?? estimate.totals).all;
}

test("never costs less for more volume, all else being equal", () => {
  const usage = fc.record({
    pulledGiB: fc.nat(10_000_000),
    filledGiB: fc.nat(1_000_000),
  });
  fc.assert(
    fc.property(words, usage, fc.nat(1_000_000), (words, usage, more) => {
      const at = (usage: EstimateOptions["usage"]) => total(estimateOf(words, usage && { usage }));
      const before = at(usage);
      assert.ok(at({ ...usage, pulledGiB: usage.pulledGiB + more }) >= before - 1e-5);
      assert.ok(at({ ...usage, filledGiB: usage.filledGiB + more }) >= before - 1e-5);
    }),
    runs,
  );
});

test("has an ordered range that contains the expected value, and grows with the volume", () => {
  fc.assert(
    fc.property(words, fc.nat(1_000_000), (words, more) => {
      const usage = { pulledGiB: 3600, filledGiB: 10 };
      const ends = (usage: EstimateOptions["usage"]) => {
        const { range, alternatives, totals } = estimateOf(words, usage && { usage });
        assert.ok(range && alternatives);
        const { lowUSD, expectedUSD, highUSD = Number.POSITIVE_INFINITY, reasons } = range;
        assert.ok(lowUSD <= expectedUSD + 1e-5 && expectedUSD <= highUSD + 1e-5);
        assert.equal(reasons.length === 0, totals.complete && close(lowUSD, highUSD), reasons.join("\n"));
        const { comparableUSD } = alternatives.options.find(({ chosen }) => chosen) ?? {};
        if (comparableUSD !== undefined) assert.ok(close(comparableUSD, expectedUSD));
        return [lowUSD, expectedUSD, highUSD];
      };
      const before = ends(usage);
      const after = ends({ pulledGiB: usage.pulledGiB + more, filledGiB: usage.filledGiB + more });
      assert.ok(after.every((amount, index) => amount >= (before[index] ?? 0) - 1e-5));
    }),
    runs,
  );
});

test("announces a jump of more than 20 % between neighbouring workloads", () => {
  const at = (words: StackInWords, nodes: number) => {
    const { range, steps } = estimateOf(grow(words, { nodes }));
    assert.ok(range && steps);
    return { usd: range.expectedUSD, sentences: steps.sentences.join(" "), next: steps.nextNodes?.nodes };
  };
  const explained = (words: StackInWords, nodes: number) => {
    const [one, other] = [at(words, nodes), at(words, nodes + 1)];
    if (other.usd <= 1.2 * one.usd) return false;
    assert.match(
      one.sentences,
      new RegExp(`From ${(nodes + 1).toLocaleString("en-US")} nodes on, it takes `),
    );
    return true;
  };
  const usual: fc.Arbitrary<Partial<Workload>> = fc.record({
    pullsPerNodeGiB: fc.integer({ min: 1, max: 10 }),
    nodeChurnPerMonth: fc.integer({ min: 1, max: 8 }),
    workingSetGiB: fc.integer({ min: 10, max: 1000 }),
    growthGiBPerMonth: fc.integer({ min: 1, max: 100 }),
    peakMinutes: fc.integer({ min: 5, max: 60 }),
  });
  // At its 531st node, Frankfurt needs a machine that costs 35.40 USD more.
  assert.ok(explained({ provider: "aws", region: "eu-central-1", workload: {} }, 530));
  fc.assert(
    fc.property(words, usual, fc.integer({ min: 20, max: 3000 }), (words, workload, nodes) => {
      const own = { ...words, workload };
      // At any number of nodes, and just before the next machine.
      for (const below of [nodes, (at(own, nodes).next ?? nodes) - 1]) explained(own, below);
    }),
    runs,
  );
});

test("never costs less for a larger disk or bucket, on the same machine", () => {
  const machine = { aws: "m7g.large", azure: "Standard_D2ps_v6" };
  const vm = words.filter(({ topology }) => topology === "vm");
  fc.assert(
    fc.property(
      vm,
      fc.integer({ min: 1, max: 2000 }),
      fc.integer({ min: 1, max: 2000 }),
      (words, size, more) => {
        const sized = (sizeGiB: number): StackInWords => ({
          ...grow(words, { workingSetGiB: sizeGiB }),
          machine: machine[words.provider],
          storage:
            words.storage?.kind === "disk" ? { kind: "disk", size: `${sizeGiB}GiB` } : (words.storage ?? {}),
        });
        // Not all tiers of a Premium SSD, which are separate items, have a price.
        fc.pre(words.region !== "jioindiawest");
        assert.ok(total(estimateOf(sized(size + more))) >= total(estimateOf(sized(size))) - 1e-5);
      },
    ),
    runs,
  );
});

for (const [cloud, prices] of Object.entries(priceBook)) {
  for (const [region, items] of Object.entries(prices.regions)) {
    const { tiers } = items["transfer-to-internet" satisfies Item] ?? {};
    if (!tiers) continue;
    const costAt = (quantity: number, above = 0) =>
      tierParts(tiers, quantity, above).reduce((sum, part) => sum + part.quantity * part.price, 0);

    test(`has a ladder of ${cloud} ${region} without jumps or losses, which adds up`, () => {
      const dearest = Math.max(...tiers.map(({ price }) => price));
      const around = fc
        .constantFrom(...tiers.map(({ from }) => from))
        .chain((from) => fc.double({ min: Math.max(0, from - 10), max: from + 10, noNaN: true }));
      fc.assert(
        fc.property(around, fc.double({ min: 0, max: 1, noNaN: true }), (quantity, step) => {
          const difference = costAt(quantity + step) - costAt(quantity);
          assert.ok(difference >= -1e-6 && difference <= dearest * step + 1e-6);
        }),
      );
      fc.assert(
        fc.property(fc.nat(1_000_000), fc.nat(1_000_000), (first, second) => {
          assert.ok(close(costAt(first) + costAt(second, first), costAt(first + second)));
          const parts = tierParts(tiers, second, first);
          assert.ok(
            close(
              parts.reduce((sum, part) => sum + part.quantity, 0),
              second,
            ),
          );
        }),
      );
    });
  }
}
