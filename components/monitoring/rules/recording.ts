import type { Durations } from "./durations.ts";
import type { RecordingRule } from "./rule.ts";

/**
 * The series that the dashboard and the alerts share. They are aggregated `without` the labels inside a cache, so that the labels of its region remain
 * in a Prometheus with the metrics of several caches.
 */
export function recordingRules(durations: Durations): RecordingRule[] {
  const short = durations.minutes(5);
  const hour = durations.hours(1);
  const rate = (selector: string, window: string) => `(rate(${selector}[${window}]))`;
  const perKind = "sum without (instance, job, cache, refused, method, status) ";
  const perOrigin = "sum without (instance, job, handler, code, method) ";
  const series = {
    "upstream_kind:registry_cache_requests:rate5m":
      perKind + rate('registry_cache_requests_total{refused=""}', short),
    "upstream:registry_cache_requests:rate5m":
      'sum without (kind) (upstream_kind:registry_cache_requests:rate5m{kind!="ping"})',
    "upstream_kind:registry_cache_hits:ratio_rate5m": ratio(
      perKind + rate(`registry_cache_requests_total{${hits}}`, short),
      perKind + rate('registry_cache_requests_total{cache!="NONE"}', short),
    ),
    "upstream:registry_cache_blob_requests:rate1h":
      perUpstream + rate('registry_cache_requests_total{kind="blob",cache!="NONE"}', hour),
    "upstream:registry_cache_blob_hits:ratio_rate1h": ratio(
      perUpstream + rate(`registry_cache_requests_total{kind="blob",${hits}}`, hour),
      "upstream:registry_cache_blob_requests:rate1h",
    ),
    "upstream:registry_cache_errors:ratio_rate5m": ratio(
      perUpstream + rate('registry_cache_requests_total{refused="",status=~"5.."}', short),
      "upstream:registry_cache_requests:rate5m",
    ),
    "upstream:registry_cache_misses:rate5m":
      perUpstream + rate(`registry_cache_requests_total{refused="",kind!="ping",${misses}}`, short),
    "upstream:registry_cache_miss_errors:ratio_rate5m": ratio(
      perUpstream +
        rate(`registry_cache_requests_total{refused="",kind!="ping",${misses},status=~"5.."}`, short),
      "upstream:registry_cache_misses:rate5m",
    ),
    "upstream:registry_cache_response_bytes:rate5m":
      perUpstream + rate("registry_cache_response_bytes_total", short),
    "upstream:registry_cache_saved_bytes:rate5m": `upstream:registry_cache_response_bytes:rate5m - (sum without (instance, job, type) ${rate(
      "registry_proxy_pulled_bytes_total",
      short,
    )} or 0 * upstream:registry_cache_response_bytes:rate5m)`,
    "upstream:registry_cache_blob_transfers:mean5m":
      perUpstream + rate(`registry_cache_request_duration_seconds_sum{${wholeBlobs}}`, short),
    "upstream:registry_cache_blob_bytes_per_second:mean5m": `${perUpstream}${rate(`registry_cache_response_bytes_total{${wholeBlobs}}`, short)} / (upstream:registry_cache_blob_transfers:mean5m > 0)`,
    "upstream:registry_http_requests:rate5m": perOrigin + rate("registry_http_requests_total", short),
    "upstream:registry_http_errors:ratio_rate5m": ratio(
      // 401, 403 and 429 are errors, because clients don't get what an upstream denies. The probe of manifests doesn't notice denied blobs, and Docker Hub has no such probe.
      perOrigin + rate('registry_http_requests_total{code=~"5..|401|403|429"}', short),
      "upstream:registry_http_requests:rate5m",
    ),
    "zone:registry_cache_store_fill:ratio": ["bytes", "max_bytes"]
      .map((name) => `sum without (instance, job) (registry_cache_store_${name})`)
      .join(" / "),
  };
  return Object.entries(series).map(([record, expr]) => ({ record, expr }));
}

/** A sum over the requests for an upstream. */
export const perUpstream = "sum without (instance, job, kind, cache, refused, method, status) ";

/** A ratio: 0 if the part has no series yet, and no result if the whole is 0, because a single 0 / 0 would make an average over hours NaN. */
export function ratio(part: string, whole: string): string {
  return `(${part} or 0 * ${whole}) / (${whole} > 0)`;
}

/** The cache statuses of answers without a transfer from the upstream. */
const answered = '"HIT|REVALIDATED|STALE|UPDATING"';
export const hits = `cache=~${answered}`;
const misses = `cache!~${answered}`;
const wholeBlobs = 'kind="blob",status="200"';
