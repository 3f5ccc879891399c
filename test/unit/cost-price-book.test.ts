import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { machines } from "../../components/capacity/machines.ts";
import items from "../../components/cost/prices/items.json" with { type: "json" };
import negotiated from "../../components/cost/prices/negotiated.json" with { type: "json" };
import {
  everywhere,
  type Item,
  listPrices,
  meaningOf,
  type Price,
  type PriceBook,
  type PricedCloud,
  priceBook,
  priceOf,
  withNegotiated,
} from "../../components/cost/prices/price-book.ts";
import { regionsApart } from "../../components/cost/range.ts";
import { regionNames as awsRegions } from "../../components/hosts/aws/regions.ts";
import { regionNames as azureRegions, transferZoneOf } from "../../components/hosts/azure/regions.ts";
import { costOf, estimateOf } from "../support/estimates.ts";

const clouds: readonly PricedCloud[] = ["aws", "azure"];
const kinds = [
  ...["machine", "disk", "address", "dns", "monitoring", "secrets"],
  ...["cluster", "load balancer", "bucket", "registry", "transfer"],
];
const known = { aws: awsRegions, azure: azureRegions };

const tiers = z
  .array(z.strictObject({ from: z.number().nonnegative(), price: z.number().nonnegative() }))
  .min(2)
  .refine(
    (all) => all[0]?.from === 0 && all.every(({ from }, at) => at === 0 || from > (all[at - 1]?.from ?? 0)),
  );

const common = {
  unit: z.string().min(1),
  sources: z.array(z.string()).min(1),
  confidence: z.enum(["high", "medium", "low"]),
  date: z.string().regex(/^20\d\d(-\d\d){0,2}$/),
  disputed: z.number().positive().optional(),
  note: z.string().min(1).optional(),
};

const price = z.union([
  z.strictObject({ ...common, price: z.number().positive() }),
  z.strictObject({ ...common, tiers }),
]);

const book = z.strictObject({
  sources: z.record(z.string(), z.strictObject({ name: z.string().min(1), url: z.url().optional() })),
  regions: z.record(z.string(), z.record(z.string(), price)),
});

function entries(cloud: PricedCloud): [region: string, item: string, price: Price][] {
  return Object.entries(listPrices[cloud].regions).flatMap(([region, prices]) =>
    Object.entries(prices).map(([item, price]): [string, string, Price] => [region, item, price]),
  );
}

const text = z.string().min(1);
const fields = z.record(text, text);
const counting = {
  listUnit: text,
  factor: z.number().positive().optional(),
  tiered: z.literal(true).optional(),
  note: text.optional(),
};
const item = z.strictObject({
  kind: z.enum(kinds),
  unit: z.union([text, z.strictObject({ aws: text, azure: text })]),
  aws: z
    .strictObject({ service: text, usage: text.optional(), filters: fields.optional(), ...counting })
    .optional(),
  azure: z.strictObject({ meter: text.optional(), fields, ...counting }).optional(),
});

test("has a well-formed and sorted list of items", () => {
  const { success, error } = z.record(text, item).safeParse(items);
  assert.ok(success, error && z.prettifyError(error));
  assert.deepEqual(Object.keys(items), Object.keys(items).sort());
});

for (const cloud of clouds) {
  test(`has a well-formed book of ${cloud}, with a source for every price and no other`, () => {
    const { success, error } = book.safeParse(listPrices[cloud]);
    assert.ok(success, error && z.prettifyError(error));
    const used = new Set(entries(cloud).flatMap(([, , { sources }]) => sources));
    assert.deepEqual(Object.keys(listPrices[cloud].sources), [...used].sort());
  });

  test(`has ${cloud}'s items in the unit of items.json, and either everywhere or by region`, () => {
    const units = Map.groupBy(entries(cloud), ([, item]) => item);
    for (const [item, those] of units) {
      const { unit } = meaningOf(item as Item, cloud);
      for (const [region, , price] of those) assert.equal(price.unit, unit, `${region} ${item}`);
      assert.ok(those.length === 1 || those.every(([region]) => region !== everywhere), item);
    }
  });

  test(`has real regions of ${cloud}, and a price for each machine in one of them`, () => {
    const regions = Object.keys(listPrices[cloud].regions).filter((region) => region !== everywhere);
    assert.ok(regions.length >= 7);
    for (const region of regions) assert.ok(known[cloud].includes(region), region);
    for (const { type } of machines[cloud]) {
      const priced = regions.filter((region) => priceOf(listPrices, cloud, region, `machine/${type}`));
      assert.ok(priced.length > 0, type);
    }
  });
}

for (const [cloud, region] of [
  ["aws", "us-east-1"],
  ["azure", "westeurope"],
] as const) {
  test(`orders the machines of ${cloud} by their prices in ${region}, within a tenth`, () => {
    let highest = 0;
    for (const { type } of machines[cloud]) {
      const { price } = priceOf(listPrices, cloud, region, `machine/${type}`) ?? assert.fail(type);
      assert.ok(price !== undefined && price > 0.9 * highest, `${type}: ${price} after ${highest}`);
      highest = Math.max(highest, price);
    }
  });
}

