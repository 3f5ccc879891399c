/** Probes a cache from outside, as a client does, with a blackbox_exporter of the team. It notices a dead machine, which can't report itself. https://github.com/prometheus/blackbox_exporter */

/** The configuration of a Prometheus and a blackbox_exporter outside the cache. */
export interface OutsideProbe {
  /** An entry of `scrape_configs`. {@link exporter} stands for the exporter's address. */
  readonly scrapeConfig: object;
  /** An entry of `modules` of the exporter. */
  readonly module: object;
  /** The probe as a manifest for the Prometheus Operator. */
  readonly operator: object;
}

/** A cache that another Prometheus watches. */
export interface WatchedCache {
  /** Its unique name. */
  readonly cache: string;
  /** The private authority to trust, PEM. @default a public one */
  readonly ca?: string | undefined;
  /** The labels of all series and alerts that leave the cache. As labels of the target, `up` has them even if the cache doesn't answer. */
  readonly labels: Readonly<Record<string, string>>;
}

export interface OutsideProbeOptions extends WatchedCache {
  /** URL that clients send requests to. */
  readonly endpoint: string;
}

/** A placeholder for the exporter's address, which the team replaces. */
const exporter = "blackbox-exporter:9115";

/** The name of the probe's job, which the rules recognize. It has another prefix than the cache's own jobs, whose absence is another alert. */
export function outsideJob(cache: string): string {
  return `blackbox-registry-cache-${cache}`;
}

export function outsideProbe({ cache, endpoint, ca, labels }: OutsideProbeOptions): OutsideProbe {
  const job = outsideJob(cache);
  const target = `${endpoint}/v2/`;
  const module = ca === undefined ? "registry_cache" : `registry_cache_${cache.replaceAll("-", "_")}`;
  return {
    scrapeConfig: {
      job_name: job,
      scrape_interval: "30s",
      scrape_timeout: "10s",
      metrics_path: "/probe",
      params: { module: [module] },
      static_configs: [{ targets: [target], labels }],
      relabel_configs: probeRelabeling(exporter),
    },
    module: {
      [module]: {
        prober: "http",
        timeout: "5s",
        // IPv4 first, because clients or the exporter may have no IPv6. If the name has only AAAA records, the probe uses those.
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
        module,
        prober: { url: exporter },
        targets: { staticConfig: { static: [target], labels } },
      },
    },
  };
}

/** Passes a job's targets to a blackbox_exporter: https://github.com/prometheus/blackbox_exporter#prometheus-configuration */
export function probeRelabeling(exporter: string): object[] {
  return [
    { source_labels: ["__address__"], target_label: "__param_target" },
    { source_labels: ["__param_target"], target_label: "instance" },
    { target_label: "__address__", replacement: exporter },
  ];
}
