import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { change, quantity, unitPrice, usd } from "../../scripts/cost/amounts.ts";
import { columns, wrapped } from "../../scripts/cost/columns.ts";
import { html } from "../../scripts/cost/page/html.ts";
import { ticks } from "../../scripts/cost/page/scale.ts";
import { billOf } from "../../scripts/cost/review.ts";
import { conclusions } from "../../scripts/cost/sentences.ts";
import { estimateOf, without } from "../support/estimates.ts";

test("amounts", () => {
  assert.deepEqual([1234.5, -0.5, -0.001, 0, "not found" as const].map(usd), [
    "$1,234.50",
    "-$0.50",
    "$0.00",
    "$0.00",
    "not found",
  ]);
  assert.deepEqual([57.9, -57.9, 0.001, "not found" as const].map(change), [
    "+$57.90",
    "-$57.90",
    "$0.00",
    "not found",
  ]);
  assert.deepEqual([0.0978, 0.1, 0.0000004].map(unitPrice), ["$0.0978", "$0.10", "$0.0000004"]);
  assert.deepEqual([10_800.4, 10.737418, 0.0144].map(quantity), ["10,800", "10.74", "0.0144"]);
});

test("a bill has what is contested beside what is certain, and is at least so much without its price", () => {
  const words = { provider: "azure", region: "eastus", cost: { azureSameRegionTraffic: "unknown" } } as const;
  const priced = estimateOf(words);
  const { usContested, us, complete } = billOf(priced);
  assert.ok(complete && usContested > us + 100);
  assert.ok(conclusions(priced).some((text) => text.includes(`If so, we pay ${usd(usContested)} a month. `)));
  const lacking = estimateOf(words, { prices: without("azure", "eastus", "transfer-to-internet") });
  const unpriced = billOf(lacking);
  assert.deepEqual([unpriced.usContested, unpriced.complete], [us, false]);
  const sentence = `If so, we pay ≥ ${usd(us)} a month, without the charge itself, which has no price. `;
  assert.ok(conclusions(lacking).some((text) => text.includes(sentence)));
});

test("whatever is put into HTML is text there", () => {
  const text = `<b title='x'>"&`;
  assert.equal(html`<p title="${text}">${[text]}</p>`.text, `<p title="${escaped}">${escaped}</p>`);
  assert.equal(html`${html`<i>${1}</i>`}${undefined}${[]}`.text, "<i>1</i>");
});

const escaped = "&#60;b title=&#39;x&#39;&#62;&#34;&#38;";

test("an axis goes from 0 to what is shown, in few round steps", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.01, max: 1e9, noNaN: true }),
      fc.integer({ min: 2, max: 8 }),
      (most, wanted) => {
        const [first, second = 0, ...rest] = ticks(most, wanted);
        const last = rest.at(-1) ?? second;
        assert.equal(first, 0);
        assert.ok(last >= most * (1 - 1e-6) && last - second < most);
        assert.ok(rest.length + 1 <= wanted + 1);
        assert.ok([1, 2, 5].includes(Number(second.toExponential(6).split("e")[0])));
      },
    ),
  );
});

test("columns stand under each other, and no line is longer than its columns", () => {
  assert.deepEqual(columns(["Name", ">Cost"], [["one two three", "$1.00"], [], ["All", "$10.00"]], 10), [
    "Name       Cost",
    "───────────────",
    "one two   $1.00",
    "three",
    "───────────────",
    "All      $10.00",
  ]);
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^\w{1,9}$/), { minLength: 1 }), (words) => {
      const lines = wrapped(words.join(" "), 20);
      assert.ok(lines.every((line) => line.length <= 20));
      assert.deepEqual(lines.join(" ").split(" "), words);
    }),
  );
});
