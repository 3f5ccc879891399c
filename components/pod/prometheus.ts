import { stringify } from "yaml";
import type { Upstream } from "../config/schema.ts";
import type { PodPorts } from "./ports.ts";

export interface PrometheusOptions {
  readonly upstreams: readonly Upstream[];
  readonly ports: PodPorts;
  /** Port of the machine's node_exporter on loopback. Default: there is none. */
  readonly nodeExporterPort?: number;
  /** Labels that every series and alert leaves the Pod with. */
  readonly externalLabels: Readonly<Record<string, string>>;
}

/** The Pod's Prometheus scrapes the Pod: https://prometheus.io/docs/prometheus/latest/configuration/configuration/ */
export function renderPrometheusConfig({
  upstreams,
  ports,
  nodeExporterPort,
  externalLabels,
}: PrometheusOptions): string {
  const target = (port: number | undefined, labels?: Record<string, string>) => ({
    targets: [`127.0.0.1:${port}`],
    ...(labels && { labels }),
  });
  return stringify({
    global: { scrape_interval: "15s", evaluation_interval: "15s", external_labels: externalLabels },
    scrape_configs: [
      { job_name: "registry-cache-edge", static_configs: [target(ports.exporter)] },
      {
        job_name: "registry-cache-origin",
        static_configs: upstreams.map(({ name }, index) =>
          target(ports.origins[index]?.debug, { upstream: name }),
        ),
      },
      ...(nodeExporterPort === undefined
        ? []
        : [{ job_name: "node", static_configs: [target(nodeExporterPort)] }]),
      { job_name: "prometheus", static_configs: [target(ports.prometheus)] },
    ],
  });
}
