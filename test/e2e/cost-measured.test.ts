/** The cost review with a real Prometheus that has known samples. */
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { execa } from "execa";
import { stringify } from "yaml";
import { ensureDebianTree } from "../../scripts/setup/from-source/debian.ts";
import { ensurePromtool } from "../../scripts/setup/from-source/image-builds.ts";
import { costProject, reviewIn, stackFiles } from "../support/cost-project.ts";
import { freePort } from "../support/ports.ts";
import { startProcess } from "../support/process.ts";
import { scope, tempDir } from "../support/scope.ts";
import { waitUntil } from "../support/wait.ts";

/** Ten days of use: 1000 GiB served, half of them from the cache, and 50 GiB filled. */
const measured = { hours: 240, servedGiB: 1000, filledGiB: 50 };
const monthly = (amount: number) => (amount * 730) / measured.hours;

test("replaces assumed with measured usage, and says what was saved", async (t) => {
  const project = scope(t).use(await costProject());
  await project.setStack("aws-eu-central-1", stackFiles.aws);
  await project.setStack("azure-westeurope", stackFiles.azure);
  const url = await startPrometheus(t, { provider: "aws", region: "eu-central-1" });
  const [json, table] = await Promise.all([
    project.cost("--prometheus", url, "--format", "json"),
    project.cost("--prometheus", url),
  ]);
  assert.deepEqual([json.exitCode, json.stderr], [0, ""]);
  const [aws, azure] = reviewIn(json.stdout).regions;
  assert.ok(aws?.measured && azure && !azure.measured);
  const { estimate } = aws.measured;
  isNear(aws.measured.hours, measured.hours);
  isNear(estimate.usage.pulledGiB, monthly(measured.servedGiB));
  isNear(estimate.usage.filledGiB, monthly(measured.filledGiB));
  // Without a cache, from an Azure registry: GiB converted to GB of 10^9 bytes, at the first step's 0.087 USD.
  const withoutCache = monthly(measured.servedGiB) * 1.073741824 * 0.087;
  isNear(Number(aws.measured.savedUSD?.expected), withoutCache - estimate.totals.byPayer.us, 0.01);
  // 0.01 USD for each GiB that leaves the cache.
  const transfer = estimate.lines.find(({ name }) => name === "Transfer in the region, out of the cache");
  isNear(Number(transfer?.monthlyCost), monthly(measured.servedGiB) * 0.01);
  assert.match(table.stdout, /Measured over 10 days, as a month: 3,04\d GiB pulled \(assumed: 3,600\)/);
  assert.match(table.stdout, /^Region .* Measured +Saved$/m);
  // 1,200 node starts per month. The ten days may include the first fill.
  isNear(aws.measured.fitting.pullsPerNodeGiB ?? 0, monthly(measured.servedGiB) / 1200);
  assert.match(
    table.stdout.replaceAll(/\s+/g, " "),
    /What would have fitted the workload: pullsPerNodeGiB 2\.5\d\. What was filled may include the first fill, .* Saved/,
  );
  assert.match(table.stdout, /^- azure-westeurope: not measured for 1 h or more/m);
});

test("reads a cache's own Prometheus, whose series lack the external labels", async (t) => {
  const project = scope(t).use(await costProject());
  await project.setStack("aws-eu-central-1", stackFiles.aws);
  const url = await startPrometheus(t, {}, { provider: "aws", region: "eu-central-1" });
  const { stdout } = await project.cost("--prometheus", url, "--format", "json");
  const [aws] = reviewIn(stdout).regions;
  isNear(Number(aws?.measured?.estimate.usage.pulledGiB), monthly(measured.servedGiB));
});

