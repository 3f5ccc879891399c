/** Where several caches send their metrics to one Prometheus, each series has its region; in the cache's own Prometheus, none has. */
export const region = 'region=~"$region"';
export const ofUpstream = `${region},upstream=~"$upstream"`;
export const registryKinds = 'kind=~"blob|manifest|tag"';
export const fromUpstream = 'cache=~"MISS|EXPIRED"';

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
