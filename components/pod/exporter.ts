import { stringify } from "yaml";
import { syslogTag } from "./edge/log.ts";
import type { PodPorts } from "./ports.ts";

/**
 * The configuration of prometheus-nginxlog-exporter: https://github.com/martin-helmich/prometheus-nginxlog-exporter/blob/v1.11.0/README.adoc
 *
 * Labels: `upstream`, `kind` (blob, manifest, tag, list, ping, none), `cache` (nginx's $upstream_cache_status), `method`, `status`; all bounded.
 */
export function renderExporterConfig(ports: PodPorts): string {
  return stringify({
    listen: { address: "127.0.0.1", port: ports.exporter },
    namespaces: [
      {
        name: "registry_cache",
        namespace_label: "",
        source: {
          syslog: {
            listen_address: `udp://127.0.0.1:${ports.exporterSyslog}`,
            format: "rfc3164",
            tags: [syslogTag],
          },
        },
        parser: "json",
        histogram_buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300],
        relabel_configs: ["upstream", "kind", "cache"].map((label) => ({ target_label: label, from: label })),
      },
    ],
  });
}
