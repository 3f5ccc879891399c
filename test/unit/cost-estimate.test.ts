import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../../components/config/parse.ts";
import { notFound } from "../../components/cost/line.ts";
import { type CloudPrices, priceBook } from "../../components/cost/prices/price-book.ts";
import { lineRanges } from "../../components/cost/range.ts";
import {
  costOf,
  estimateOf,
  estimatesOf,
  type StackInWords,
  stackNamed,
  stackOf,
  without,
} from "../support/estimates.ts";

/** Equal to the cent. */
function near(actual: unknown, expected: number): void {
  assert.equal(typeof actual, "number", String(actual));
  assert.ok(Math.abs((actual as number) - expected) < 0.005, `${actual}, not ${expected}`);
}

const workload = {
  nodes: 300,
  nodeChurnPerMonth: 4,
  pullsPerNodeGiB: 3,
  workingSetGiB: 150,
  growthGiBPerMonth: 10,
};

test("matches the stack aws-eu-central-1 by hand", () => {
  const [estimate] = estimatesOf(stackNamed("aws-eu-central-1"));
  assert.ok(estimate);
  // 30 nodes of 3 GiB in 10 minutes are 1,289 Mbps. Instance, c7g.xlarge, which sustains them: 730 h × 0.1649 = 120.377. Root: 12 GiB × 0.0952 = 1.1424. Data: 240 GiB × 0.0952 = 22.848. IPv4: 730 h × 0.005 = 3.65. Alarms: 2 × 0.10 = 0.20.
  near(costOf(estimate, "Instance"), 120.377);
  near(costOf(estimate, "Root volume"), 1.1424);
  near(costOf(estimate, "Data volume"), 22.848);
  near(costOf(estimate, "Public IPv4"), 3.65);
  near(costOf(estimate, "Recovery alarms"), 0.2);
  near(estimate.totals.fixed, 120.377 + 1.1424 + 22.848 + 3.65 + 0.2);
  // Pulls: 300 × 4 × 3 GiB = 3,600 GiB, 0.01 for each side.
  near(costOf(estimate, "Transfer in the region, out"), 36);
  near(costOf(estimate, "Transfer in the region, into"), 36);
  // Fill: 10 GiB × 1.073741824 = 10.737 GB × 0.087 = 0.934, as the first 100 GB are left to others.
  near(costOf(estimate, "Fill"), 0.9342);
  // Names: 1,200 node starts × 12 = 14,400 queries × 0.40 per million = 0.00576.
  near(costOf(estimate, "Route 53"), 0.00576);
  near(estimate.totals.byPayer.us, 148.2174 + 36 + 0.9342 + 0.00576);
  near(estimate.totals.byPayer.customer, 36);
  assert.equal(estimate.lines.length, 9);
  assert.equal(estimate.totals.complete, true);
  assert.equal(estimate.contested, undefined);
});

test("has no public address for a private endpoint in AWS, except that of a NAT gateway in its own network", () => {
  const names = (network?: object) => {
    const endpoint = { exposure: "private", tls: { mode: "private" } };
    const [estimate] = estimatesOf(stackOf({ provider: "aws", region: "us-east-1", endpoint, network }));
    assert.ok(estimate);
    return estimate;
  };
  const own = names();
  // 730 h × 0.045; 730 h × 0.005; 10 GiB × 0.045.
  near(costOf(own, "NAT gateway"), 32.85);
  near(costOf(own, "Public IPv4"), 3.65);
  near(costOf(own, "NAT gateway, data"), 0.45);
  const existing = names({ vpc: "vpc-0aaaaaaaaaaaaaaa0", subnet: "subnet-0aaaaaaaaaaaaaaa0" });
  assert.deepEqual(
    existing.lines.filter(({ name }) => /NAT|Public/.test(name)),
    [],
  );
  assert.ok(existing.notPriced.some(({ name }) => name === "Your own network's ways"));
});

