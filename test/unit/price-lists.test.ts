/**
 * The clouds' price APIs, played back over HTTP to the clients that ask them. The answers in price-lists/ are made after the documented shapes, with the traps
 * that others found in the real ones: https://github.com/SpareCores/sc-crawler, src/sc_crawler/vendors.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import type { Item } from "../../components/cost/prices/price-book.ts";
import { askAws } from "../../scripts/prices/aws.ts";
import { awsQueries } from "../../scripts/prices/aws-queries.ts";
import { askAzure } from "../../scripts/prices/azure.ts";
import { azureQueries } from "../../scripts/prices/azure-queries.ts";

interface Reply {
  readonly status?: number;
  /** A file in price-lists/. */
  readonly file?: string;
}

const recorded = (file: string) =>
  readFileSync(join(import.meta.dirname, "price-lists", `${file}.json`), "utf8");

/** A server of recorded answers, which takes note of what it is asked. */
async function playing(
  t: TestContext,
  replyTo: (url: URL, body: string) => Reply,
): Promise<{ address: string; asked: { url: URL; body: string }[] }> {
  const asked: { url: URL; body: string }[] = [];
  const server: Server = createServer(async (request, response) => {
    const url = new URL(request.url ?? "/", `http://${request.headers.host}`);
    const body = await text(request);
    asked.push({ url, body });
    const { status = 200, file } = replyTo(url, body);
    response.writeHead(status, { "content-type": "application/x-amz-json-1.1" });
    response.end(file && recorded(file).replace('"page-2"', `"http://${request.headers.host}/page-2"`));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const frankfurt = awsQueries().filter(({ region }) => region === "eu-central-1");
const credentials = { accessKeyId: "a", secretAccessKey: "b" };

/** What AWS's list says to one query. */
async function aws(t: TestContext, query: (typeof frankfurt)[number] | undefined, file: string) {
  assert.ok(query);
  const { address, asked } = await playing(t, (_, body) => ({
    file: JSON.parse(body).NextToken ? file.replace(/1$/, "2") : file,
  }));
  const answers = await askAws({ endpoint: address, credentials }, [query]);
  return { answers, asked: asked.map(({ body }) => JSON.parse(body)) };
}

const awsItem = (item: Item) => frankfurt.find((query) => query.item === item);

test("AWS: all pages are read; other types are left out; two prices for one type are none", async (t) => {
  const { answers, asked } = await aws(
    t,
    frankfurt.find(({ item }) => item === undefined),
    "aws-machines-1",
  );
  const price = (usd: number) => ({ unit: "hours", price: usd });
  assert.deepEqual(answers, [
    { region: "eu-central-1", item: "machine/m7g.large", price: price(0.0978) },
    {
      region: "eu-central-1",
      item: "machine/c7g.large",
      problem: "2 different prices for one filter: 0.0825, 0.1075",
    },
    { region: "eu-central-1", item: "machine/c6gn.large", price: price(0.0991) },
    { region: "eu-central-1", item: "machine/t4g.small", price: price(0.0192) },
  ]);
  assert.equal(asked.length, 2);
  const filters = Object.fromEntries(
    asked[0].Filters.map(({ Type, Field, Value }: Record<string, string>) => {
      assert.equal(Type, "TERM_MATCH");
      return [Field, Value];
    }),
  );
  assert.deepEqual(filters, {
    operatingSystem: "Linux",
    preInstalledSw: "NA",
    licenseModel: "No License required",
    tenancy: "Shared",
    capacitystatus: "Used",
    marketoption: "OnDemand",
    locationType: "AWS Region",
    regionCode: "eu-central-1",
  });
});

test("AWS: throughput is listed per GiB/s and kept per MiB/s", async (t) => {
  const { answers } = await aws(t, awsItem("gp3-throughput"), "aws-gp3-throughput");
  // 48.7424 / 1,024 = 0.0476
  assert.deepEqual(answers[0]?.price, { unit: "MiB/s-months", price: 0.0476 });
});

test("AWS: tiers come in any order", async (t) => {
  const { answers } = await aws(t, awsItem("transfer-to-internet"), "aws-egress");
  assert.deepEqual(answers[0]?.price, {
    unit: "GiB",
    tiers: [
      { from: 0, price: 0.09 },
      { from: 10_240, price: 0.085 },
      { from: 51_200, price: 0.07 },
      { from: 153_600, price: 0.05 },
    ],
  });
});

for (const [file, problem] of [
  ["aws-other-unit", "in USD for tb-mo, not in USD for gb-mo"],
  ["aws-yuan", "in CNY for gb-mo, not in USD for gb-mo"],
  ["aws-nothing", "the price list has nothing for this filter"],
] as const) {
  test(`AWS: no price is taken from ${file}.json`, async (t) => {
    const { answers } = await aws(t, awsItem("gp3-capacity"), file);
    assert.deepEqual(answers, [{ region: "eu-central-1", item: "gp3-capacity", problem }]);
  });
}

test("AWS: each query has a filter for the region, where the list knows one, and none is empty", () => {
  const items = new Set<string>();
  for (const { region, item, service, filters } of awsQueries()) {
    const key = `${region} ${item}`;
    assert.ok(!items.has(key), key);
    items.add(key);
    assert.ok(Object.values(filters).every(Boolean), key);
    assert.ok(service === "AmazonRoute53" || filters.regionCode || filters.fromLocation, key);
  }
});

const westeurope = azureQueries().filter(({ region }) => region === "westeurope");

/** What Azure's list says to the queries with one filter. */
async function azure(t: TestContext, filter: RegExp, ...replies: [Reply, ...Reply[]]) {
  let count = 0;
  const { address, asked } = await playing(t, () => replies[count++] ?? replies[0]);
  const queries = westeurope.filter((query) => filter.test(query.filter));
  assert.ok(queries.length > 0);
  return { answers: await askAzure({ address, queries, pauseMs: 0 }), asked };
}

test("Azure: all pages are read; Windows, Cloud Services, Spot, reservations and old rows are left out", async (t) => {
  const { answers, asked } = await azure(
    t,
    /Virtual Machines/,
    { file: "azure-machines-1" },
    { file: "azure-machines-2" },
  );
  assert.deepEqual(answers, [
    { region: "westeurope", item: "machine/Standard_D2ps_v6", price: { unit: "hours", price: 0.0838 } },
    { region: "westeurope", item: "machine/Standard_D2as_v6", price: { unit: "hours", price: 0.112 } },
    {
      region: "westeurope",
      item: "machine/Standard_D2s_v5",
      problem: "2 different prices for one filter: 0.115, 0.129",
    },
  ]);
  assert.equal(asked[1]?.url.pathname, "/page-2");
  const filter = asked[0]?.url.searchParams.get("$filter") ?? "";
  assert.match(
    filter,
    /^serviceName eq 'Virtual Machines' and armRegionName eq 'westeurope' and priceType eq 'Consumption' and \(armSkuName eq '/,
  );
});

test("Azure: disks are listed per GiB and hour; rows of price 0 are old; one request for three meters", async (t) => {
  const { answers, asked } = await azure(t, /Premium SSD v2/, { file: "azure-premium-v2" });
  assert.deepEqual(
    answers.map(({ item, price }) => [item, price]),
    [
      ["premium-v2-capacity", { unit: "GiB-hours", price: 0.000122 }],
      ["premium-v2-iops", { unit: "IOPS-hours", price: 0.0000077 }],
      ["premium-v2-throughput", { unit: "MB/s-hours", price: 0.0000605 }],
    ],
  );
  assert.equal(asked.length, 1);
});

test("Azure: a ladder keeps its free start, in order, with each step once", async (t) => {
  const { answers } = await azure(t, /MGN/, { file: "azure-egress" });
  assert.deepEqual(answers, [
    {
      region: "westeurope",
      item: "transfer-to-internet",
      price: {
        unit: "GB",
        tiers: [
          { from: 0, price: 0 },
          { from: 100, price: 0.087 },
          { from: 10_335, price: 0.083 },
          { from: 51_295, price: 0.07 },
          { from: 153_695, price: 0.05 },
        ],
      },
    },
  ]);
});

test("Azure: GiB in the place of GB is no price", async (t) => {
  const { answers } = await azure(t, /General Block Blob/, { file: "azure-other-unit" });
  assert.deepEqual(answers, [
    {
      region: "westeurope",
      item: "blob-storage",
      problem: "in USD for 1 GiB/Month, not in USD for 1 GB/Month",
    },
  ]);
});

test("Azure: when asked to slow down, it waits and asks again; any other refusal ends it", async (t) => {
  const { answers, asked } = await azure(t, /MGN/, { status: 429 }, { file: "azure-egress" });
  assert.equal(answers.length, 1);
  assert.equal(asked.length, 2);
  await assert.rejects(azure(t, /MGN/, { status: 503 }), /answers 503/);
});
