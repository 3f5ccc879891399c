import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { capacityOf } from "../../components/capacity/plan-region.ts";
import { isBilled } from "../../components/cost/estimate.ts";
import { unitPrice, usd } from "../../components/cost/line.ts";
import { priceBook } from "../../components/cost/prices/price-book.ts";
import { rangeText } from "../../components/cost/range.ts";
import { html } from "../../components/monitoring/status-page/page/html.ts";
import { change, quantity } from "../../scripts/cost/amounts.ts";
import { type Inputs, whyOf } from "../../scripts/cost/causes.ts";
import { moreText } from "../../scripts/cost/comparison.ts";
import { measuredCost } from "../../scripts/cost/measured.ts";
import { billOf } from "../../scripts/cost/review.ts";
import { conclusions } from "../../scripts/cost/sentences.ts";
import { renderTerminal } from "../../scripts/cost/terminal.ts";
import { columns, wrapped } from "../../scripts/output/columns.ts";
import {
  estimateOf,
  estimatesOf,
  type StackInWords,
  stackNamed,
  stackOf,
  today,
  without,
} from "../support/estimates.ts";

test("formats amounts", () => {
  assert.deepEqual([1234.5, -0.5, -0.001, 0, "not found" as const].map(usd), [
    "$1,234.50",
    "-$0.50",
    "$0.00",
    "$0.00",
    "not found",
  ]);
  assert.deepEqual([57.9, -57.9, 0.001].map(change), ["+$57.90", "-$57.90", "$0.00"]);
  assert.deepEqual([0.0978, 0.1, 0.0000004].map(unitPrice), ["$0.0978", "$0.10", "$0.0000004"]);
  assert.deepEqual([10_800.4, 10.737418, 0.0144].map(quantity), ["10,800", "10.74", "0.0144"]);
});

test("has the range of what isn't known in a bill, which is open without any price", () => {
  const words = { provider: "azure", region: "eastus", cost: { azureSameRegionTraffic: "unknown" } } as const;
  const priced = estimateOf(words);
  const { low, expected, high, fixed, usage } = billOf(priced);
  assert.ok(high > expected + 100 && low <= expected);
  assert.ok(Math.abs(fixed + usage - expected) < 1e-6);
  assert.equal(rangeText(billOf(priced)), `${usd(expected)} (${usd(low)} to ${usd(high)})`);
  assert.ok(
    conclusions({ estimate: priced }).some((text) =>
      /^Only the high end has the contested charge/.test(text),
    ),
  );
  const nowhere = Object.keys(priceBook.azure.regions).reduce(
    (book, region) => without("azure", region, "transfer-to-internet", book),
    priceBook,
  );
  assert.equal(rangeText(billOf(estimateOf(words, { prices: nowhere }))), `≥ ${usd(expected)}`);
});

test("uses other regions' prices for what the customers pay, too, and is open without any", () => {
  const words = { provider: "aws", region: "ap-south-2" } as const;
  // 3,600 GiB × 0.01, the same in all regions of the book, 30 % more or less.
  assert.equal(rangeText(billOf(estimateOf(words)).customer), "$36.00 ($25.20 to $46.80)");
  const nowhere = Object.keys(priceBook.aws.regions).reduce(
    (book, region) => without("aws", region, "transfer-in-region", book),
    priceBook,
  );
  assert.equal(rangeText(billOf(estimateOf(words, { prices: nowhere })).customer), "≥ $0.00");
});

/** What a report says of a region in which 10^12 bytes were pulled and 10^10 were fetched. */
function measuredIn(words: StackInWords, hours = 240) {
  const config = stackOf(words);
  const [region] = config.regions;
  const [estimate] = estimatesOf(config);
  assert.ok(region && isBilled(region) && estimate);
  const estimated = { stack: "test", region, config, capacity: capacityOf(region, config), estimate };
  const measured = measuredCost({ hours, servedBytes: 1e12, filledBytes: 1e10 }, estimated, today);
  const text = conclusions({ estimate, measured }).find((it) => it.startsWith("Measured")) ?? "";
  return { measured, text };
}