test("has lines for failover and private links in AWS", () => {
  const endpoint = {
    exposure: "private",
    failover: "dns",
    privateLink: { allowed: ["123456789012"] },
    tls: { mode: "private" },
  };
  const [estimate] = estimatesOf(stackOf({ provider: "aws", region: "us-east-1", endpoint, workload }));
  assert.ok(estimate);
  // 730 h × 0.0225; 3,600 GiB × 0.006; 0.10.
  near(costOf(estimate, "Network Load Balancer"), 16.425);
  near(costOf(estimate, "Network Load Balancer, data"), 21.6);
  near(costOf(estimate, "Alarm of the health check"), 0.1);
  // No source says whether a health check of an alarm is billed as one of an AWS endpoint.
  near(costOf(estimate, "Route 53 health check"), 0.5);
  assert.equal(estimate.lines.find(({ name }) => name === "Route 53 health check")?.source?.disputed, 0.75);
  assert.notEqual(estimate.range?.highUSD, undefined);
  assert.ok(estimate.notPriced.some(({ name }) => name === "VPC endpoints of the customers"));
});

test("matches the stack azure-westeurope by hand", () => {
  const [estimate] = estimatesOf(stackNamed("azure-westeurope"));
  assert.ok(estimate);
  // Machine, B2ps_v2: 730 h × 0.0768 = 56.064. IPv4: 730 h × 0.005 = 3.65. The zone for the certificate: 0.50.
  near(costOf(estimate, "Virtual machine"), 56.064);
  near(costOf(estimate, "Public IPv4"), 3.65);
  near(costOf(estimate, "DNS zone"), 0.5);
  near(estimate.totals.fixed, 56.064 + 3.65 + 0.5);
  // Fill from another region: 10 GiB × 1.073741824 = 10.737 GB × 0.02 = 0.2147.
  near(costOf(estimate, "Fill"), 0.2147);
  // The disks' prices are known only in eastus: P4, 5.28; 240 GiB × 730 h × 0.00011 = 19.272.
  assert.deepEqual(
    estimate.notPriced.flatMap(({ elsewhere }) => elsewhere?.monthlyCost ?? []),
    [5.28, 19.272],
  );
  assert.equal(estimate.totals.complete, false);
  // If traffic in the region is billed: 3,600 GiB are 3,865.47 GB, all between 100 and 10,335 GB: × 0.087 = 336.296.
  near(estimate.contested?.totals.all, 60.214 + 0.2147 + 336.296);
});

test("matches Azure by hand with prices for all lines", () => {
  const estimate = estimateOf({
    provider: "azure",
    region: "eastus",
    machine: "Standard_D2ps_v6",
    storage: { kind: "disk", size: "200GiB" },
    workload,
    cost: { azureSameRegionTraffic: "unknown" },
  });
  // Machine: 730 h × 0.0702 = 51.246. OS disk of 30 GiB: P4, 5.28. Data: 200 GiB × 730 h × 0.00011 = 16.06. IPv4: 3.65. The zone for the certificate: 0.50.
  near(costOf(estimate, "Virtual machine"), 51.246);
  near(costOf(estimate, "OS disk"), 5.28);
  near(costOf(estimate, "Data disk"), 16.06);
  near(costOf(estimate, "Public IPv4"), 3.65);
  near(costOf(estimate, "DNS zone"), 0.5);
  // Fill from another region: 10.737 GB × 0.02 = 0.215.
  near(costOf(estimate, "Fill"), 0.2147);
  assert.equal(estimate.lines.length, 6);
  near(estimate.totals.all, 76.736 + 0.2147);
  // If traffic in the region is billed: 3,600 GiB are 3,865.47 GB, all between 100 and 10,335 GB: × 0.087 = 336.296.
  near(costOf(estimate.contested ?? { lines: [] }, "Transfer in the region"), 336.296);
  near(estimate.contested?.totals.all, 76.736 + 0.2147 + 336.296);
});

test("matches a private endpoint in Azure by hand", () => {
  const words = { provider: "azure", region: "eastus", workload, endpoint: { exposure: "private" } } as const;
  const estimate = estimateOf({ ...words, machine: "Standard_D2ps_v6" });
  // In a network of its own, the way out is a NAT gateway, 730 h × 0.045 = 32.85, with an address, 3.65. 10.737 GB come through it: × 0.045 = 0.4832.
  near(costOf(estimate, "NAT gateway"), 32.85);
  near(costOf(estimate, "NAT gateway, data"), 0.4832);
  near(costOf(estimate, "Public IPv4"), 3.65);
  // No traffic goes to a public address.
  assert.equal(estimate.contested, undefined);
  const cluster = estimateOf({ ...words, topology: "cluster", cost: { azureSameRegionTraffic: "billed" } });
  near(costOf(cluster, "Public IPv4"), 3.65);
  assert.deepEqual(
    cluster.lines.filter(({ name }) => name.startsWith("Transfer in the region")),
    [],
  );
});

