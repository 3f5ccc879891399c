/** Where another Prometheus reaches the metrics of a cache. */
export interface MetricsAddress {
  readonly scheme: "http" | "https";
  readonly target: string;
}

/** All that docs/metrics.md has, but not the alerts, which the same rules make there, with the cache's external labels: https://prometheus.io/docs/prometheus/latest/federation/ */
export const federated = {
  path: "/federate",
  params: { "match[]": ['{job=~"registry-cache-.+",__name__!~"ALERTS.*"}'] },
};

/** Of the cache's own Prometheus, and of one that fetches from it, whose own default is a minute: the rates of a minute in the dashboards would have no second sample. */
export const scrapeInterval = "15s";

interface FederationOptions {
  /** Its name among all. */
  readonly cache: string;
  readonly address: MetricsAddress;
  /** Of all series and alerts that leave the cache. Without an answer, what is said of the job has them from here. */
  readonly labels: Readonly<Record<string, string>>;
  /** PEM of the authority to trust, where it isn't a public one. */
  readonly ca?: string | undefined;
}

/** The rules know the job by it. */
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
