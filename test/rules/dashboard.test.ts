/** The results of the dashboards' queries when data is missing, by Prometheus's own checker. test/e2e/metrics.test.ts tests that they find data in a running cache. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { stringify } from "yaml";
import { fleetRows, rows } from "../../components/monitoring/dashboard/dashboard.ts";
import { ensurePromtool } from "../../scripts/setup/from-source/image-builds.ts";
import { tempDir } from "../support/scope.ts";

/** The shown values by their labels. */
type Shown = Readonly<Record<string, number>>;

/** Samples by series, in promtool's notation, at intervals of a minute. */
type Series = Readonly<Record<string, string>>;

/** A query as Grafana sends it, for all regions and the last hour. */
function asked(panelTitle: string, name: string): string {
  const panel = [...rows, ...fleetRows]
    .flatMap(({ panels }) => panels)
    .find(({ title, queries }) => title === panelTitle && name in queries);
  return (panel?.queries[name] ?? assert.fail(`${panelTitle}: ${name}`))
    .replaceAll(/\$(?:region|upstream)/g, ".*")
    .replaceAll("$usdPerGB", "0.1")
    .replaceAll("$__range", "1h");
}

/** @param expected by panel and query, at the end of the third hour */
async function check(series: Series, expected: readonly [panel: string, query: string, shown: Shown][]) {
  await using directory = await tempDir();
  const file = join(directory.path, "dashboard.yml");
  const tests = {
    interval: "1m",
    input_series: Object.entries(series).map(([series, values]) => ({ series, values })),
    promql_expr_test: expected.map(([panel, query, shown]) => ({
      expr: asked(panel, query),
      eval_time: "3h",
      exp_samples: Object.entries(shown).map(([labels, value]) => ({ labels, value })),
    })),
  };
  await writeFile(file, stringify({ tests: [tests] }, { lineWidth: 0 }));
  const { failed, all } = await execa(await ensurePromtool(), ["test", "rules", file], {
    reject: false,
    all: true,
  });
  assert.equal(failed, false, all);
}

/** A counter of the cache's exporter that grows by this much per minute. */
const served = (region: string, metric: string, labels: string, perMinute: number): Series => ({
  [`${metric}{region="${region}",job="registry-cache-edge",upstream="gsoci",${labels}}`]: `0+${perMinute}x180`,
});
const pulled = "registry_proxy_pulled_bytes_total";
const sent = "registry_cache_response_bytes_total";
const requests = "registry_cache_requests_total";

test("counts everything that a cache has sent as saved if it has pulled nothing", async () => {
  const saved = { '{region="warm"}': 60e9, '{region="other"}': 30e9 };
  await check(
    {
      ...served("warm", sent, 'cache="HIT"', 1e9),
      ...served("other", sent, 'cache="HIT"', 1e9),
      ...served("other", pulled, 'type="blob"', 0.5e9),
    },
    [
      ["Regions", "Transfer saved", saved],
      ["Regions", "Cost saved", { '{region="warm"}': 6, '{region="other"}': 3 }],
    ],
  );
  await check(served("warm", sent, 'cache="HIT"', 1e9), [["Transfer saved", "saved", { "{}": 60e9 }]]);
});

test("shows no ratio without requests, and 0 without hits", async () => {
  await check(
    {
      ...served("idle", requests, 'kind="blob",cache="HIT"', 0),
      ...served("cold", requests, 'kind="blob",cache="MISS"', 1),
      ...served("warm", requests, 'kind="blob",cache="HIT"', 1),
    },
    [["Regions", "Blob hit ratio", { '{region="cold"}': 0, '{region="warm"}': 1 }]],
  );
  await check(served("idle", requests, 'kind="blob",cache="HIT"', 0), [["Blob hit ratio", "hit ratio", {}]]);
});

test("keeps a dead region in red: by its external probe, by the scraping job, or while it is in the range", async () => {
  const probe = (region: string) => `probe_success{region="${region}",job="registry-cache-endpoint"}`;
  const up = (region: string) => `up{region="${region}",job="registry-cache-prometheus"}`;
  const series = {
    ...{ [probe("well")]: "1x180", [up("well")]: "1x180" },
    ...{ [probe("probed")]: "1x30 _x150", [up("probed")]: "1x30 _x150" },
    'probe_success{region="probed",job="blackbox-registry-cache-probed"}': "1x30 0x150",
    ...{ [probe("unreachable")]: "1x180", [up("unreachable")]: "1x180" },
    'probe_success{region="unreachable",job="blackbox-registry-cache-unreachable"}': "0x180",
    ...{ [probe("fetched")]: "1x30 _x150", [up("fetched")]: "1x30 _x150" },
    'up{region="fetched",job="registry-cache-fetched"}': "1x30 0x150",
    ...{ [probe("sent")]: "1x150 _x30", [up("sent")]: "1x150 _x30" },
  };
  const shown = {
    '{region="well"}': 1,
    '{region="probed"}': 0,
    '{region="unreachable"}': 0,
    '{region="fetched"}': 0,
    '{region="sent"}': 0,
  };
  await check(series, [
    ["Regions", "Endpoint up", shown],
    ["Endpoint up", "endpoint {{region}}", shown],
  ]);
});

test("takes the best of several replicas, and an upstream without manifests for unreachable", async () => {
  const endpoint = (replica: string) =>
    `probe_success{region="a",job="registry-cache-endpoint",replica="${replica}"}`;
  const upstream = (job: string, name: string) =>
    `probe_success{region="a",job="registry-cache-${job}",upstream="${name}",replica="x"}`;
  await check(
    {
      ...{ [endpoint("x")]: "1x180", [endpoint("y")]: "0x180" },
      ...{ [upstream("upstream", "gsoci")]: "1x180", [upstream("manifests", "gsoci")]: "0x180" },
      [upstream("upstream", "ghcr")]: "1x180",
    },
    [
      ["Endpoint up", "endpoint {{region}}", { '{region="a"}': 1 }],
      ["Regions", "Upstreams reachable", { '{region="a"}': 0 }],
      [
        "Upstream reachable",
        "{{upstream}} {{region}}",
        { '{region="a",upstream="gsoci"}': 0, '{region="a",upstream="ghcr"}': 1 },
      ],
    ],
  );
});