test("names traffic through networks that aren't the stack's, without a price", () => {
  const privately = { exposure: "private", tls: { mode: "private" } };
  const named = (words: StackInWords, about = /network|customers/) =>
    estimateOf(words).notPriced.flatMap(({ name, reason }) =>
      about.test(name) ? [`${name}: ${reason}`] : [],
    );
  const azure = { provider: "azure", region: "westeurope" } as const;
  const vnet =
    "/subscriptions/11111111-2222-4333-8444-555555555555/resourceGroups/hub/providers/Microsoft.Network/virtualNetworks/hub";
  const existing = { vnet, subnet: "caches" };
  assert.match(named(azure).join(), /^NAT gateways of the customers: [^,]*pull passes one\.$/);
  const peering =
    /^Your own network's ways: Peering of virtual networks takes a price for each GB at both ends, [^.]*\.$/;
  assert.match(named({ ...azure, endpoint: privately }).join("\n"), peering);
  assert.match(named({ ...azure, endpoint: privately, network: existing }).join("\n"), peering);
  const bucket = { kind: "bucket", delivery: "proxied" };
  assert.match(named({ ...azure, endpoint: privately, storage: bucket }).join("\n"), peering);
  assert.match(
    named({ ...azure, endpoint: privately, storage: bucket, network: existing }).join("\n"),
    /unless the subnet has the service endpoint `Microsoft\.Storage`\.$/,
  );
  const privateLink = { allowed: ["22222222-2222-4222-8222-222222222222"] };
  assert.match(
    named({ ...azure, endpoint: { ...privately, privateLink } }).join("\n"),
    /\nPrivate endpoints of the customers: Azure bills each/,
  );
  const redirect = { kind: "bucket", delivery: "redirect" };
  assert.match(
    named({ ...azure, endpoint: privately, storage: redirect }).join("\n"),
    /\nNAT gateways of the customers: .* from the bucket passes one\.$/,
  );
  const aws = { provider: "aws", region: "us-east-1", endpoint: privately } as const;
  assert.equal(named(aws, /NAT gateways/).length, 0);
  assert.equal(named({ ...aws, storage: redirect }, /NAT gateways/).length, 0, "by a gateway endpoint");
  const nodes = { natGateway: "unknown", s3Endpoint: false } as const;
  assert.equal(named({ ...aws, storage: redirect, cost: { nodes } }, /NAT gateways/).length, 1);
  // EKS nodes are in private subnets even behind a public load balancer.
  const subnets = ["subnet-0aaaaaaaaaaaaaaa0", "subnet-0bbbbbbbbbbbbbbb0"];
  const network = { vpc: "vpc-0aaaaaaaaaaaaaaa0", nodeSubnets: subnets, loadBalancerSubnets: subnets };
  const cluster = { provider: "aws", region: "us-east-1", topology: "cluster" } as const;
  assert.equal(named({ ...cluster, network }, /own network/).length, 1);
  assert.equal(named(cluster, /own network/).length, 0);
});

test("has an address and traffic of an EKS load balancer in each zone of its subnets", () => {
  const subnets = ["a", "b", "c"].map((end) => `subnet-0aaaaaaaaaaaaaa0${end}`);
  const zonal = (count: number) => {
    const [nodeSubnets, loadBalancerSubnets] = [subnets, subnets.slice(0, count)];
    const network = { vpc: "vpc-0aaaaaaaaaaaaaaa0", nodeSubnets, loadBalancerSubnets };
    const storage = { kind: "bucket", delivery: "proxied" };
    return estimateOf({
      ...{ provider: "aws", region: "us-east-1", topology: "cluster", storage, workload, network },
    });
  };
  // 730 h × 0.005 each; of 3,600 GiB two thirds or a half, × 0.01 at both ends.
  near(costOf(zonal(3), "3 public IPv4"), 10.95);
  near(costOf(zonal(2), "2 public IPv4"), 7.3);
  near(costOf(zonal(3), "Transfer between zones"), 48);
  near(costOf(zonal(2), "Transfer between zones"), 36);
});