const inAws = { provider: "aws", region: "eu-central-1" } as const;

test("shows savings only if the pulls are measured", () => {
  const seen = measuredIn({ ...inAws, storage: { kind: "bucket", delivery: "proxied" } });
  assert.ok(seen.measured.savedUSD !== undefined);
  assert.match(seen.text, /GiB pulled \(assumed: [\d,]+\), .* (?:Saved|Lost) in a month/);
  const unseen = measuredIn({ ...inAws, storage: { kind: "bucket", delivery: "redirect" } });
  assert.equal(unseen.measured.savedUSD, undefined);
  assert.match(unseen.text, /GiB pulled \(assumed, not measured\), .* GiB filled \(assumed: /);
  assert.match(unseen.text, /What was saved isn't known, /);
  assert.doesNotMatch(unseen.text, /Saved|Lost/);
});

test("counts new content once, although each replica with a volume fetches it", () => {
  const config = stackNamed("kubernetes-example");
  const [region] = config.regions;
  const [estimate] = estimatesOf(config);
  assert.ok(region?.kind === "kubernetes" && estimate);
  const growth = (replicas: Partial<typeof region.replicas>) => {
    const changed = { ...region, replicas: { ...region.replicas, ...replicas } };
    const estimated = { stack: "test", region: changed, config, capacity: undefined, estimate };
    const usage = { hours: 720, servedBytes: 1e12, filledBytes: 36 * 1024 ** 3 };
    return measuredCost(usage, estimated, today).fitting.growthGiBPerMonth;
  };
  assert.equal(growth({ min: 3 }), 36.5 / 3);
  assert.equal(growth({ min: 3, sharing: "hash" }), 36.5);
});

test("states savings as a range while a charge is contested, and names transfer that isn't counted", () => {
  const inAzure = { provider: "azure", region: "westeurope" } as const;
  const saved = (azureSameRegionTraffic: "unknown" | "free" | "billed") =>
    measuredIn({ ...inAzure, cost: { azureSameRegionTraffic } });
  const [unknown, free, billed] = [saved("unknown"), saved("free"), saved("billed")];
  const [most, least] = [free, billed].map(({ measured }) => measured.savedUSD?.expected ?? Number.NaN) as [
    number,
    number,
  ];
  assert.ok(least < most - 100);
  assert.deepEqual(unknown.measured.savedUSD, { low: least, expected: most, high: most });
  assert.match(
    unknown.text,
    /Saved in a month, against pulls from the upstream: \$\S+ \(-\$\S+ to \$\S+\)\. Only one end has the contested charge\.$/,
  );
  assert.match(free.text, /upstream: \$\S+\.$/);
  const { text } = measuredIn({ ...inAzure, registries: ["registry.example.com"] });
  assert.match(text, / Transfer out of registry\.example\.com isn't counted\.$/);
});

test("names no amount for a region that isn't priced", () => {
  const [estimate] = estimatesOf(stackNamed("kubernetes-example"));
  assert.ok(estimate);
  const measured = { hours: 100, estimate, usage: { pulledGiB: 9 }, uncounted: [], fitting: {} };
  const named = { tags: {}, labels: {} };
  const region = { stack: "kubernetes-example", estimate, ...named, measured };
  assert.doesNotMatch(conclusions(region).join(), /\$/);
  const priced = { stack: "aws", estimate: estimateOf(inAws), ...named };
  const shared = {
    date: today,
    removed: [],
    leftBehind: [],
    unread: { now: [], base: [] },
    problems: [],
    notes: [],
  };
  const text = renderTerminal({ ...shared, regions: [region, priced] });
  assert.doesNotMatch(text, /^Region .*Measured/m);
  const both = renderTerminal({
    ...shared,
    regions: [region, priced, { ...priced, measured: { ...measured, estimate: priced.estimate } }],
  });
  assert.match(both, /^All .* \$100\.77 \(1 of 2\)$/m);
});

test("derives the growth only from a month of a disk, and not from a first fill or from what a bucket deleted", () => {
  const noGrowth = /so no growthGiBPerMonth can be derived/;
  const month = measuredIn(inAws, 720);
  // 10^10 bytes are 9.31 GiB in 720 of 730 hours.
  assert.equal(month.measured.fitting.growthGiBPerMonth?.toFixed(2), "9.44");
  assert.match(
    month.text,
    /What would have fitted the workload: pullsPerNodeGiB \S+, growthGiBPerMonth 9\.44\. /,
  );
  assert.doesNotMatch(month.text, noGrowth);
  const still = measuredIn({ ...inAws, workload: { nodeChurnPerMonth: 0 } }, 720);
  assert.deepEqual(Object.keys(still.measured.fitting), ["growthGiBPerMonth"]);
  for (const { measured, text } of [
    measuredIn(inAws, 360),
    measuredIn({ ...inAws, storage: { kind: "bucket", delivery: "proxied" } }, 720),
  ]) {
    assert.deepEqual(Object.keys(measured.fitting), ["pullsPerNodeGiB"]);
    assert.match(text, noGrowth);
  }
});

test("shows the known part of a change, even if a line has no price", () => {
  const [none, some] = [0, 307];
  const of = (high: number, known: number) => moreText({ low: known, expected: known, high });
  const open = Number.POSITIVE_INFINITY;
  assert.deepEqual(
    [of(some, some), of(open, some), of(-open, -some), of(Number.NaN, some), of(open, none)],
    ["+$307.00", "at least +$307.00", "at most -$307.00", "+$307.00 and what isn't known", "not known"],
  );
  assert.equal(moreText({ low: 300, expected: 307, high: 310 }), "+$300.00 to +$310.00");
});

test("says why a machine changes: a limit, enough capacity, or its name in the configuration", () => {
  const inputs = (nodes: number, type = "auto"): Inputs => {
    const config = stackOf({ provider: "aws", region: "eu-central-1", machine: type, workload: { nodes } });
    const [region] = config.regions;
    assert.ok(region && isBilled(region));
    return { config, region, capacity: capacityOf(region, config) };
  };
  const [few, many] = [inputs(300), inputs(3000)];
  // 300 nodes of 3 GiB in 30 minutes are 4,295 Mbps on the network; c6gn.medium sustains 1,600. Its memory holds no release, so the disk must also
  // give that much, and gives 760.
  assert.deepEqual(whyOf(few, many), [
    "The workload changes: nodes 300 → 3000.",
    "c6gn.xlarge in place of c6gn.medium, because the first limit is the machine's disk throughput: c6gn.medium has 760 of 4,295 Mbps.",
  ]);
  assert.match(
    whyOf(many, few)[1] ?? "",
    /^c6gn\.medium is enough: its tightest limit is the memory, 1\.5 of 2 GiB\.$/,
  );
  assert.deepEqual(whyOf(few, inputs(300, "m7g.large")), ["The configuration names m7g.large."]);
  assert.deepEqual(whyOf(few, few), []);
});

test("escapes everything that it puts into HTML", () => {
  const text = `<b title='x'>"&`;
  assert.equal(html`<p title="${text}">${[text]}</p>`.text, `<p title="${escaped}">${escaped}</p>`);
  assert.equal(html`${html`<i>${1}</i>`}${undefined}${[]}`.text, "<i>1</i>");
});

const escaped = "&#60;b title=&#39;x&#39;&#62;&#34;&#38;";

test("aligns columns, with no line longer than its columns", () => {
  assert.deepEqual(
    columns(["Name", ">Cost"], [["one two three", "$1.00"], [], ["All", "$10.00"]], { firstWidth: 10 }),
    ["Name       Cost", "───────────────", "one two   $1.00", "three", "───────────────", "All      $10.00"],
  );
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^\w{1,9}$/), { minLength: 1 }), (words) => {
      const lines = wrapped(words.join(" "), 20);
      assert.ok(lines.every((line) => line.length <= 20));
      assert.deepEqual(lines.join(" ").split(" "), words);
    }),
  );
});
