import type { Alert, Prometheus, Sample } from "./prometheus.ts";

/** The current state of the cache. */
export interface State {
  /** Unix time. */
  readonly at: number;
  readonly alerts: readonly Alert[];
  readonly samples: Readonly<Record<keyof typeof stateQueries, readonly Sample[]>>;
}

export const stateQueries = {
  endpoint: 'probe_success{job="registry-cache-endpoint"}',
  upstreams: 'probe_success{job="registry-cache-upstream"}',
  upstreamSeconds: 'probe_duration_seconds{job="registry-cache-upstream"}',
  parts: 'up{job=~"registry-cache-.+"}',
  certificateSeconds: 'probe_ssl_earliest_cert_expiry{job="registry-cache-endpoint"} - time()',
  stored: "sum(registry_cache_store_bytes)",
  storable: "sum(registry_cache_store_max_bytes)",
  objects: "sum(registry_cache_store_objects)",
  free: "registry_cache_filesystem_avail_bytes",
  reserve: "registry_cache_filesystem_min_free_bytes",
  asked: 'sum(registry_cache_requests_total{cache!="NONE"})',
  started: "registry_cache_edge_start_time_seconds > 0",
  wanted: "registry_cache_pod_wanted_info",
  applied: "registry_cache_pod_applied_info",
  appliedAt: "registry_cache_pod_applied_time_seconds",
  failure: "registry_cache_pod_failure_info",
  prefetchPresent: "registry_cache_prefetch_images_present",
  prefetchWanted: "registry_cache_prefetch_images_wanted",
} as const;

/** @throws what {@link Prometheus} throws */
export async function stateOf(prometheus: Prometheus, at: number): Promise<State> {
  const [alerts, samples] = await Promise.all([prometheus.alerts(), prometheus.queryAll(stateQueries)]);
  return { at, alerts, samples };
}

/** The value of the first sample, or undefined. For queries with at most one sample. */
export function only(samples: readonly Sample[]): number | undefined {
  return samples[0]?.value;
}

/** The upstreams that don't answer. */
export function silentUpstreams({ samples }: State): string[] {
  return samples.upstreams.flatMap(({ labels, value }) => (value === 0 ? [labels.upstream ?? ""] : []));
}

/** The parts that don't answer, without the origins of silent upstreams, which are stopped on purpose. */
export function silentParts(state: State): string[] {
  const silent = silentUpstreams(state);
  return state.samples.parts
    .filter(({ labels, value }) => value === 0 && !silent.includes(labels.upstream ?? ""))
    .map(({ labels }) =>
      [labels.job?.replace("registry-cache-", ""), labels.upstream].filter(Boolean).join(" "),
    );
}