test("has lines for failover in Azure", () => {
  const words = { provider: "azure", region: "eastus", workload, endpoint: { failover: "dns" } } as const;
  const estimate = estimateOf(words);
  near(costOf(estimate, "Traffic Manager, health check"), 0.54);
  // 300 nodes × 4 replacements × 12 queries are 14,400: × 0.54 / 1M.
  near(costOf(estimate, "Traffic Manager, queries"), 0.0078);
});

test("matches the stack aws-us-east-1 by hand, a cluster with a delivering bucket", () => {
  const [estimate] = estimatesOf(stackNamed("aws-us-east-1"));
  assert.ok(estimate);
  // EKS: 730 h × 0.10 = 73. Two m6g.large: 1,460 h × 0.077 = 112.42; Auto Mode takes 12 % more: 13.4904. Their volumes: 2 × 80 GiB × 0.08 = 12.80. Load balancer: 730 h × 0.0225 = 16.425.
  // NAT gateway: 730 h × 0.045 = 32.85. Addresses, three of the load balancer and one of the NAT gateway: 4 × 730 h × 0.005 = 14.60.
  near(estimate.totals.fixed, 73 + 112.42 + 13.4904 + 12.8 + 16.425 + 32.85 + 14.6);
  // In the bucket, as in "matches a bucket with a rule by age by hand": 3.7903, 0.1062, 0.3456. Of 3,600 GiB, the replicas send a hundredth: 36 GiB × 0.01 = 0.36 for each side; by the load balancer × 0.006 = 0.216;
  // two thirds between zones, at both ends: 36 × 2 / 3 × 2 × 0.01 = 0.48. 60.694 GiB are fetched: by the NAT gateway × 0.045 = 2.7313; 65.170 GB × 0.087 = 5.6698. Names: 0.0058.
  const usage = 3.7903 + 0.1062 + 0.3456 + 0.36 + 0.216 + 0.48 + 2.7313 + 5.6698 + 0.0058;
  near(estimate.totals.byPayer.us, 275.5854 + usage);
  near(estimate.totals.byPayer.customer, 0.36);
  assert.equal(estimate.lines.length, 17);
  assert.deepEqual(estimate.range?.reasons, []);
});

test("matches the stack azure-germanywestcentral by hand, a cluster with a bucket, and its range", () => {
  const [estimate] = estimatesOf(stackNamed("azure-germanywestcentral"));
  assert.ok(estimate?.range);
  // AKS: 730 h × 0.10 = 73. Two D4pls_v6: 1,460 h × 0.148 = 216.08. Load balancer: 730 h × 0.025 = 18.25. Two addresses: 1,460 h × 0.005 = 7.30. The zone for the certificate: 0.50.
  const fixed = 73 + 216.08 + 18.25 + 7.3 + 0.5;
  near(estimate.totals.fixed, fixed);
  // 1,200 nodes × 4 × 3 GiB = 14,400 GiB = 15,461.88 GB × 0.005 = 77.3094. Fetched: 30 + 400 / 2.959 = 165.185 GiB = 177.366 GB × 0.02 = 3.5473.
  // The nodes also fetch it through their load balancer: × 0.005 = 0.8868.
  const usage = 77.3094 + 3.5473 + 0.8868;
  near(estimate.totals.byPayer.us, fixed + usage);
  // Without prices here: two P6, by westus2 2 × 9.2801 = 18.5602; 400 + 30 × 2.959 / 2 = 444.384 GiB = 477.153 GB × 0.025344 = 12.093, by uaenorth; 345.6 times 10,000 reads × 0.0045 = 1.5552, by westus,
  // or × 0.0043 = 1.4861, by westeurope; 5.7815 times 10,000 writes × 0.11 = 0.6360, by the price of a thing that costs more, or nothing.
  near(estimate.range.expectedUSD, fixed + usage + 18.5602 + 12.093 + 1.5552 + 0.636);
  // The disks and the blobs have a price in only one other region, which counts with 30 % less to 30 % more. The same applies to the writes.
  near(estimate.range.lowUSD, fixed + usage + 0.7 * (18.5602 + 12.093) + 1.4861);
  // If traffic in the region is billed: 10,335 - 100 = 10,235 GB × 0.087 = 890.445, and 15,461.88 + 100 - 10,335 = 5,226.88 GB × 0.083 = 433.831.
  const apart = 0.3 * (18.5602 + 12.093 + 0.636);
  near(estimate.range.highUSD, estimate.range.expectedUSD + apart + 890.445 + 433.831);
});

