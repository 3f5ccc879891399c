/** The additions to a Prometheus's configuration in the outputs, tested by Prometheus itself and its own checker. */
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { stringify } from "yaml";
import { alerts as alertsSchema } from "../../components/config/alerts.ts";
import { centralMonitoring } from "../../components/monitoring/central.ts";
import { ensurePromtool } from "../../scripts/setup/from-source/image-builds.ts";
import { freePort } from "../support/ports.ts";
import { startProcess } from "../support/process.ts";
import { query } from "../support/prometheus.ts";
import { scope, tempDir } from "../support/scope.ts";
import { waitUntil } from "../support/wait.ts";

const alerts = alertsSchema.parse({});

/** @param stack with a cache in eu-central-1 whose metrics are at the target */
function monitoringOf(stack: string, exposure: string, target = `${stack}.example.com:9443`) {
  return centralMonitoring({
    stack,
    region: "eu-central-1",
    endpoint: `https://${stack}.example.com`,
    labels: { exposure, provider: "aws", topology: "vm", region: "eu-central-1" },
    address: { scheme: "https", target },
    alerts,
  });
}

test("accepts the entries of two stacks for one region together", async () => {
  await using directory = await tempDir();
  const file = join(directory.path, "prometheus.yml");
  const both = [
    monitoringOf("aws-eu-central-1", "public"),
    monitoringOf("aws-eu-central-1-private", "private"),
  ];
  const scrape_configs = both.flatMap(({ scrapeConfig, probe }) => [scrapeConfig, probe.scrapeConfig]);
  await writeFile(file, stringify({ scrape_configs }));
  const { failed, all } = await execa(await ensurePromtool(), ["check", "config", file], {
    reject: false,
    all: true,
  });
  assert.equal(failed, false, all);
});

test("labels a missing cache, in a job that the rules know, even by the operator", async (t) => {
  const parts = scope(t);
  const { path } = parts.use(await tempDir());
  // Nothing listens at this port.
  const gone = `127.0.0.1:${await freePort()}`;
  const { scrapeConfig } = monitoringOf("aws-eu-central-1", "public", gone);
  const { operator = [] } = monitoringOf("aws-eu-central-1-private", "private", gone);
  const { spec } = operator.find((object) => "kind" in object && object.kind === "ScrapeConfig") as {
    spec: { staticConfigs: object };
  };
  // The job's name differs between versions of the operator, and other programs that read its objects: https://github.com/prometheus-operator/prometheus-operator/blob/main/pkg/prometheus/promcfg.go
  const byOperator = { job_name: "scrapeConfig/monitoring/any", static_configs: spec.staticConfigs };
  const scrape_configs = [scrapeConfig, byOperator].map((entry) => ({ ...entry, scrape_interval: "1s" }));
  await writeFile(join(path, "prometheus.yml"), stringify({ scrape_configs }));
  await mkdir(join(path, "data"));
  const port = await freePort();
  parts.use(
    await startProcess(
      join(dirname(await ensurePromtool()), "prometheus"),
      [
        `--config.file=${path}/prometheus.yml`,
        `--storage.tsdb.path=${path}/data`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { logFile: join(path, "log") },
    ),
  );
  const base = new URL(`http://127.0.0.1:${port}/`);
  const series = await waitUntil("both are looked for", async () => {
    const found = await query(base, "up").catch(() => []);
    return found.length === 2 && found;
  });
  const labels = { __name__: "up", instance: gone, provider: "aws", topology: "vm", region: "eu-central-1" };
  const expected = [
    { ...labels, job: "registry-cache-aws-eu-central-1-private-eu-central-1", exposure: "private" },
    { ...labels, job: "registry-cache-eu-central-1", exposure: "public" },
  ];
  assert.deepEqual(
    series.toSorted((one, other) => (one.labels.job ?? "").localeCompare(other.labels.job ?? "")),
    expected.map((labels) => ({ labels, value: 0 })),
  );
});
