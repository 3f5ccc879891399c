import assert from "node:assert/strict";
import { test } from "node:test";
import { type CloudPrices, listPrices, type Price } from "../../components/cost/prices/price-book.ts";
import type { Answer } from "../../scripts/prices/answer.ts";
import { awsQueries } from "../../scripts/prices/aws.ts";
import { changesTable, renewed } from "../../scripts/prices/renewal.ts";

const old = (price: number, source: string, note?: string): Price => ({
  unit: "hours",
  price,
  sources: [source],
  confidence: "medium",
  date: "2025-05-28",
  ...(note && { note }),
});

const book: CloudPrices = {
  sources: { list: { name: "A list" }, page: { name: "A page" } },
  regions: {
    "*": { "public-ipv4": old(0.005, "page", "in use") },
    here: { "machine/a": old(0.1, "list"), "machine/b": old(0.2, "list"), "machine/c": old(0.4, "list") },
  },
};

const answers: readonly Answer[] = [
  { region: "*", item: "public-ipv4", price: { unit: "hours", price: 0.005 } },
  { region: "here", item: "machine/a", price: { unit: "hours", price: 0.11 } },
  { region: "here", item: "machine/b", problem: "2 different prices for one filter: 0.2, 0.3" },
  { region: "there", item: "machine/a", price: { unit: "hours", price: 0.12 } },
];

const api = { key: "api", name: "The API", url: "https://prices.example.com" };
const renewal = renewed(book, answers, api, "2026-11-24");
const fresh = { unit: "hours", sources: ["api"], confidence: "high", date: "2026-11-24" };

test("replaces prices with answers, with date and source, and keeps those without a clear answer", () => {
  assert.deepEqual(renewal.prices.regions, {
    "*": { "public-ipv4": { ...fresh, price: 0.005, note: "in use" } },
    here: {
      "machine/a": { ...fresh, price: 0.11 },
      "machine/b": old(0.2, "list"),
      "machine/c": old(0.4, "list"),
    },
    there: { "machine/a": { ...fresh, price: 0.12 } },
  });
  assert.equal(book.regions.here?.["machine/a"]?.price, 0.1);
});

test("removes a source with the last price from it", () => {
  assert.deepEqual(renewal.prices.sources, {
    api: { name: "The API", url: "https://prices.example.com" },
    list: { name: "A list" },
  });
});

test("changes nothing for the same answers", () => {
  const again = renewed(renewal.prices, answers, api, "2026-11-24");
  assert.deepEqual(again.prices, renewal.prices);
  assert.equal(again.confirmed, 3);
  assert.deepEqual(
    again.changes.map(({ item, problem }) => [item, problem]),
    [["machine/b", "2 different prices for one filter: 0.2, 0.3"]],
  );
});

test("changes nothing if no answer is clear", () => {
  const unclear = answers.filter(({ problem }) => problem !== undefined);
  assert.deepEqual(renewed(book, unclear, api, "2026-11-24").prices, book);
});

test("shows in the table what changed, by how much, and what was kept and why", () => {
  assert.equal(
    changesTable(renewal),
    [
      "Region  What              Before             Now",
      "─".repeat(93),
      "here    machine/a  0.1 per hours  0.11 per hours  +10.0 %",
      "here    machine/b  0.2 per hours            kept  2 different prices for one filter: 0.2, 0.3",
      "there   machine/a              –  0.12 per hours  new",
      "",
      "1 prices confirmed, 3 changed or unclear",
      "",
    ].join("\n"),
  );
});

for (const cloud of ["aws", "azure"] as const) {
  test(`writes ${cloud}'s file in the form of a renewal, so that the next one shows only what changed`, () => {
    const { prices, changes } = renewed(listPrices[cloud], [], api, "2030-01-01");
    assert.deepEqual(changes, []);
    assert.equal(JSON.stringify(prices), JSON.stringify(listPrices[cloud]));
  });
}

/** There are two kinds with different prices. No query can say which one is meant, and a renewal would drop the other. */
const byHand = ["health-check"];

test("asks AWS for everything in the book, except for what is written by hand", () => {
  const asked = new Set<string>(awsQueries(["eu-central-1"]).map(({ item }) => item));
  const items = Object.values(listPrices.aws.regions).flatMap((prices) => Object.keys(prices));
  assert.deepEqual(
    [...new Set(items)].filter((item) => !item.startsWith("machine/") && !asked.has(item)),
    byHand,
  );
});