test("prefers a region's own price to that of everywhere", () => {
  const here = listPrices.aws.regions[everywhere]?.["public-ipv4"];
  assert.ok(here);
  const regional = { ...here, price: 0.006 };
  const changed = {
    ...listPrices,
    aws: {
      ...listPrices.aws,
      regions: { [everywhere]: { "public-ipv4": here }, there: { "public-ipv4": regional } },
    },
  };
  assert.equal(priceOf(changed, "aws", "there", "public-ipv4"), regional);
  assert.equal(priceOf(changed, "aws", "elsewhere", "public-ipv4"), here);
  assert.equal(priceOf(changed, "aws", "there", "alarm"), undefined);
});

test("replaces list prices with negotiated ones, of a region, or of all regions without their own", () => {
  for (const cloud of clouds) assert.ok(book.safeParse(negotiated[cloud]).success, cloud);
  const list = listPrices.aws.regions["eu-central-1"]?.["machine/m7g.large"];
  assert.ok(list);
  const price = (price: number): Price => ({ ...list, price, sources: ["contract"] });
  const contract: PriceBook = {
    aws: {
      sources: { contract: { name: "The contract of 2026" } },
      regions: {
        [everywhere]: { "machine/m7g.large": price(0.06) },
        "eu-west-1": { "machine/m7g.large": price(0.05) },
      },
    },
    azure: { sources: {}, regions: {} },
  };
  const merged = withNegotiated(listPrices, contract);
  const of = (region: string) => priceOf(merged, "aws", region, "machine/m7g.large")?.price;
  assert.deepEqual([of("eu-central-1"), of("eu-west-1"), of("sa-east-1")], [0.06, 0.05, 0.06]);
  assert.equal(merged.aws.sources.contract?.name, "The contract of 2026");
  const none = withNegotiated(listPrices, negotiated as PriceBook);
  for (const cloud of clouds) assert.deepEqual(none[cloud].regions, listPrices[cloud].regions);
});

test("keeps EKS's charge for a machine with a negotiated price, and says which price a commitment replaces", () => {
  const list = listPrices.aws.regions["us-east-1"]?.["machine/m6g.large"];
  assert.ok(list);
  const regions = { [everywhere]: { "machine/m6g.large": { ...list, price: 0.04, sources: ["contract"] } } };
  const contract: PriceBook = {
    aws: { sources: { contract: { name: "The contract of 2026" } }, regions },
    azure: { sources: {}, regions: {} },
  };
  const words = { provider: "aws", region: "us-east-1", topology: "cluster" } as const;
  const [usual, negotiated] = [priceBook, withNegotiated(priceBook, contract)].map((prices) =>
    estimateOf(words, { prices }),
  );
  assert.ok(usual && negotiated);
  // 1,460 h × 0.04; 12 % of 1,460 h × 0.077, the list price.
  assert.equal(costOf(negotiated, "2 instances"), 58.4);
  assert.equal(costOf(negotiated, "EKS Auto Mode"), 13.4904);
  const inPlace =
    / The lines have a negotiated price of m6g\.large \(The contract of 2026\), in whose place these prices would come\. /;
  assert.match(negotiated.commitment ?? "", inPlace);
  assert.doesNotMatch(usual.commitment ?? "", inPlace);
});

test("seldom has two regions' prices further apart than the range of a single price", () => {
  const priced = clouds.flatMap((cloud) =>
    entries(cloud).flatMap(([region, item, { price, tiers }]) => {
      const amount = price ?? tiers?.find((tier) => tier.price > 0)?.price;
      // For transfer in Azure, only a price of the same continent is used as a substitute.
      const zone = cloud === "azure" && item.startsWith("transfer-") ? transferZoneOf(region) : "";
      return region === everywhere || !amount ? [] : [{ thing: `${cloud} ${item} ${zone}`, amount }];
    }),
  );
  const { machine = [], other = [] } = Object.groupBy(priced, ({ thing }) =>
    / machine\//.test(thing) ? "machine" : "other",
  );
  const share = (those: typeof priced) => {
    const factors = [...Map.groupBy(those, ({ thing }) => thing).values()].flatMap((alike) =>
      alike.flatMap((one) => alike.filter((it) => it !== one).map((it) => it.amount / one.amount)),
    );
    return factors.filter((factor) => Math.abs(factor - 1) <= regionsApart).length / factors.length;
  };
  // docs/cost.md: of 100 pairs, about 98 for machines and about 90 for other items.
  assert.ok(share(machine) > 0.975, `${share(machine)} of machines`);
  assert.ok(share(other) > 0.85, `${share(other)} of other things`);
});
