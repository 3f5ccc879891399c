/** The additions to a Prometheus's configuration in the outputs, tested by Prometheus itself and its own checker. */
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { execa } from "execa";
import { stringify } from "yaml";
import { alerts as alertsSchema } from "../../components/config/alerts.ts";
import { renderWorkload } from "../../components/hosts/kubernetes/objects.ts";
import { centralMonitoring } from "../../components/monitoring/central.ts";
import { ensurePromtool } from "../../scripts/setup/from-source/image-builds.ts";
import { kubernetesPlan } from "../support/kubernetes-regions.ts";
import { freePort } from "../support/ports.ts";
import { startProcess } from "../support/process.ts";
import { query, type Sample } from "../support/prometheus.ts";
import { scope, tempDir } from "../support/scope.ts";
import { startServer } from "../support/server.ts";
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

/** The spec of the operator's ScrapeConfig. */
function scrapeConfigOf({ operator = [] }: ReturnType<typeof monitoringOf>) {
  const { spec } = operator.find((object) => "kind" in object && object.kind === "ScrapeConfig") as {
    spec: { staticConfigs: { labels: object }[]; metricRelabelings: object[] };
  };
  return spec;
}

/** Runs a Prometheus with these entries of `scrape_configs`. @returns the query's result when it has a series of each entry */
async function scraped(
  t: TestContext,
  entries: readonly (object | undefined)[],
  expression: string,
): Promise<Sample[]> {
  const parts = scope(t);
  const { path } = parts.use(await tempDir());
  const scrape_configs = entries.map((entry) => ({ ...entry, scrape_interval: "1s" }));
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
  return waitUntil("each entry is scraped", async () => {
    const found = await query(base, expression).catch(() => []);
    return found.length === entries.length && found;
  });
}

test("labels a missing cache, in a job that the rules know, even by the operator", async (t) => {
  // Nothing listens at this port.
  const gone = `127.0.0.1:${await freePort()}`;
  const { scrapeConfig } = monitoringOf("aws-eu-central-1", "public", gone);
  const { staticConfigs } = scrapeConfigOf(monitoringOf("aws-eu-central-1-private", "private", gone));
  // The job's name differs between versions of the operator, and other programs that read its objects: https://github.com/prometheus-operator/prometheus-operator/blob/main/pkg/prometheus/promcfg.go
  const byOperator = { job_name: "scrapeConfig/monitoring/any", static_configs: staticConfigs };
  const series = await scraped(t, [scrapeConfig, byOperator], "up");
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

test("keeps the cache's labels when the operator's Prometheus overrides honorLabels", async (t) => {
  const labels = { job: "registry-cache-edge", instance: "127.0.0.1:15002", region: "eu-central-1" };
  const text = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  const parts = scope(t);
  const cache = parts.use(
    await startServer((_, response) =>
      response.writeHead(200, { "content-type": "text/plain; version=0.0.4" }).end(`ups{${text.join()}} 1\n`),
    ),
  );
  const [podMonitor] = renderWorkload(kubernetesPlan("bucket")).monitoring as unknown as {
    spec: { podMetricsEndpoints: { metricRelabelings: object[] }[] };
  }[];
  const { staticConfigs, metricRelabelings } = scrapeConfigOf(monitoringOf("aws-eu-central-1", "public"));
  const ofPod = { job: "team-cache/registry-cache", namespace: "team-cache", pod: "registry-cache-0" };
  // As the operator writes them with `overrideHonorLabels`: https://github.com/prometheus-operator/prometheus-operator/blob/main/pkg/prometheus/promcfg.go
  const entries = [
    [ofPod, podMonitor?.spec.podMetricsEndpoints[0]?.metricRelabelings],
    [staticConfigs[0]?.labels ?? {}, metricRelabelings],
  ].map(([labels, metric_relabel_configs], index) => ({
    job_name: `${index}`,
    honor_labels: false,
    static_configs: [{ targets: [`127.0.0.1:${cache.port}`], labels }],
    metric_relabel_configs,
  }));
  for (const { labels: found } of await scraped(t, entries, "ups")) {
    assert.partialDeepStrictEqual(found, labels);
    assert.deepEqual(
      Object.keys(found).filter((name) => name.startsWith("exported_")),
      [],
    );
  }
});