test("matches by hand the price of a node's wait, and of the next machine", () => {
  const words = { provider: "aws", region: "eu-central-1", workload } as const;
  const { steps } = estimateOf(words);
  // Beside the machine: 64.78, by "matches the stack aws-eu-central-1 by hand". 730 h × 0.1972 = 143.956 for c6gn.xlarge; × 0.0493 = 35.989 for c6gn.medium.
  assert.deepEqual(
    steps?.atPeakMinutes.map(({ minutes, machine, met }) => [minutes, machine, met]),
    [
      [5, "c6gn.xlarge", true],
      [10, "c7g.xlarge", true],
      [30, "c6gn.medium", true],
    ],
  );
  near(steps?.atPeakMinutes[0]?.usUSD, 64.7803 + 143.956);
  near(steps?.atPeakMinutes[2]?.usUSD, 64.7803 + 35.989);
  const { nodes = 0, machine, usUSD } = steps?.nextNodes ?? {};
  const machineAt = (nodes: number) =>
    estimateOf({ ...words, workload: { ...workload, nodes } }).lines[0]?.name;
  assert.match(machineAt(nodes - 1) ?? "", /c6gn\.medium/);
  assert.ok(machine && machineAt(nodes)?.includes(machine));
  near(usUSD, estimateOf({ ...words, workload: { ...workload, nodes } }).totals.byPayer.us);
  assert.match(
    steps?.sentences.join(" ") ?? "",
    /for 5 minutes \(c6gn\.xlarge\), .* From \d+ nodes on, it takes /,
  );
  assert.deepEqual(estimateOf({ ...words, machine: "m7g.16xlarge" }).steps?.sentences, []);
  assert.deepEqual(estimateOf({ ...words, machine: "m7g.large" }).steps?.sentences, [
    "m7g.large doesn't let the nodes pull within 5 or 10 minutes.",
  ]);
});

test("matches a bucket with a rule by age by hand", () => {
  const estimate = estimateOf({
    provider: "aws",
    region: "us-east-1",
    storage: { kind: "bucket", delivery: "redirect" },
    workload,
  });
  // 90 days are 2.959 months of 30.417 days. In use 150 GiB, and of the 10 GiB that go out of use each month half of what comes in that time, 14.795: × 0.023 = 3.790.
  near(costOf(estimate, "S3 Standard"), 3.7903);
  // What comes new, and a 2.959th of what is in use: 10 + 50.694 = 60.694 GiB. Writes: × 350 / 1,000 × 0.005 = 0.1062. Reads of 3,600 GiB: × 240 / 1,000 × 0.0004 = 0.3456.
  near(estimate.usage.filledGiB, 60.694);
  near(costOf(estimate, "S3 requests, writes"), 0.1062);
  near(costOf(estimate, "S3 requests, reads"), 0.3456);
  // 60.694 GiB are 65.170 GB: × 0.087 = 5.670.
  near(costOf(estimate, "Fill"), 5.6698);
  // Of 3,600 GiB the cache sends a hundredth, 0.01 each side.
  near(costOf(estimate, "Transfer in the region, out"), 0.36);
  // The disk for all else: 20 GiB × 0.08.
  near(costOf(estimate, "Data volume"), 1.6);
  const said = estimate.assumptions.join(" ");
  assert.match(said, /holds the 150 GiB in use, and 15 GiB that no longer are, until they are 90 days old\./);
  assert.match(said, /in use when it is 90 days old is fetched again: 51 GiB a month\./);
});

