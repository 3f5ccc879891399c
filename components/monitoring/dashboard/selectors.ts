import { outsideJob } from "../outside-probe.ts";

/** In a Prometheus with the metrics of several caches, each series has the label `region`. In a cache's own Prometheus, none has. */
export const region = 'region=~"$region"';
export const ofUpstream = `${region},upstream=~"$upstream"`;
export const registryKinds = 'kind=~"blob|manifest|tag"';
export const fromUpstream = 'cache=~"MISS|EXPIRED"';

/**
 * Whether clients reach a cache, by region, according to the cache's own probe and, in a central Prometheus, to a probe from outside. One of several replicas suffices. A cache without a result
 * counts as unreachable if it had metrics in the time range, or if a job scrapes it.
 */
export const endpointUp =
  `min by (region) (max without (pod, replica) (probe_success{${region},job=~"registry-cache-endpoint|${outsideJob("")}.+"}))` +
  ` or 0 * min by (region) (last_over_time(up{${region},job=~"registry-cache-.+"}[$__range]))`;

/** Whether the upstreams answer, and give manifests to the cache's account. */
export function upstreamsUp(labels: string, matchers: string): string {
  return `min by (${labels}) (max without (pod, replica) (probe_success{${matchers},job=~"registry-cache-(upstream|manifests)"}))`;
}

/** Bytes sent minus bytes pulled, with the same labels. The counter of pulled bytes doesn't exist before the first pull, so it defaults to 0. */
export function saved(sentBytes: string, pulledBytes: string): string {
  return `${sentBytes} - (${pulledBytes} or 0 * ${sentBytes})`;
}

export function rate(metric: string, matchers: string): string {
  return `rate(${metric}{${matchers}}[$__rate_interval])`;
}

export function firstByte(quantile: number, cache: string): string {
  const buckets = rate("registry_cache_first_byte_seconds_bucket", `${ofUpstream},${registryKinds},${cache}`);
  return `histogram_quantile(${quantile}, sum by (region, kind, le) (${buckets}))`;
}

export function inRange(metric: string, matchers: string): string {
  return `sum(increase(${metric}{${matchers}}[$__range]))`;
}
