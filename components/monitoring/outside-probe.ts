/** How a blackbox_exporter of the team's asks a cache from outside, as a client does: what a dead machine can't say of itself. https://github.com/prometheus/blackbox_exporter */

/** What a Prometheus and a blackbox_exporter elsewhere are told. */
export interface OutsideProbe {
  /** An entry of `scrape_configs`. {@link exporter} stands for the exporter's address. */
  readonly scrapeConfig: object;
  /** An entry of `modules` of the exporter. */
  readonly module: object;
  /** The same for the Prometheus Operator, as a manifest. */
  readonly operator: object;
}

export interface OutsideProbeOptions {
  /** Its name among all. */
  readonly cache: string;
  /** URL that clients ask. */
  readonly endpoint: string;
  /** PEM of the authority that signs the endpoint's certificate. @default a public one */
  readonly ca?: string | undefined;
  /** Of all series and alerts that leave the cache, by which alerts find their people. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Where the exporter is, until somebody says it. */
const exporter = "blackbox-exporter:9115";

/** The rules know the probe by it. No name that begins like the cache's own jobs, whose absence is another alert. */
export function outsideJob(cache: string): string {
  return `blackbox-registry-cache-${cache}`;
}

export function outsideProbe({ cache, endpoint, ca, labels }: OutsideProbeOptions): OutsideProbe {
  const job = outsideJob(cache);
  const target = `${endpoint}/v2/`;
  const common = {
    module: ca === undefined ? "registry_cache" : `registry_cache_${cache.replaceAll("-", "_")}`,
  };
  return {
    scrapeConfig: {
      job_name: job,
      scrape_interval: "30s",
      scrape_timeout: "10s",
      metrics_path: "/probe",
      params: { module: [common.module] },
      static_configs: [{ targets: [target], labels }],
      relabel_configs: [
        { source_labels: ["__address__"], target_label: "__param_target" },
        { source_labels: ["__param_target"], target_label: "instance" },
        { target_label: "__address__", replacement: exporter },
      ],
    },
    module: {
      [common.module]: {
        prober: "http",
        timeout: "5s",
        // As clients without IPv6, and the exporter may have none. A name with AAAA records alone is still asked by them.
        http: {
          valid_status_codes: [200],
          preferred_ip_protocol: "ip4",
          ...(ca !== undefined && { tls_config: { ca } }),
        },
      },
    },
    operator: {
      apiVersion: "monitoring.coreos.com/v1",
      kind: "Probe",
      metadata: { name: job, labels: { "app.kubernetes.io/name": "registry-cache" } },
      spec: {
        jobName: job,
        interval: "30s",
        scrapeTimeout: "10s",
        module: common.module,
        prober: { url: exporter },
        targets: { staticConfig: { static: [target], labels } },
      },
    },
  };
}
