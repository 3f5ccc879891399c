import { stringify } from "yaml";
import type { AlertName } from "../config/alerts.ts";
import type { Credentials, Token } from "../config/credentials.ts";
import { imageOf } from "../config/images.ts";
import { isZot, registryUrl } from "../config/upstream.ts";
import { scrapeInterval } from "../monitoring/federation.ts";
import { probeRelabeling } from "../monitoring/outside-probe.ts";
import { renderRules } from "../monitoring/rules/rule-groups.ts";
import { script } from "../shell/script.ts";
import { hasZot } from "./edge/engines.ts";
import type { metricsFiles } from "./edge/status.ts";
import { exporterRelabeling } from "./exporter.ts";
import { externalLabels, type PodOptions } from "./options.ts";
import { candidatesOf, filesOf, httpProbe, type Part, resources } from "./part.ts";
import { registryPrefix } from "./registry.ts";
import { remoteWrite, secretDirectory, secretFile } from "./secrets.ts";
import { type UpstreamPorts, upstreamPorts } from "./upstream-ports.ts";
import { zotRelabeling } from "./zot.ts";

const dataDirectory = "/prometheus";

/** The configuration that Prometheus reads, with its secret. It is in a file system in memory, which all containers have. */
const composed = "/dev/shm/prometheus.yml";

/** The content of the secret for remote write: the last line of the last entry of the configuration. All JSON is also YAML, so no value needs escaping. */
export function remoteWriteSecret(credentials: Credentials | Token): string {
  return "token" in credentials
    ? `authorization: ${JSON.stringify({ credentials: credentials.token })}`
    : `basic_auth: ${JSON.stringify({ username: credentials.username, password: credentials.password })}`;
}

/** The external label that distinguishes the series of several Pods. Also the environment variable with its value, the Pod's name. */
const replicaLabel = "replica";

/**
 * Makes the watchdogs of all replicas one alert, which doesn't end when a replica does. All other alerts keep the label: if they were one alert, a replica that recovers would end it while
 * another one still fires.
 */
const watchdogOfAll = {
  source_labels: ["alertname"],
  regex: "Watchdog" satisfies AlertName,
  target_label: replicaLabel,
  replacement: "",
};

const files = filesOf("prometheus");
const configurationFile = "prometheus.yml";
const rulesFile = "rules.yml";

/** The configuration of the Prometheus that scrapes the Pod: https://prometheus.io/docs/prometheus/latest/configuration/configuration/ */
function renderPrometheusConfig(options: PodOptions): string {
  const isReplica = options.replicas !== undefined;
  const { alertmanagers, remoteWrite } = options.monitoring;
  return stringify(
    {
      global: {
        scrape_interval: scrapeInterval,
        evaluation_interval: "15s",
        external_labels: {
          ...externalLabels(options),
          ...(isReplica && { [replicaLabel]: `\${${replicaLabel}}` }),
        },
      },
      rule_files: [`${files}/${rulesFile}`],
      scrape_configs: scrapeConfigs(options),
      ...(alertmanagers.length > 0 && {
        alerting: {
          ...(isReplica && { alert_relabel_configs: [watchdogOfAll] }),
          alertmanagers: alertmanagers.map(alertmanager),
        },
      }),
      // Must be the last entry, because prometheus.sh appends the secret to it.
      ...(remoteWrite && {
        remote_write: [
          {
            url: remoteWrite.url,
            ...(remoteWrite.tenant !== undefined && { headers: { "X-Scope-OrgID": remoteWrite.tenant } }),
            // The receiver evaluates the same rules, and so produces the same series. Two sources would make its samples out of order, and it refuses a write with one of those.
            write_relabel_configs: [{ source_labels: ["__name__"], regex: ruleSeries, action: "drop" }],
          },
        ],
      }),
    },
    { lineWidth: 0 },
  );
}

/** The names of series that rules produce: alerts, and recorded series. Only the latter have colons. https://prometheus.io/docs/practices/rules/ */
const ruleSeries = "ALERTS.*|.+:.+";

