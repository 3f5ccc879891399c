/** The metrics agree with what clients saw, everything in the documentation and the dashboard exists, and only allowed clients can read them. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { parseConfig } from "../../components/config/parse.ts";
import type { LocalRegion } from "../../components/config/schema.ts";
import { planLocal } from "../../components/hosts/local/plan.ts";
import { centralMonitoring } from "../../components/monitoring/central.ts";
import { fleetRows, rows } from "../../components/monitoring/dashboard/dashboard.ts";
import { figuresOf } from "../../components/monitoring/status-page/page/figures.ts";
import { Prometheus } from "../../components/monitoring/status-page/page/prometheus.ts";
import { push } from "../../scripts/seed/push.ts";
import { filesDirectory } from "../support/cache-containers.ts";
import { type Chain, registryName, startChain } from "../support/chain.ts";
import { downloads, get } from "../support/http.ts";
import { randomImage } from "../support/images.ts";
import { startMachine } from "../support/machine.ts";
import { allScraped, query, queryValue, type Sample } from "../support/prometheus.ts";
import { scope } from "../support/scope.ts";
import { untilItHolds, waitUntil } from "../support/wait.ts";

/** Requests and bytes that a client or Prometheus counted, by kind, cache status and HTTP status: `blob HIT 200`. */
type Counts = Record<string, { requests: number; bytes: number }>;

