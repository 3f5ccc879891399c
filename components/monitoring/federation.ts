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

/**
 * An entry of `scrape_configs`.
 * @param cache its name among all
 * @param ca PEM of the authority to trust, where it isn't a public one
 */
export function federation(
  cache: string,
  { scheme, target }: MetricsAddress,
  ca: string | undefined,
): object {
  return {
    job_name: `registry-cache-${cache}`,
    honor_labels: true,
    metrics_path: federated.path,
    params: federated.params,
    scheme,
    ...(scheme === "https" && ca !== undefined && { tls_config: { ca } }),
    static_configs: [{ targets: [target] }],
  };
}
