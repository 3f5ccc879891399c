/**
 * The clouds' price APIs, replayed over HTTP to the real clients. The answers in price-lists/ have the documented shapes, and the pitfalls that
 * others found in real ones: https://github.com/SpareCores/sc-crawler, src/sc_crawler/vendors.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import type { Item } from "../../components/cost/prices/price-book.ts";
import { readStackFiles } from "../../scripts/fleet/stack-files.ts";
import { askAws, awsQueries } from "../../scripts/prices/aws.ts";
import { askAzure, azureQueries } from "../../scripts/prices/azure.ts";
import { pricedRegions } from "../../scripts/prices/renewal.ts";
import { costProject, stackFiles } from "../support/cost-project.ts";
import { scope } from "../support/scope.ts";
import { startServer } from "../support/server.ts";

interface Reply {
  readonly status?: number;
  /** A file in price-lists/. */
  readonly file?: string;
}

const recorded = (file: string) =>
  readFileSync(join(import.meta.dirname, "price-lists", `${file}.json`), "utf8");

/** A server of recorded answers, which records its requests. */
async function playing(
  t: TestContext,
  replyTo: (url: URL, body: string) => Reply,
): Promise<{ address: string; asked: { url: URL; body: string }[] }> {
  const asked: { url: URL; body: string }[] = [];
  const server = await startServer(async (request, response) => {
    const url = new URL(request.url ?? "/", `http://${request.headers.host}`);
    const body = await text(request);
    asked.push({ url, body });
    const { status = 200, file } = replyTo(url, body);
    response.writeHead(status, { "content-type": "application/x-amz-json-1.1" });
    response.end(file && recorded(file).replace('"page-2"', `"http://${request.headers.host}/page-2"`));
  });
  return { address: scope(t).use(server).url, asked };
}

const frankfurt = awsQueries(["eu-central-1"]).filter(({ region }) => region === "eu-central-1");
const credentials = { accessKeyId: "a", secretAccessKey: "b" };

/** The result of one query to AWS's list. */
async function aws(t: TestContext, query: (typeof frankfurt)[number] | undefined, file: string) {
  assert.ok(query);
  const { address, asked } = await playing(t, (_, body) => ({
    file: JSON.parse(body).NextToken ? file.replace(/1$/, "2") : file,
  }));
  const answers = await askAws([query], { endpoint: address, credentials });
  return { answers, asked: asked.map(({ body }) => JSON.parse(body)) };
}

const awsItem = (item: Item) => frankfurt.find((query) => query.item === item);