test("includes repeated fetches in measured usage", () => {
  const words = { provider: "aws", region: "us-east-1", storage: { kind: "bucket" }, workload } as const;
  const measured = estimateOf(words, { usage: { filledGiB: 70 } });
  assert.equal(measured.usage.filledGiB, 70);
  assert.doesNotMatch(measured.assumptions.join(), /fetched again/);
});

test("bills performance above the free one separately", () => {
  const estimate = estimateOf({
    provider: "aws",
    region: "eu-central-1",
    machine: "m7g.4xlarge",
    workload: { ...workload, nodes: 3000, nodeChurnPerMonth: 30 },
  });
  const extra = estimate.lines.filter(({ name }) => /^Data volume, /.test(name));
  // More than the machine's 5,000 Mbps to its disk. These are 597 MiB/s, 125 of them free, and 4,769 operations of 128 KiB, 3,000 of them free.
  assert.deepEqual(
    extra.map(({ monthlyQuantity, unit, price }) => [monthlyQuantity, unit, price]),
    [
      [1769, "IOPS-months", 0.006],
      [472, "MiB/s-months", 0.0476],
    ],
  );
});

test("shows traffic within a region of Azure as free, billed, or both", () => {
  const words = { provider: "azure", region: "westeurope", workload } as const;
  const [free, billed, unknown] = (["free", "billed", "unknown"] as const).map((azureSameRegionTraffic) =>
    estimateOf({ ...words, cost: { azureSameRegionTraffic } }),
  );
  assert.equal(free?.contested, undefined);
  assert.equal(billed?.contested, undefined);
  assert.deepEqual(unknown?.totals, free?.totals);
  assert.deepEqual(unknown?.contested?.totals, billed?.totals);
  assert.deepEqual(unknown?.breakEven, free?.breakEven);
  assert.deepEqual(unknown?.contested?.breakEven, billed?.breakEven);
  assert.equal(billed?.breakEven?.usGiB, undefined);
  assert.match(unknown?.contested?.question ?? "", /azureSameRegionTraffic/);
});

test("reports a missing price as not found, never as 0, and estimates the rest", () => {
  const prices = without("aws", "eu-central-1", "machine/m7g.large");
  const estimate = estimateOf(
    { provider: "aws", region: "eu-central-1", machine: "m7g.large", workload },
    { prices },
  );
  const [machine] = estimate.lines;
  assert.equal(machine?.price, notFound);
  assert.equal(machine?.monthlyCost, notFound);
  assert.equal(machine?.source, undefined);
  assert.equal(estimate.totals.complete, false);
  near(costOf(estimate, "Public IPv4"), 3.65);
  // The most expensive region with a price is Singapore: 730 h × 0.102 = 74.46. The least expensive is N. Virginia: 730 h × 0.0816 = 59.568.
  assert.deepEqual(
    estimate.notPriced.find(({ name }) => name === machine?.name),
    {
      name: "Instance (Linux, on demand, m7g.large)",
      reason: "The price book has no price for machine/m7g.large in eu-central-1.",
      elsewhere: {
        ...{ region: "ap-southeast-1", price: 0.102, monthlyCost: 74.46 },
        ...{ leastMonthlyCost: 59.568, regions: 6 },
      },
    },
  );
});

test("reports an unknown machine, and estimates the rest", () => {
  const estimate = estimateOf({ provider: "aws", region: "eu-central-1", machine: "m7g.larg", workload });
  assert.equal(costOf(estimate, "Instance (Linux, on demand, m7g.larg)"), notFound);
  assert.match(
    estimate.warnings.join(),
    /machine\.type: the limits of "m7g\.larg" aren't known \(the nearest known name: m7g\.large\)/,
  );
  near(costOf(estimate, "Public IPv4"), 3.65);
  assert.ok(estimate.alternatives?.cheapest);
});

test("has only prices that are the same everywhere in a region without prices", () => {
  const estimate = estimateOf({ provider: "aws", region: "sa-east-1", workload });
  const priced = estimate.lines.filter(({ price }) => price !== notFound).map(({ kind }) => kind);
  assert.deepEqual(priced, ["address", "monitoring", "dns", "fill"]);
  assert.equal(estimate.totals.complete, false);
  const unpriced = estimate.lines.filter(({ price }) => price === notFound).map(({ name }) => name);
  const reasons = estimate.notPriced.map(({ name }) => name);
  assert.deepEqual(
    unpriced.filter((name) => !reasons.includes(name)),
    [],
  );
});