/** docs/metrics.md describes the jobs. */
function scrapeConfigs(options: PodOptions) {
  const { upstreams, ports, nodeExporterPort, listen, proxies, region, acme, prefetch } = options;
  const manifests = upstreamPorts(options).flatMap(manifestTargets);
  const target = (port: number, labels?: Record<string, string>) => ({
    targets: [`127.0.0.1:${port}`],
    ...(labels && { labels }),
  });
  const file = (name: keyof typeof metricsFiles) => ({
    metrics_path: `/metrics/${name}`,
    static_configs: [target(ports.edgeStatus)],
  });
  const jobs = {
    edge: { static_configs: [target(ports.exporter)], metric_relabel_configs: exporterRelabeling },
    janitor: file("janitor"),
    ...(acme && { acme: file("acme") }),
    ...(prefetch && { prefetch: file("prefetch") }),
    ...(hasZot(options) && { keeper: file("keeper") }),
    origin: {
      static_configs: upstreamPorts(options).map((it) =>
        target(isZot(it.upstream) ? it.ports.http : it.ports.debug, { upstream: it.upstream.name }),
      ),
      ...(hasZot(options) && { metric_relabel_configs: zotRelabeling }),
    },
    upstream: probe(
      ports.blackbox,
      "upstream",
      upstreams.map(({ name, url }) => ({ targets: [`${url}/v2/`], labels: { upstream: name } })),
    ),
    ...(manifests.length > 0 && {
      manifests: { ...probe(ports.blackbox, "manifests", manifests), scrape_interval: "1m" },
    }),
    endpoint: probe(
      ports.blackbox,
      "endpoint",
      [{ targets: [`${proxies ? "http" : "https"}://127.0.0.1:${listen.port}/v2/`] }],
      { hostname: [region.endpoint.hostname] },
    ),
    ...(nodeExporterPort !== undefined && { node: { static_configs: [target(nodeExporterPort)] } }),
    prometheus: { static_configs: [target(ports.prometheus)] },
  };
  return Object.entries(jobs).map(([name, job]) => ({ job_name: `registry-cache-${name}`, ...job }));
}

/**
 * Probes a manifest with a digest that doesn't exist, in the repository of the upstream's `probe` image. For it, the origin always asks the upstream, with its credentials. For a tag, the
 * origin would use its own store if the upstream answers with an error. zot always answers 404. Docker Hub is left out, because it may count each GET of a manifest as a pull:
 * https://docs.docker.com/docker-hub/usage/pulls/
 */
function manifestTargets({ upstream, ports }: UpstreamPorts) {
  const { name, url, probe } = upstream;
  if (probe === undefined || isZot(upstream) || url === registryUrl("docker.io")) return [];
  const [repository] = probe.split(":");
  const manifest = `${registryPrefix(name)}v2/${repository}/manifests/sha256:${"0".repeat(64)}`;
  return [{ targets: [`http://127.0.0.1:${ports.http}${manifest}`], labels: { upstream: name } }];
}

/** A scrape job whose targets blackbox_exporter probes. */
function probe(port: number, module: string, targets: readonly object[], parameters: object = {}) {
  return {
    scrape_interval: "30s",
    metrics_path: "/probe",
    params: { module: [module], ...parameters },
    static_configs: targets,
    relabel_configs: probeRelabeling(`127.0.0.1:${port}`),
  };
}

function alertmanager(address: string) {
  const { protocol, host, pathname } = new URL(address);
  return {
    scheme: protocol.slice(0, -1),
    ...(pathname !== "/" && { path_prefix: pathname }),
    static_configs: [{ targets: [host] }],
  };
}

/** Checks new files if the image has promtool. Prometheus also refuses files that it can't use, but only after they have replaced the old ones. */
const checkCandidates = `command -v promtool >/dev/null || exit 0; cd "$0" && promtool check rules ${rulesFile} >/dev/null && promtool check config ${configurationFile} >/dev/null`;

/** The container with the Pod's own Prometheus. prometheus.sh starts and reloads it. */
export function prometheusPart(options: PodOptions): Part {
  const { ports, budget, monitoring, replicas } = options;
  const isReplica = replicas !== undefined;
  const hasCredentials = monitoring.remoteWrite?.credentials !== undefined;
  const command = [
    "sh",
    `${files}/prometheus.sh`,
    `${files}/${configurationFile}`,
    `${files}/${rulesFile}`,
    hasCredentials ? `${secretDirectory}/${secretFile}` : "",
    composed,
    "/bin/prometheus",
    `--config.file=${composed}`,
    `--storage.tsdb.path=${dataDirectory}`,
    "--storage.tsdb.retention.time=30d",
    `--storage.tsdb.retention.size=${budget.prometheusMiB}MB`,
    `--web.listen-address=127.0.0.1:${ports.prometheus}`,
    // Needed up to Prometheus 2. Later versions always expand them: https://prometheus.io/docs/prometheus/latest/migration/
    ...(isReplica ? ["--enable-feature=expand-external-labels"] : []),
  ];
  return {
    container: {
      name: "prometheus",
      image: imageOf(options, "prometheus"),
      command,
      ...(isReplica && {
        env: [{ name: replicaLabel, valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }],
      }),
      resources: resources(512, 500),
      livenessProbe: httpProbe(ports.prometheus, "/-/healthy"),
    },
    files: {
      [configurationFile]: renderPrometheusConfig(options),
      [rulesFile]: renderRules(monitoring.alerts, { isOwn: true, isOneOfSeveral: isReplica && replicas > 1 }),
      "prometheus.sh": script(import.meta.url, "prometheus.sh"),
    },
    live: {
      files: [configurationFile, rulesFile],
      check: ["sh", "-c", checkCandidates, candidatesOf("prometheus")],
    },
    secret: hasCredentials ? remoteWrite : undefined,
    asksServers: true,
    mounts: [{ name: "prometheus", mountPath: dataDirectory }],
  };
}