test("reads all of AWS's pages, skips other types, and takes no price for a type with two", async (t) => {
  const { answers, asked } = await aws(
    t,
    frankfurt.find(({ item }) => item === "machine/"),
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

test("converts AWS's throughput per GiB/s to MiB/s", async (t) => {
  const { answers } = await aws(t, awsItem("gp3-throughput"), "aws-gp3-throughput");
  // 48.7424 / 1,024 = 0.0476
  assert.deepEqual(answers[0]?.price, { unit: "MiB/s-months", price: 0.0476 });
});

test("sorts AWS's tiers", async (t) => {
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
  test(`takes no price from AWS's ${file}.json`, async (t) => {
    const { answers } = await aws(t, awsItem("gp3-capacity"), file);
    assert.deepEqual(answers, [{ region: "eu-central-1", item: "gp3-capacity", problem }]);
  });
}

const westeurope = azureQueries(["westeurope"]).filter(({ region }) => region === "westeurope");

/** The result of the queries to Azure's list with one filter. */
async function azure(t: TestContext, filter: RegExp, ...replies: [Reply, ...Reply[]]) {
  let count = 0;
  const { address, asked } = await playing(t, () => replies[count++] ?? replies[0]);
  const queries = westeurope.filter((query) => filter.test(query.filter));
  assert.ok(queries.length > 0);
  return { answers: await askAzure(queries, address, 0), asked };
}

test("reads all of Azure's pages, and skips Windows, Cloud Services, Spot, reservations and old rows", async (t) => {
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

test("converts Azure's disks from GiB and hour, skips rows of price 0, and sends one request for three meters", async (t) => {
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

test("keeps the free start of an Azure ladder, in order, with each step once", async (t) => {
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

test("takes no price from Azure in GiB instead of GB", async (t) => {
  const { answers } = await azure(t, /General Block Blob/, { file: "azure-other-unit" });
  assert.deepEqual(answers, [
    {
      region: "westeurope",
      item: "blob-storage",
      problem: "in USD for 1 GiB/Month, not in USD for 1 GB/Month",
    },
  ]);
});

test("waits and retries when Azure asks it to slow down, and ends for any other refusal", async (t) => {
  const { answers, asked } = await azure(t, /MGN/, { status: 429 }, { file: "azure-egress" });
  assert.equal(answers.length, 1);
  assert.equal(asked.length, 2);
  await assert.rejects(azure(t, /MGN/, { status: 503 }), /answers 503/);
});

/** What the lists have of each requested kind, next to rows that must not be confused with it: names, units and prices as known from the lists in eu-central-1, us-east-1 and westeurope. The servers filter as the clouds do. */
const awsList: readonly (readonly [
  service: string,
  unit: string,
  price: number,
  usagetype: string,
  more?: Readonly<Record<string, string>>,
])[] = [
  ["AmazonEC2", "GB-Mo", 0.0952, "EUC1-EBS:VolumeUsage.gp3", { volumeApiName: "gp3" }],
  ["AmazonEC2", "GB-Mo", 0.149, "EUC1-EBS:VolumeUsage.io2", { volumeApiName: "io2" }],
  ["AmazonEC2", "IOPS-Mo", 0.006, "EUC1-EBS:VolumeP-IOPS.gp3", { volumeApiName: "gp3" }],
  ["AmazonEC2", "GiBps-mo", 48.7424, "EUC1-EBS:VolumeP-Throughput.gp3", { volumeApiName: "gp3" }],
  ["AmazonEC2", "Hrs", 0.052, "EUC1-NatGateway-Hours", { productFamily: "NAT Gateway" }],
  ["AmazonEC2", "GB", 0.052, "EUC1-NatGateway-Bytes", { productFamily: "NAT Gateway" }],
  [
    "AWSELB",
    "Hrs",
    0.027,
    "EUC1-LoadBalancerUsage",
    { productFamily: "Load Balancer-Network", locationType: "AWS Region" },
  ],
  [
    "AWSELB",
    "LCU-Hrs",
    0.006,
    "EUC1-LCUUsage",
    { productFamily: "Load Balancer-Network", locationType: "AWS Region" },
  ],
  [
    "AWSELB",
    "Hrs",
    0.03,
    "EUC1-LoadBalancerUsage",
    { productFamily: "Load Balancer", locationType: "AWS Region" },
  ],
  ["AmazonS3", "GB-Mo", 0.0245, "EUC1-TimedStorage-ByteHrs", { volumeType: "Standard" }],
  [
    "AmazonS3",
    "GB-Mo",
    0.0135,
    "EUC1-TimedStorage-SIA-ByteHrs",
    { volumeType: "Standard - Infrequent Access" },
  ],
  ["AmazonS3", "Requests", 0.0000054, "EUC1-Requests-Tier1", { group: "S3-API-Tier1" }],
  ["AmazonS3", "Requests", 0.00000043, "EUC1-Requests-Tier2", { group: "S3-API-Tier2" }],
  [
    "AWSDataTransfer",
    "GB",
    0.09,
    "EUC1-DataTransfer-Out-Bytes",
    { transferType: "AWS Outbound", toLocation: "External" },
  ],
  ["AWSDataTransfer", "GB", 0.01, "EUC1-DataTransfer-Regional-Bytes", { transferType: "IntraRegion" }],
  [
    "AWSDataTransfer",
    "GB",
    0.02,
    "EUC1-EU-AWS-Out-Bytes",
    { transferType: "InterRegion Outbound", toRegionCode: "eu-west-1" },
  ],
  [
    "AWSDataTransfer",
    "GB",
    0.04,
    "EUC1-APS1-AWS-Out-Bytes",
    { transferType: "InterRegion Outbound", toRegionCode: "ap-southeast-1" },
  ],
  [
    "AmazonVPC",
    "Hrs",
    0.005,
    "PublicIPv4:InUseAddress",
    { group: "VPCPublicIPv4Address", groupDescription: "Hourly charge for In-use Public IPv4 Addresses" },
  ],
  [
    "AmazonVPC",
    "Hrs",
    0.005,
    "PublicIPv4:IdleAddress",
    { group: "VPCPublicIPv4Address", groupDescription: "Hourly charge for Idle Public IPv4 Addresses" },
  ],
  // Only EKS has a prefix in us-east-1.
  ["AmazonEKS", "Hours", 0.1, "USE1-AmazonEKS-Hours:perCluster", { productFamily: "Compute" }],
  ["AmazonEKS", "Hours", 0.5, "USE1-AmazonEKS-Hours:extendedSupport", { productFamily: "Compute" }],
  ["AmazonECR", "GB-Mo", 0.1, "TimedStorage-ByteHrs", { productFamily: "EC2 Container Registry" }],
  ["AmazonCloudWatch", "Alarms", 0.1, "CW:AlarmMonitorUsage", { productFamily: "Alarm" }],
  ["AmazonCloudWatch", "Alarms", 0.3, "CW:HighResAlarmMonitorUsage", { productFamily: "Alarm" }],
  ["AWSSecretsManager", "Secrets", 0.4, "USE1-AWSSecretsManager-Secrets", { productFamily: "Secret" }],
  ["AmazonRoute53", "HostedZone", 0.5, "HostedZone", { productFamily: "DNS Zone" }],
  ["AmazonRoute53", "Queries", 0.0000004, "DNS-Queries", { productFamily: "DNS Query" }],
  ["AmazonRoute53", "Queries", 0.0000006, "LBR-Queries", { productFamily: "DNS Query" }],
];

function awsEntry([service, unit, price, usagetype, more]: (typeof awsList)[number]) {
  const region = usagetype.startsWith("EUC1-") ? "eu-central-1" : "us-east-1";
  const regionKey = service === "AWSDataTransfer" ? "fromRegionCode" : "regionCode";
  const attributes = { servicecode: service, usagetype, [regionKey]: region, ...more };
  const priceDimensions = {
    r: { unit, beginRange: "0", endRange: "Inf", pricePerUnit: { USD: price.toFixed(10) } },
  };
  const { productFamily = "" } = more ?? {};
  return {
    service,
    fields: { ...attributes, productFamily } as Record<string, string>,
    entry: {
      product: { productFamily, sku: "S", attributes },
      terms: { OnDemand: { "S.T": { priceDimensions } } },
    },
  };
}

test("finds each kind of item in AWS in a region of which only the name is known", async (t) => {
  const server = await startServer(async (request, response) => {
    const { ServiceCode, Filters } = JSON.parse(await text(request));
    const PriceList = awsList
      .map(awsEntry)
      .filter(({ service }) => service === ServiceCode)
      .filter(({ fields }) =>
        Filters.every(({ Field, Value }: Record<string, string>) => fields[Field ?? ""] === Value),
      )
      .map(({ entry }) => JSON.stringify(entry));
    response.writeHead(200, { "content-type": "application/x-amz-json-1.1" });
    response.end(JSON.stringify({ FormatVersion: "aws_v1", PriceList }));
  });
  const { url: endpoint } = scope(t).use(server);
  const queries = awsQueries(["eu-central-1"]).filter(({ item }) => item !== "machine/");
  const answers = await askAws(queries, { endpoint, credentials });
  const found = answers.map(({ region, item, price, problem }) => [
    `${region} ${item}`,
    price?.price ?? price?.tiers?.[0]?.price ?? problem,
  ]);
  assert.deepEqual(Object.fromEntries(found), {
    "eu-central-1 gp3-capacity": 0.0952,
    "eu-central-1 gp3-iops": 0.006,
    "eu-central-1 gp3-throughput": 0.0476,
    "eu-central-1 nat-gateway": 0.052,
    "eu-central-1 nat-gateway-data": 0.052,
    "eu-central-1 load-balancer": 0.027,
    "eu-central-1 load-balancer-data": 0.006,
    "eu-central-1 s3-storage": 0.0245,
    "eu-central-1 s3-writes": 0.0054,
    "eu-central-1 s3-reads": 0.00043,
    "eu-central-1 transfer-to-internet": 0.09,
    "eu-central-1 transfer-in-region": 0.01,
    "eu-central-1 transfer-between-regions": 0.02,
    "* public-ipv4": 0.005,
    "* cluster": 0.1,
    "* registry-storage": 0.1,
    "* alarm": 0.1,
    "* secret": 0.4,
    "* dns-zone": 0.5,
    "* dns-queries": 0.4,
  });
});

test("prices AWS's transfer to another region of the continent, for any region", () => {
  const to = (region: string) =>
    awsQueries([region]).find(({ item }) => item === "transfer-between-regions")?.filters?.toRegionCode;
  assert.deepEqual(
    ["eu-north-1", "eu-west-1", "ap-southeast-2", "us-east-1", "us-west-2", "sa-east-1"].map(to),
    ["eu-west-1", "eu-central-1", "ap-southeast-1", "us-west-2", "us-east-1", "us-east-1"],
  );
});

/** Service, product, SKU, meter, unit, price, and the region if it isn't westeurope. */
const azureList: readonly (readonly [string, string, string, string, string, number, string?])[] = [
  [
    "Storage",
    "Azure Premium SSD v2",
    "Premium LRS",
    "Premium LRS Provisioned Capacity",
    "1 GiB/Hour",
    0.000122,
  ],
  ["Storage", "Azure Premium SSD v2", "Premium LRS", "Premium LRS Provisioned IOPS", "1/Hour", 0.0000077],
  [
    "Storage",
    "Azure Premium SSD v2",
    "Premium LRS",
    "Premium LRS Provisioned Throughput (MBps)",
    "1/Hour",
    0.0000605,
  ],
  ["Storage", "Premium SSD Managed Disks", "P4 LRS", "P4 LRS Disk", "1/Month", 5.81],
  ["Storage", "Premium SSD Managed Disks", "P4 LRS", "P4 LRS Disk Mount", "1/Month", 0.31],
  ["Storage", "Premium SSD Managed Disks", "P4 ZRS", "P4 ZRS Disk", "1/Month", 8.72],
  ["Storage", "General Block Blob v2", "Hot LRS", "Hot LRS Data Stored", "1 GB/Month", 0.0196],
  ["Storage", "General Block Blob v2", "Hot ZRS", "Hot ZRS Data Stored", "1 GB/Month", 0.0245],
  ["Storage", "General Block Blob v2", "Hot LRS", "Hot LRS Write Operations", "10K", 0.054],
  ["Storage", "General Block Blob v2", "Hot ZRS", "Hot ZRS Write Operations", "10K", 0.0675],
  ["Storage", "General Block Blob v2", "Hot LRS", "Hot Read Operations", "10K", 0.0043],
  ["Bandwidth", "Rtn Preference: MGN", "Standard", "Standard Data Transfer Out", "1 GB", 0.087],
  [
    "Bandwidth",
    "Bandwidth - Routing Preference: Internet",
    "Standard",
    "Standard Data Transfer Out",
    "1 GB",
    0.08,
  ],
  ["Bandwidth", "Inter-Region", "Standard", "Intra Continent Data Transfer Out", "1 GB", 0.02],
  ["Virtual Network", "IP Addresses", "Standard", "Standard IPv4 Static Public IP", "1 Hour", 0.005],
  ["Virtual Network", "IP Addresses", "Basic", "Basic IPv4 Static Public IP", "1 Hour", 0.0036],
  [
    "Load Balancer",
    "Load Balancer",
    "Standard",
    "Standard Included LB Rules and Outbound Rules",
    "1 Hour",
    0.025,
    "Global",
  ],
  ["Load Balancer", "Load Balancer", "Standard", "Standard Data Processed", "1 GB", 0.005, "Global"],
  ["NAT Gateway", "NAT Gateway", "Standard", "Standard Gateway", "1 Hour", 0.045, "Global"],
  ["NAT Gateway", "NAT Gateway", "Standard", "Standard Data Processed", "1 GB", 0.045, "Global"],
  ["Azure Kubernetes Service", "Azure Kubernetes Service", "Standard", "Standard Uptime SLA", "1 Hour", 0.1],
  [
    "Azure Kubernetes Service",
    "Azure Kubernetes Service",
    "Standard",
    "Standard Long Term Support",
    "1 Hour",
    0.6,
  ],
  ["Azure DNS", "Azure DNS", "Public", "Public Zone", "1/Month", 0.5, "Zone 1"],
  ["Container Registry", "Container Registry", "Premium", "Premium Registry Unit", "1/Day", 1.6667],
  ["Container Registry", "Container Registry", "Premium", "Data Stored", "1 GB/Month", 0.1],
];

/** What OData's `eq` and `and` select, with case. */
function selected(filter: string, row: Readonly<Record<string, unknown>>): boolean {
  return filter.split(" and ").every((clause) => {
    const [, field = "", value] = /^(\w+) eq '(.*)'$/.exec(clause) ?? [];
    assert.ok(value !== undefined, clause);
    return row[field === "priceType" ? "type" : field] === value;
  });
}

test("finds each kind of item in Azure", async (t) => {
  const server = await startServer((request, response) => {
    const filter = new URL(request.url ?? "/", "http://x").searchParams.get("$filter") ?? "";
    const Items = azureList
      .map(
        ([
          serviceName,
          productName,
          skuName,
          meterName,
          unitOfMeasure,
          retailPrice,
          armRegionName = "westeurope",
        ]) => ({
          ...{ serviceName, productName, skuName, meterName, unitOfMeasure, retailPrice, armRegionName },
          ...{ type: "Consumption", currencyCode: "USD", tierMinimumUnits: 0, armSkuName: "" },
        }),
      )
      .filter((row) => selected(filter, row));
    response.end(JSON.stringify({ Items, NextPageLink: null }));
  });
  const { url: address } = scope(t).use(server);
  const queries = azureQueries(["westeurope"]).filter(({ filter }) => !filter.includes("Virtual Machines"));
  const answers = await askAzure(queries, address);
  const found = answers.map(({ region, item, price, problem }) => [
    `${region} ${item}`,
    price?.price ?? price?.tiers?.[0]?.price ?? problem,
  ]);
  assert.deepEqual(Object.fromEntries(found), {
    "westeurope premium-v2-capacity": 0.000122,
    "westeurope premium-v2-iops": 0.0000077,
    "westeurope premium-v2-throughput": 0.0000605,
    "westeurope premium-ssd/P4": 5.81,
    "westeurope blob-storage": 0.0196,
    "westeurope blob-storage-zrs": 0.0245,
    "westeurope blob-writes": 0.054,
    "westeurope blob-writes-zrs": 0.0675,
    "westeurope blob-reads": 0.0043,
    "westeurope transfer-to-internet": 0.087,
    "westeurope transfer-between-regions": 0.02,
    "* public-ipv4": 0.005,
    "* load-balancer": 0.025,
    "* load-balancer-data": 0.005,
    "* nat-gateway": 0.045,
    "* nat-gateway-data": 0.045,
    "* cluster": 0.1,
    "* dns-zone": 0.5,
    "* registry-replica": 1.6667,
    "* registry-storage": 0.1,
  });
});

test("keeps prices for the regions of the book and of the stacks", async (t) => {
  const project = scope(t).use(await costProject());
  await project.setStack("aws", stackFiles.aws.replaceAll("eu-central-1", "eu-south-2"));
  await project.setStack("azure", stackFiles.azure);
  const files = await readStackFiles(project.directory, []);
  const book = { sources: {}, regions: { "*": {}, "us-east-1": {} } };
  assert.deepEqual(pricedRegions("aws", book, files), ["eu-south-2", "us-east-1"]);
  assert.deepEqual(pricedRegions("azure", { ...book, regions: {} }, files), ["westeurope"]);
});