test("estimates a workload that no machine sustains, with a warning", () => {
  const estimate = estimateOf({
    provider: "aws",
    region: "eu-central-1",
    workload: { ...workload, nodes: 1_000_000, nodeChurnPerMonth: 1000 },
  });
  assert.match(estimate.warnings.join(), /no known arm64 machine sustains the workload/);
  assert.ok(Number.isFinite(estimate.totals.all));
  const chosen = estimate.alternatives?.options.find((option) => option.chosen);
  assert.equal(chosen?.meetsThroughput, false);
  assert.match(chosen?.reason ?? "", /^Is too slow: /);
});

test("calls prices old by their own dates, even if others were renewed", () => {
  const words = { provider: "aws", region: "eu-central-1", machine: "m7g.large", workload } as const;
  const dates: Readonly<Record<string, string>> = { "machine/m7g.large": "2026-05-28", alarm: "2026-06" };
  const dated = ({ regions, ...rest }: CloudPrices): CloudPrices => ({
    ...rest,
    regions: mapValues(regions, (prices) =>
      mapValues(prices, (price, item) => ({ ...price, date: dates[item] ?? "2026-11-24" })),
    ),
  });
  const prices = { aws: dated(priceBook.aws), azure: dated(priceBook.azure) };
  const on = (today: string) => estimateOf(words, { prices, today });
  const { lines, priceDate } = on("2026-11-24");
  assert.equal(priceDate, "2026-05-28");
  // 90 days after 28 May is 26 August; after 1 June, 30 August.
  assert.deepEqual(on("2026-08-26").warnings, []);
  const warning = (count: number) => [
    `${count} of ${lines.length} priced lines rest on prices that are more than 90 days old, the oldest of 2026-05-28: \`npm run prices\` renews prices.`,
  ];
  assert.deepEqual(on("2026-08-27").warnings, warning(1));
  assert.deepEqual(on("2026-08-31").warnings, warning(2));
  assert.deepEqual(on("2026-08-31"), on("2027-02-22"), "the same words every day");
  assert.deepEqual(on("2027-02-23").warnings, warning(lines.length));
});

function mapValues<Value, Result>(
  record: Readonly<Record<string, Value>>,
  change: (value: Value, key: string) => Result,
): Record<string, Result> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)]));
}

test("knows who bills for an upstream's egress", () => {
  const fills = (registries: string[], provider: "aws" | "azure" = "aws", region = "eu-central-1") =>
    estimateOf({ provider, region, registries, workload })
      .lines.filter(({ kind }) => kind === "fill")
      .map(({ name, monthlyQuantity, unit, price }) => [name, monthlyQuantity, unit, price]);
  assert.deepEqual(fills(["ghcr.io"]), []);
  assert.deepEqual(fills(["123456789012.dkr.ecr.eu-central-1.amazonaws.com"]), []);
  assert.deepEqual(fills(["123456789012.dkr.ecr.us-east-1.amazonaws.com"]), [
    ["Fill from 123456789012.dkr.ecr.us-east-1.amazonaws.com, to another region", 10, "GiB", 0.02],
  ]);
  assert.deepEqual(fills(["123456789012.dkr.ecr.eu-west-1.amazonaws.com"], "azure", "westeurope"), [
    [
      "Fill from 123456789012.dkr.ecr.eu-west-1.amazonaws.com, to the internet, up to 10,240 GiB",
      10,
      "GiB",
      0.09,
    ],
  ]);
  // Half of 10 GiB each.
  assert.deepEqual(fills(["gsoci.azurecr.io", "quay.io"]), [
    ["Fill from gsoci.azurecr.io, to the internet, up to 10,335 GB", 5.368709, "GB", 0.087],
  ]);
  const ecr = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
  const { assumptions } = estimateOf({
    provider: "aws",
    region: "eu-central-1",
    registries: ["gsoci.azurecr.io", ecr, "quay.io"],
  });
  assert.deepEqual(
    assumptions.filter((text) => text.includes(" as ours")),
    ["gsoci.azurecr.io", ecr].map((registry) => `${registry} counts as ours: we pay for what it sends.`),
  );
  const unknown = estimateOf({
    provider: "aws",
    region: "eu-central-1",
    registries: ["r.example.com"],
    workload,
  });
  assert.ok(unknown.notPriced.some(({ name }) => name === "Transfer out of r.example.com"));
});