test("keeps the assumed pulls where blobs come from the bucket", async (t) => {
  const project = scope(t).use(await costProject());
  const storage = /storage:\n +kind: disk\n(?: +#.*\n)* +size: auto/;
  assert.match(stackFiles.aws, storage);
  const redirect = "storage: { kind: bucket, delivery: redirect }";
  await project.setStack("aws-eu-central-1", stackFiles.aws.replace(storage, redirect));
  const url = await startPrometheus(t, { provider: "aws", region: "eu-central-1" });
  const { stdout } = await project.cost("--prometheus", url, "--format", "json");
  const [aws] = reviewIn(stdout).regions;
  assert.ok(aws?.measured);
  assert.equal(aws.measured.estimate.usage.pulledGiB, aws.estimate.usage.pulledGiB);
  isNear(aws.measured.estimate.usage.filledGiB, monthly(measured.filledGiB));
});

test("reports the rest without a Prometheus, or with another server in its place", async (t) => {
  const project = scope(t).use(await costProject());
  await project.setStack("aws-eu-central-1", stackFiles.aws);
  const port = await freePort();
  const closed = await project.cost("--prometheus", `http://user:secret@127.0.0.1:${port}`);
  assert.equal(closed.exitCode, 1);
  assert.match(
    closed.stderr,
    new RegExp(`--prometheus: http://127.0.0.1:${port}/ can't be reached: .*ECONNREFUSED`),
  );
  assert.doesNotMatch(closed.stderr, /secret/);
  assert.match(closed.stdout, /^All +\$\d/m);
  const url = await startPrometheus(t, {});
  const lost = await project.cost("--prometheus", `${url}/elsewhere`);
  assert.match(lost.stderr, /elsewhere\/ answers 404: that isn't a Prometheus/);
});

/** Starts a Prometheus with the samples of {@link measured}, which scrapes nothing. @returns its address */
async function startPrometheus(
  t: TestContext,
  labels: Readonly<Record<string, string>>,
  externalLabels: Readonly<Record<string, string>> = {},
): Promise<string> {
  const started = scope(t);
  const { path: directory } = started.use(await tempDir());
  const [samples, data, config] = ["samples.txt", "data", "prometheus.yml"].map((name) =>
    join(directory, name),
  ) as [string, string, string];
  await mkdir(data);
  await writeFile(samples, openMetrics(labels));
  await execa(await ensurePromtool(), ["tsdb", "create-blocks-from", "openmetrics", samples, data]);
  await writeFile(config, stringify({ global: { external_labels: externalLabels } }));
  const port = await freePort();
  const options = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${data}`,
    "--storage.tsdb.retention.time=1y",
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  const program = join(await ensureDebianTree(), "usr/bin/prometheus");
  started.use(await startProcess(program, options, { logFile: join(directory, "log") }));
  const url = `http://127.0.0.1:${port}`;
  await waitUntil("Prometheus is ready", async () => (await fetch(`${url}/-/ready`)).ok);
  return url;
}

/** A sample every five minutes until now, with counters that grow evenly from 0. */
function openMetrics(labels: Readonly<Record<string, string>>): string {
  const minutes = 5;
  const count = (measured.hours * 60) / minutes;
  const end = Math.floor(Date.now() / 1000);
  const series = (name: string, own: Readonly<Record<string, string>>, bytes: number) => {
    const pairs = Object.entries({ ...labels, ...own }).map(([label, value]) => `${label}="${value}"`);
    return Array.from({ length: count + 1 }, (_, index) => {
      const time = end - (count - index) * minutes * 60;
      return `${name}{${pairs.join(",")}} ${Math.round((bytes * index) / count)} ${time}`;
    });
  };
  const gib = 1024 ** 3;
  return [
    "# TYPE registry_cache_response_bytes counter",
    ...series(
      "registry_cache_response_bytes_total",
      { kind: "blob", cache: "HIT" },
      (measured.servedGiB * gib) / 2,
    ),
    ...series(
      "registry_cache_response_bytes_total",
      { kind: "blob", cache: "MISS" },
      (measured.servedGiB * gib) / 2,
    ),
    "# TYPE registry_proxy_pulled_bytes counter",
    ...series("registry_proxy_pulled_bytes_total", { type: "blob" }, measured.filledGiB * gib),
    "# EOF\n",
  ].join("\n");
}

function isNear(actual: number, expected: number, share = 0.002): void {
  assert.ok(Math.abs(actual - expected) <= Math.abs(expected) * share, `${actual} is not near ${expected}`);
}
