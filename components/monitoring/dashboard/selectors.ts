import { outsideJob } from "../outside-probe.ts";

/** Where several caches send their metrics to one Prometheus, each series has its region; in the cache's own Prometheus, none has. */
export const region = 'region=~"$region"';
export const ofUpstream = `${region},upstream=~"$upstream"`;
export const registryKinds = 'kind=~"blob|manifest|tag"';
export const fromUpstream = 'cache=~"MISS|EXPIRED"';

/**
 * Whether clients reach a cache, by region: as the cache itself sees it and, in a central Prometheus, a probe from outside. A cache that was there, or that a job fetches from, and
 * that nothing is known of, isn't reached.
 */
export const endpointUp =
  `min by (region) (probe_success{${region},job=~"registry-cache-endpoint|${outsideJob("")}.+"})` +
  ` or 0 * min by (region) (last_over_time(up{${region},job=~"registry-cache-.+"}[$__range]))`;

/** Of the same labels. Where nothing was pulled, its counter isn't there. */
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