test("replaces the workload's results with measured usage", () => {
  const words = { provider: "aws", region: "eu-central-1", workload } as const;
  const estimate = estimateOf(words, { usage: { pulledGiB: 500 } });
  assert.deepEqual(estimate.usage, { pulledGiB: 500, filledGiB: 10 });
  near(costOf(estimate, "Transfer in the region, out"), 5);
  assert.equal(costOf(estimate, "Instance"), costOf(estimateOf(words), "Instance"));
  assert.ok(estimate.assumptions.some((text) => /500 GiB a month, as measured/.test(text)));
});

test("has no lines where nobody sends a bill, and says why", () => {
  const [estimate] = estimatesOf(
    parseConfig({
      provider: "local",
      regions: [{ name: "local" }],
      upstreams: [{ name: "gsoci", registry: "gsoci.azurecr.io", repositories: ["**"] }],
    }),
  );
  assert.deepEqual(estimate?.lines, []);
  assert.equal(estimate?.totals.all, 0);
  assert.equal(estimate?.notPriced[0]?.name, "This machine");
  assert.equal(estimate?.alternatives, undefined);
});

test("counts AKS nodes of the configuration's size, and copies of the store in all zones where there are any", () => {
  const cluster = { provider: "azure", region: "westeurope", topology: "cluster" } as const;
  const namesOf = (words: StackInWords) => estimateOf(words).lines.map(({ name }) => name);
  const names = namesOf({ ...cluster, machine: "Standard_D8pls_v6" });
  assert.ok(names.includes("2 virtual machines (Linux, pay as you go, Standard_D8pls_v6)"), names.join("\n"));
  assert.ok(names.includes("Blob storage (hot, ZRS)"), names.join("\n"));
  const assumed = estimateOf({ ...cluster, machine: "Standard_D8pls_v6" }).assumptions.join("\n");
  assert.match(assumed, /each on a node of its own, which is Standard_D8pls_v6 for all workloads/);
  const writes = estimateOf(cluster).notPriced.find(({ name }) => name === "Blob requests, writes");
  assert.deepEqual(writes?.elsewhere?.price, 0.11);
  assert.match(writes?.reason ?? "", /The indication is of blob-writes-grs, which costs more\.$/);
  assert.ok(namesOf({ ...cluster, region: "westus" }).includes("Blob storage (hot, LRS)"));
  assert.ok(
    namesOf({ ...cluster, topology: "vm", storage: { kind: "bucket" } }).includes("Blob storage (hot, LRS)"),
  );
  const { notPriced } = estimateOf({ ...cluster, machine: "Standard_D4pls_v9" });
  assert.ok(notPriced.some(({ reason }) => reason.includes("machine/Standard_D4pls_v9")));
});

test("prices Azure's transfer by its continent, never by another's price", () => {
  // 3,600 GiB. Traffic to the internet is in addition to the 100 GB that are left to the rest of the account.
  const pulledGB = 3865.470566;
  for (const [region, betweenUSD, internetUSD, apart] of [
    ["northeurope", 0.02, 0.087, 0],
    ["polandcentral", 0.02, 0.087, 0.3],
    ["southeastasia", 0.08, 0.12, 0],
    ["japaneast", 0.08, 0.12, 0.3],
    ["uaenorth", 0.08, 0.12, 0.3],
    ["brazilsouth", 0.16, 0.181, 0],
    ["chilecentral", 0.16, 0.181, 0.3],
  ] as const) {
    const cost = { azureSameRegionTraffic: "unknown" } as const;
    const estimate = estimateOf({ provider: "azure", region, cost });
    const noCache = estimate.alternatives?.options.find(({ name }) => name === "no cache");
    const contested = lineRanges(estimate).find(({ line }) => line.name.startsWith("Transfer in the region"));
    near(noCache?.comparableUSD, pulledGB * betweenUSD);
    near(contested?.high, pulledGB * internetUSD * (1 + apart));
  }
});
