/** The conditions that stop a roll-out, evaluated by a real Prometheus with the real rules. */
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { stringify } from "yaml";
import { parseConfig } from "../../components/config/parse.ts";
import { namespace } from "../../components/config/schema.ts";
import { centralMonitoring } from "../../components/monitoring/central.ts";
import { renderRules } from "../../components/monitoring/rules/rule-groups.ts";
import type { Backend } from "../../scripts/fleet/backend.ts";
import { prometheusAt } from "../../scripts/fleet/prometheus.ts";
import { gate } from "../../scripts/pipeline/gate.ts";
import { prefetched } from "../../scripts/pipeline/prefetched.ts";
import { ensureDebianTree } from "../../scripts/setup/from-source/debian.ts";
import { costProject } from "../support/cost-project.ts";
import { freePort } from "../support/ports.ts";
import { startProcess } from "../support/process.ts";
import { local } from "../support/raw-stacks.ts";
import { scope, tempDir } from "../support/scope.ts";
import { startServer } from "../support/server.ts";
import { waitUntil } from "../support/wait.ts";

const parts = scope({ after });

/** Labels of alerts, one of which replaces a label of the caches. */
const { alerts } = parseConfig({
  ...local,
  monitoring: { alerts: { labels: { team: "on-call" } } },
}).monitoring;

test("stops for a region's failing probe, paging alerts, outdated Pod or errors, and for no other cache's", async () => {
  let isWell = true;
  const exposed = () => [
    ...metrics("eu-central-1", { isWell, installation: "prod" }),
    ...metrics("eu-central-1", { installation: "dev" }),
    ...metrics("eu-north-1", { installation: "dev" }),
  ];
  const url = await startPrometheus(exposed);
  // The endpoint can't be reached from here, so Prometheus decides.
  const endpoint = "https://cache.invalid";
  const cache = { endpoint, topology: "vm", storage: { kind: "disk" }, upstreams: [] };
  const totals = { byPayer: { us: 1 }, complete: true };
  const stacks: Readonly<Record<string, [region: string, installation: string]>> = {
    one: ["eu-central-1", "prod"],
    twin: ["eu-central-1", "dev"],
    other: ["eu-north-1", "dev"],
    gone: ["eu-north-1", "prod"],
  };
  const backend: Pick<Backend, "outputs"> = {
    outputs: async ({ name }) => {
      const cost = (region: string) => ({ [region]: { provider: "aws", totals } });
      const [region, installation] = stacks[name] ?? ["eu-south-2"];
      // An earlier version's outputs lack the labels.
      if (installation === undefined) return { caches: { [region]: cache }, cost: cost(region) };
      const labels = labelsOf(region, installation);
      const monitoring = centralMonitoring({ stack: name, region, endpoint, labels, alerts });
      return { caches: { [region]: cache }, cost: cost(region), monitoring: { [region]: monitoring } };
    },
  };
  const prometheus = prometheusAt(url);
  const asked = gate({ backend, prometheus, maxErrorRatio: 0.01 });
  await waitUntil("both are well", async () => (await asked("one")).length === 0);
  const others = ["twin", "other"];
  for (const stack of others) assert.deepEqual(await asked(stack), []);
  assert.deepEqual(await asked("unknown"), ["eu-south-2: Prometheus has no probe of it"]);
  assert.deepEqual(await asked("gone"), ["eu-north-1: Prometheus has no probe of it"]);

  // A Prometheus that receives or scrapes the metrics, and has no rules. It can't confirm any region's health.
  const withoutRules = prometheusAt(await startPrometheus(exposed, { rules: [] }));
  const blind = gate({ backend, prometheus: withoutRules, maxErrorRatio: 0.01 });
  await waitUntil("it has the probe", async () => (await withoutRules.query("probe_success")).length > 0);
  assert.deepEqual(await blind("one"), ["eu-central-1: Prometheus doesn't have the rules"]);

  const { directory, setStack } = parts.use(await costProject());
  const config = { ...local, prefetch: { images: ["gsoci.azurecr.io/giantswarm/app:1"] } };
  const keys = Object.entries(config).map(([key, value]) => [`${namespace}:${key}`, value]);
  const named = ["one", "other", "unknown", "twin"];
  for (const stack of named) await setStack(stack, stringify({ config: Object.fromEntries(keys) }));
  const looked = await prefetched(named, { directory, backend, prometheus });
  assert.deepEqual(await looked("one"), ["eu-central-1: 2 images are missing, by Prometheus"]);
  for (const stack of ["other", "unknown", "twin"]) assert.deepEqual(await looked(stack), []);

  isWell = false;
  const problems = await waitUntil("all of it is said", async () => {
    const said = await asked("one");
    return said.length === 4 && said;
  });
  assert.deepEqual(problems.slice(0, 3), [
    "eu-central-1: its own probe fails",
    "eu-central-1: the alert RegistryCacheDown fires",
    "eu-central-1: runs another Pod than it is told to",
  ]);
  assert.match(problems[3] ?? "", /^eu-central-1: \d+\.\d % of its requests fail, more than 1 %$/);
  for (const stack of others) assert.deepEqual(await asked(stack), []);
});

