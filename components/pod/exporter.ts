import { stringify } from "yaml";
import { imageOf } from "../config/images.ts";
import type { PodPorts } from "../config/ports.ts";
import { syslogTag } from "./edge/log.ts";
import type { PodOptions } from "./options.ts";
import { filesOf, type Part, resources } from "./part.ts";

const namespace = "registry_cache";

/**
 * Relabeling for every scrape of the exporter: renames its metrics to those of docs/metrics.md. Its own names are fixed, as are the fields of a log line that it
 * reads. So the edge sends the time to the first byte in the field `upstream_connect_time`.
 */
export const exporterRelabeling = [
  ...Object.entries({
    http_response_count_total: "requests_total",
    http_response_size_bytes: "response_bytes_total",
    http_response_time_seconds_hist: "request_duration_seconds",
    http_upstream_connect_time_seconds_hist: "first_byte_seconds",
    http_upstream_time_seconds_hist: "origin_duration_seconds",
    parse_errors_total: "log_parse_errors_total",
  }).map(([from, to]) => ({
    source_labels: ["__name__"],
    regex: `(${namespace}_(?:client_)?)${from}(_bucket|_sum|_count)?`,
    target_label: "__name__",
    replacement: `\${1}${to}\${2}`,
  })),
  // Drops the same times as summaries, which can't be aggregated.
  { source_labels: ["__name__"], regex: `${namespace}_http_.+`, action: "drop" },
];

/**
 * The configuration of prometheus-nginxlog-exporter: https://github.com/martin-helmich/prometheus-nginxlog-exporter/blob/v1.11.0/README.adoc
 *
 * The labels are those of docs/metrics.md. Each has a bounded number of values.
 */
function renderExporterConfig(ports: PodPorts): string {
  return stringify({
    listen: { address: "127.0.0.1", port: ports.exporter },
    namespaces: [
      namespaceOf("", ports.exporterRequests, ["upstream", "kind", "cache", "refused"]),
      namespaceOf("_client", ports.exporterClients, ["bucket"]),
    ],
  });
}

function namespaceOf(suffix: string, port: number, labels: readonly string[]) {
  return {
    name: `${namespace}${suffix}`,
    namespace_label: "",
    source: { syslog: { listen_address: `udp://127.0.0.1:${port}`, format: "rfc3164", tags: [syslogTag] } },
    parser: "json",
    // nginx checks every 0.5 s whether the fill that a request waits for has ended. So requests over 0.4 s have waited for a fill.
    histogram_buckets: [0.005, 0.025, 0.1, 0.25, 0.4, 1, 2.5, 5, 10, 30, 60, 120, 300],
    relabel_configs: labels.map((label) => ({ target_label: label, from: label })),
  };
}

/**
 * The exporter's image has no other program, so it has no probe. Prometheus notices if the exporter is down. Its processor time isn't limited, because the kernel
 * drops the edge's log lines while the exporter waits.
 */
export function exporterPart(options: PodOptions): Part {
  return {
    container: {
      name: "exporter",
      image: imageOf(options, "exporter"),
      command: ["/prometheus-nginxlog-exporter", "-config-file", `${filesOf("exporter")}/config.yml`],
      resources: resources(64),
    },
    files: { "config.yml": renderExporterConfig(options.ports) },
  };
}
