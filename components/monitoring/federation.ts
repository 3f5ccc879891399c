import type { WatchedCache } from "./outside-probe.ts";

/** Where another Prometheus reaches the metrics of a cache. */
export interface MetricsAddress {
  readonly scheme: "http" | "https";
  readonly target: string;
}

/** Federates all metrics of docs/metrics.md with the cache's external labels. It omits the alerts, because the central Prometheus evaluates the same rules: https://prometheus.io/docs/prometheus/latest/federation/ */
export const federated = {
  path: "/federate",
  params: { "match[]": ['{job=~"registry-cache-.+",__name__!~"ALERTS.*"}'] },
};

/** The interval of the cache's own Prometheus, and of one that scrapes it. With the default of a minute, the dashboards' rates of a minute would lack a second sample. */
export const scrapeInterval = "15s";

/**
 * Relabelings that restore the cache's own labels where the operator's Prometheus doesn't honor them (`overrideHonorLabels`), such as OpenShift's for users. It then renames those that
 * its targets have, too. They change nothing where it honors them. https://prometheus.io/docs/prometheus/latest/configuration/configuration/#scrape_config
 */
export const restoreLabels = [
  { action: "labelmap", regex: "exported_(.+)" },
  { action: "labeldrop", regex: "exported_.+" },
];

export interface FederationOptions extends WatchedCache {
  readonly address: MetricsAddress;
}

/** The name of the scrape job, which the rules recognize. */
export function federationJob(cache: string): string {
  return `registry-cache-${cache}`;
}

/** An entry of `scrape_configs`. */
export function federation({ cache, address: { scheme, target }, labels, ca }: FederationOptions): object {
  return {
    job_name: federationJob(cache),
    scrape_interval: scrapeInterval,
    honor_labels: true,
    metrics_path: federated.path,
    params: federated.params,
    scheme,
    ...(scheme === "https" && ca !== undefined && { tls_config: { ca } }),
    static_configs: [{ targets: [target], labels }],
  };
}