const start = Date.now();

function labelsOf(region: string, installation: string): Record<string, string> {
  return { provider: "aws", topology: "vm", region, installation, team: "caches" };
}

/** Metrics as a central Prometheus has them. Half of an unhealthy cache's requests fail, and only a cache of `dev` has everything. */
function metrics(
  region: string,
  { isWell = true, installation }: { isWell?: boolean; installation: string },
): string[] {
  const labels = Object.entries(labelsOf(region, installation)).map(([name, value]) => `${name}="${value}"`);
  const count = Math.floor((Date.now() - start) / 10);
  const requests = (status: string, value: number) =>
    `registry_cache_requests_total{${labels},upstream="gsoci",kind="blob",refused="",status="${status}"} ${value}`;
  return [
    `probe_success{${labels},job="registry-cache-endpoint"} ${isWell ? 1 : 0}`,
    `registry_cache_pod_outdated{${labels}} ${isWell ? 0 : 1}`,
    `registry_cache_prefetch_images_wanted{${labels}} 3`,
    `registry_cache_prefetch_images_present{${labels}} ${installation === "prod" ? 1 : 3}`,
    `registry_cache_store_bytes{${labels},zone="blobs"} 1`,
    `registry_cache_store_max_bytes{${labels},zone="blobs"} 2`,
    requests("200", count),
    requests("500", isWell ? 0 : count),
  ];
}

/** Starts a Prometheus that evaluates the rules with minutes of one second. @returns its address */
async function startPrometheus(exposed: () => string[], { rules = ["rules.yml"] } = {}): Promise<URL> {
  const { path } = parts.use(await tempDir());
  const server = await startServer((_, response) => response.end(`${exposed().join("\n")}\n`));
  const target = `127.0.0.1:${parts.use(server).port}`;
  const config = {
    global: { scrape_interval: "500ms", scrape_timeout: "500ms", evaluation_interval: "1s" },
    rule_files: rules,
    scrape_configs: [{ job_name: "caches", honor_labels: true, static_configs: [{ targets: [target] }] }],
  };
  await writeFile(join(path, "rules.yml"), renderRules(alerts, { secondsPerMinute: 1 }));
  await writeFile(join(path, "prometheus.yml"), stringify(config));
  await mkdir(join(path, "data"));
  const port = await freePort();
  const options = [
    `--config.file=${join(path, "prometheus.yml")}`,
    `--storage.tsdb.path=${join(path, "data")}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  const program = join(await ensureDebianTree(), "usr/bin/prometheus");
  parts.use(await startProcess(program, options, { logFile: join(path, "log") }));
  return new URL(`http://127.0.0.1:${port}`);
}