describe("a cache that serves its clients", () => {
  const parts = scope(test);
  let chain: Chain;
  let prometheus: URL;
  const seen: Counts = {};
  let layerBytes: number;
  let layerPath: string;

  /** Counts one request as the client sees it. */
  function count(kind: string, cache: unknown, status: number, bytes: number): void {
    const key = `${kind} ${cache} ${status}`;
    const { requests, bytes: before } = seen[key] ?? { requests: 0, bytes: 0 };
    seen[key] = { requests: requests + 1, bytes: before + bytes };
  }

  /** @param cache the expected cache status of an answer without the header, such as an error */
  async function ask(kind: string, path: string, { method = "GET", cache = "NONE" } = {}): Promise<void> {
    const { status, headers, body } = await get(new URL(path, chain.cache.url), {
      ca: chain.cache.ca,
      method,
    });
    count(kind, headers["x-cache"] ?? cache, status, body.length);
  }

  before(async () => {
    chain = await startChain(parts, { secondsPerMinute: 6, prefetch: {} });
    const [wanted, applied] = ["ba9876543210", "0123456789ab"];
    parts.use(await startMachine(chain.cache, { wanted, applied, appliedSeconds: 0, failure: "image" }));
    prometheus = new URL(`http://127.0.0.1:${chain.cache.layout.ports.prometheus}/`);
    const image = await randomImage({ repository: "giantswarm/app", tag: "1", layerMB: 10 });
    await push(chain.registry.url, image);
    const at = (rest: string) => `/v2/giantswarm/app/${rest}?ns=${registryName}`;
    const layer = image.blobs.find(({ size }) => size > 1e6);
    assert.ok(layer);
    layerBytes = layer.size;
    layerPath = at(`blobs/${layer.digest}`);
    chain.proxy.inject({ kind: "throttle", bytesPerSecond: 5e6 }, "/blobs/");
    const url = new URL(layerPath, chain.cache.url);
    // Cold for the first clients, all at once, then warm.
    for (const clients of [8, 3]) {
      for (const { headers, status, bytes } of await downloads(clients, url, { ca: chain.cache.ca })) {
        count("blob", headers["x-cache"], status, bytes);
      }
    }
    await ask("blob", layerPath, { method: "HEAD" });
    for (let index = 0; index < 50; index++) await ask("manifest", at(`manifests/${image.manifest.digest}`));
    for (let index = 0; index < 20; index++) await ask("tag", at("manifests/1"));
    await ask("list", at("tags/list"));
    for (const method of ["GET", "HEAD"]) await ask("tag", at("manifests/none"), { method, cache: "MISS" });
    await ask("tag", `/v2/library/app/manifests/1?ns=${registryName}`);
    await ask("manifest", at(`manifests/${image.manifest.digest}`), { method: "PUT" });
    await ask("none", "/else");
    await ask("referrers", at(`referrers/${image.manifest.digest}`));
  });

  async function counted(): Promise<Counts> {
    // The probe of the endpoint continues, so its pings are left out.
    const sum = (metric: string) =>
      query(prometheus, `sum by (kind, cache, status) (${metric}{job="registry-cache-edge",kind!="ping"})`);
    const key = ({ labels: { kind, cache, status } }: Sample) => `${kind} ${cache} ${status}`;
    const bytes = new Map(
      (await sum("registry_cache_response_bytes_total")).map((it) => [key(it), it.value]),
    );
    return Object.fromEntries(
      (await sum("registry_cache_requests_total")).map((it) => [
        key(it),
        { requests: it.value, bytes: bytes.get(key(it)) ?? Number.NaN },
      ]),
    );
  }

  /** A test of what a later scrape may be the first to have. */
  const testSoon = (title: string, assertions: () => Promise<void>) =>
    test(title, () => untilItHolds(title, assertions));

  test("counts exactly the requests, hits and bytes that the client saw", async () => {
    const total = (counts: Counts) => Object.values(counts).reduce((sum, { requests }) => sum + requests, 0);
    await waitUntil("Prometheus has it all", async () => total(await counted()) >= total(seen), 60_000);
    await allScraped(prometheus);
    await untilItHolds("the scrapes are stored", async () => {
      assert.deepEqual(await counted(), seen);
      assert.equal(await queryValue(prometheus, "sum(registry_cache_log_lines_lost_total)"), 0);
      assert.equal(await queryValue(prometheus, "registry_cache_log_parse_errors_total"), 0);
    });
    assert.equal(seen["blob MISS 200"]?.requests, 1);
    assert.equal(seen["blob HIT 200"]?.requests, 11);
  });

  testSoon("has all bytes of all clients in the clients' buckets", async () => {
    const value = await queryValue(
      prometheus,
      "sum(registry_cache_client_response_bytes_total) - sum(registry_cache_response_bytes_total)",
    );
    assert.equal(value, 0);
  });

  testSoon(
    "distinguishes requests that waited for another's fill from those that found the object on disk",
    async () => {
      const hits = 'job="registry-cache-edge",kind="blob",cache="HIT",method="GET"';
      const value = await queryValue(
        prometheus,
        `sum(registry_cache_first_byte_seconds_count{${hits}}) - sum(registry_cache_first_byte_seconds_bucket{${hits},le="0.4"})`,
      );
      assert.equal(value, 7);
    },
  );

  testSoon("counts a refused request by its reason", async () => {
    const samples = await query(prometheus, 'sum by (refused) (registry_cache_requests_total{refused!=""})');
    assert.deepEqual(Object.fromEntries(samples.map(({ labels, value }) => [labels.refused, value])), {
      repository: 1,
      method: 1,
      request: 2,
    });
  });

  testSoon("has the origin's time only for requests that went to the origin", async () => {
    const samples = await query(
      prometheus,
      "sum by (cache) (registry_cache_origin_duration_seconds_count) > 0",
    );
    assert.deepEqual(
      samples.map(({ labels }) => labels.cache),
      ["MISS"],
    );
  });

  testSoon("probes its endpoint, including the certificate", async () => {
    const up = await query(prometheus, 'up{job=~"registry-cache-.+"}');
    assert.deepEqual(
      up.filter(({ value }) => value !== 1),
      [],
    );
    const well = await query(prometheus, "probe_success");
    assert.deepEqual(well.map(({ labels, value }) => [labels.job, labels.upstream, value]).sort(), [
      ["registry-cache-endpoint", undefined, 1],
      ["registry-cache-upstream", "gsoci", 1],
    ]);
    const days = await queryValue(
      prometheus,
      '(probe_ssl_earliest_cert_expiry{job="registry-cache-endpoint"} - time()) / 86400',
    );
    assert.ok(days !== undefined && days > 30, `${days} days`);
  });

  testSoon("has every metric of docs/metrics.md, except for those of other kinds of hosts", async () => {
    const [documented = ""] = readFileSync("docs/metrics.md", "utf8").split("## Certificate renewal");
    const names = new Set(
      [...documented.matchAll(/^\| `((?:registry|probe|process)_[\w`, ]+)` \|/gm)].flatMap(([, names = ""]) =>
        names.split("`, `"),
      ),
    );
    assert.ok(names.size > 30, `${names.size} names`);
    const missing: string[] = [];
    for (const name of names) {
      const found = await query(prometheus, `{__name__=~"${name}(_count)?",job=~"registry-cache-.+"}`);
      if (found.length === 0) missing.push(name);
    }
    assert.deepEqual(missing, []);
  });

  for (const { title, panels } of [...rows, ...fleetRows]) {
    test(`has data for the dashboard's panel: ${title}`, async () => {
      const empty: string[] = [];
      for (const { title, queries } of panels) {
        for (const expr of Object.values(queries)) {
          const filled = expr
            .replaceAll(/\$(?:region|upstream)/g, ".*")
            .replaceAll("$usdPerGB", "0.09")
            .replaceAll("$__rate_interval", "1m")
            .replaceAll("$__range", "1h");
          const hasData = async () => {
            // Without requests, ratios have no value. The last path has the origin asked for a missing manifest.
            for (const path of [layerPath, "/v2/giantswarm/app/manifests/none"]) {
              await get(new URL(path, chain.cache.url), { ca: chain.cache.ca });
            }
            return (await query(prometheus, filled)).length > 0;
          };
          await waitUntil(title, hasData, 60_000).catch(() => empty.push(`${title}: ${filled}`));
        }
      }
      assert.deepEqual(empty, []);
    });
  }

  test("has each upstream's share of the bytes, by the queries of docs/cost.md", async () => {
    const queries = [...readFileSync("docs/cost.md", "utf8").matchAll(/^```promql\n(.+)\n```$/gm)];
    assert.equal(queries.length, 2);
    for (const [, expr = ""] of queries) {
      const shares = await waitUntil(expr, async () => {
        const found = await query(prometheus, expr);
        return found.some(({ labels }) => labels.upstream === "gsoci") ? found : undefined;
      });
      const sum = shares.reduce((total, { value }) => total + value, 0);
      assert.ok(Math.abs(sum - 1) < 1e-6, `${expr}: ${sum}`);
    }
  });

  test("lets another Prometheus scrape it with the cache's labels, by the scrape configuration in the outputs", async () => {
    const { regions, ...shared } = parseConfig({
      provider: "local",
      regions: [{ name: "local", internalPort: chain.cache.layout.ports.edgeStatus }],
      upstreams: [{ name: "test", registry: registryName, repositories: ["**"] }],
    });
    const [region] = regions as LocalRegion[];
    assert.ok(region);
    const { plan } = planLocal({ ...shared, region, stack: "test" });
    const { scrapeConfig } = centralMonitoring({
      stack: plan.stack,
      region: region.name,
      endpoint: chain.cache.url.origin,
      labels: {},
      address: plan.metrics,
      alerts: shared.monitoring.alerts,
    });
    const { scheme, metrics_path, params, static_configs } = scrapeConfig as {
      scheme: string;
      metrics_path: string;
      params: Record<string, string[]>;
      static_configs: [{ targets: [string] }];
    };
    const url = new URL(`${scheme}://${static_configs[0].targets[0]}${metrics_path}`);
    for (const [name, values] of Object.entries(params)) {
      for (const value of values) url.searchParams.append(name, value);
    }
    const lines = (await (await fetch(url)).text()).split("\n").filter((line) => /^\w/.test(line));
    assert.ok(lines.length > 200, `${lines.length} series`);
    const odd = lines.filter((line) => !/provider="local".*region="/.test(line) || line.startsWith("ALERTS"));
    assert.deepEqual(odd, []);
    // What a team fetches that is to have only its upstream.
    const [, narrowed = ""] = readFileSync("docs/metrics.md", "utf8").match(/`match\[\]: \['(.+?)'\]`/) ?? [];
    url.search = `${new URLSearchParams({ "match[]": narrowed })}`;
    const ofUpstream = (await (await fetch(url)).text()).split("\n").filter((line) => /^\w/.test(line));
    assert.ok(ofUpstream.length > 100 && ofUpstream.length < lines.length, `${ofUpstream.length} series`);
    assert.deepEqual(
      ofUpstream.filter((line) => !line.includes('upstream="gsoci"')),
      [],
    );
  });

  test("exposes nothing else of Prometheus through the edge, and allows no changes", async () => {
    const status = async (path: string, method = "GET") =>
      (await fetch(`http://127.0.0.1:${chain.cache.layout.ports.edgeStatus}${path}`, { method })).status;
    for (const path of ["/-/ready", "/api/v1/query?query=up", "/api/v1/label/job/values", "/"]) {
      assert.equal(await status(path), 200, path);
    }
    const closed = ["/-/quit", "/-/reload", "/graph", "/config", "/debug/pprof/", "/metrics"];
    const ofApi = ["targets", "status/config", "status/flags", "admin/tsdb/snapshot", "query/../targets"];
    for (const path of [...closed, ...ofApi.map((path) => `/api/v1/${path}`)]) {
      assert.equal(await status(path), 404, path);
    }
    for (const method of ["POST", "PUT", "DELETE"]) {
      assert.equal(await status("/api/v1/query?query=up", method), 403, method);
    }
  });

  test("counts log lines that the exporter couldn't read, so that no request is missing", async () => {
    // From the cache or confirmed with the upstream, because a minute may pass in between.
    const requests = 'sum(registry_cache_requests_total{kind="tag",status="200"})';
    const lost = 'registry_cache_log_lines_lost_total{log="requests"}';
    const before = (await queryValue(prometheus, requests)) ?? 0;
    const url = new URL(`/v2/giantswarm/app/manifests/1?ns=${registryName}`, chain.cache.url);
    for (let round = 0; round < 10; round++) await downloads(100, url, { ca: chain.cache.ca });
    await waitUntil(
      "all is counted",
      async () => {
        const counted = (await queryValue(prometheus, requests)) ?? 0;
        const missing = (await queryValue(prometheus, lost)) ?? 0;
        assert.ok(counted + missing <= before + 1000, `${counted} + ${missing}`);
        return counted + missing === before + 1000;
      },
      90_000,
    );
  });

  // This metric changes once a minute, so its test comes last.
  test("counts what is stored", async () => {
    const stored = (name: string) => queryValue(prometheus, `${name}{zone="blobs"}`);
    await waitUntil("counted", async () => (await stored("registry_cache_store_objects")) === 1, 60_000);
    assert.equal(await stored("registry_cache_stored_objects_total"), 1);
    const bytes = await stored("registry_cache_store_bytes");
    assert.ok(bytes !== undefined && bytes > layerBytes && bytes < layerBytes + 4096, `${bytes}`);
    assert.equal(await stored("registry_cache_stored_bytes_total"), bytes);
    assert.equal(await queryValue(prometheus, 'registry_proxy_pulled_bytes_total{type="blob"}'), layerBytes);
  });
});

describe("a cache that doesn't serve this machine", () => {
  const parts = scope(test);

  test("probes its own endpoint anyway, and counts clients that it refuses, and their connections above the limit", async () => {
    const { cache } = await startChain(parts, {
      region: { access: { clients: ["127.0.0.2/32"] } },
      secondsPerMinute: 1,
    });
    const prometheus = new URL(`http://127.0.0.1:${cache.layout.ports.prometheus}/`);
    const url = new URL(`/v2/giantswarm/app/manifests/1?ns=${registryName}`, cache.url);
    assert.equal((await get(url, { ca: cache.ca })).status, 404);
    const value = (expression: string) => waitUntil(expression, () => queryValue(prometheus, expression));
    assert.equal(await value('sum(registry_cache_requests_total{refused="client"})'), 1);
    assert.equal(await value('probe_success{job="registry-cache-endpoint"}'), 1);
    const file = join(await filesDirectory(cache.container("edge"), "edge"), "nginx.conf");
    await writeFile(file, (await readFile(file, "utf8")).replace(/(limit_conn clients) \d+/, "$1 1"));
    const ask = () => get(url, { ca: cache.ca, localAddress: "127.0.0.2" });
    await waitUntil("one of several is too many", async () => {
      const answers = await Promise.all(Array.from({ length: 8 }, ask));
      return answers.some(({ status }) => status === 503);
    });
    assert.ok(await value('sum(registry_cache_requests_total{refused="limit",status="503"})'));
    const page = new Prometheus(async (path, parameters) => {
      const api = new URL(`api/v1/${path}?${new URLSearchParams(parameters)}`, prometheus);
      return ((await (await fetch(api)).json()) as { data: unknown }).data;
    });
    const failed = (await figuresOf(page, ["1h"])).find(({ name }) => name === "Failed requests (5xx)");
    assert.match(failed?.texts[0] ?? "", /^[1-9]/);
  });
});
