import type { Row } from "./panel.ts";
import { ofUpstream, rate, region, registryKinds } from "./selectors.ts";

export const savings: Row = {
  title: "What it saves",
  panels: [
    {
      title: "From the cache",
      description: "Share of the requests, by kind. Tags are asked for again when they are old.",
      kind: "timeseries",
      unit: "percentunit",
      max: 1,
      queries: {
        "{{kind}} of {{upstream}} {{region}}": `upstream_kind:registry_cache_hits:ratio_rate5m{${ofUpstream}}`,
      },
    },
    {
      title: "Coalesced requests",
      description:
        "They waited while another client's request filled the cache: without it, each a transfer more.",
      kind: "timeseries",
      unit: "reqps",
      queries: {
        "{{upstream}} {{region}}":
          `sum by (region, upstream) (${rate("registry_cache_first_byte_seconds_count", `${ofUpstream},cache="HIT"`)}) - ` +
          `sum by (region, upstream) (${rate("registry_cache_first_byte_seconds_bucket", `${ofUpstream},cache="HIT",le="0.4"`)})`,
      },
    },
    {
      title: "Evicted in an hour",
      description:
        "Least recently used blobs that made room. Steadily as much as is fetched: the disk is too small for what is in use.",
      kind: "timeseries",
      unit: "bytes",
      queries: {
        "evicted {{region}}": `clamp_min(increase(registry_cache_stored_bytes_total{${region},zone="blobs"}[1h]) - delta(registry_cache_store_bytes{${region},zone="blobs"}[1h]), 0)`,
      },
    },
  ],
};

export const speed: Row = {
  title: "Where it is slow",
  panels: [
    {
      title: "Speed of whole blobs",
      description: "Bytes per second of one transfer, on average; a client's own network counts, too.",
      kind: "timeseries",
      unit: "Bps",
      queries: {
        "{{upstream}} {{region}}": `upstream:registry_cache_blob_bytes_per_second:mean5m{${ofUpstream}}`,
      },
    },
    {
      title: "The origin's time",
      description: "Until it had sent everything, for one request in twenty.",
      kind: "timeseries",
      unit: "s",
      queries: {
        "{{kind}} {{region}}": `histogram_quantile(0.95, sum by (region, kind, le) (${rate("registry_cache_origin_duration_seconds_bucket", `${ofUpstream},${registryKinds}`)}))`,
      },
    },
    {
      title: "The upstream's answer to a probe",
      description: "Without any transfer: the network and the upstream's front door.",
      kind: "timeseries",
      unit: "s",
      queries: {
        "{{upstream}} {{region}}": `probe_duration_seconds{${ofUpstream},job="registry-cache-upstream"}`,
      },
    },
  ],
};

export const trouble: Row = {
  title: "Trouble",
  panels: [
    {
      title: "Failed requests",
      description: "Share of those that were tried. Clients fell back to the upstream.",
      kind: "timeseries",
      unit: "percentunit",
      queries: {
        "edge: {{upstream}} {{region}}": `upstream:registry_cache_errors:ratio_rate5m{${ofUpstream}}`,
        "origin: {{upstream}} {{region}}": `upstream:registry_http_errors:ratio_rate5m{${ofUpstream}}`,
      },
    },
    {
      title: "Refused and stale",
      description:
        "What isn't served, by reason, and old answers in place of an upstream that doesn't answer.",
      kind: "timeseries",
      unit: "reqps",
      queries: {
        "refused: {{refused}} {{region}}": `sum by (region, refused) (${rate("registry_cache_requests_total", `${region},refused!=""`)}) or vector(0)`,
        "stale {{region}}": `sum by (region) (${rate("registry_cache_requests_total", `${ofUpstream},cache="STALE"`)}) or vector(0)`,
      },
    },
    {
      title: "Share of the busiest client",
      description:
        "Of all bytes, at most. With few clients, or a NAT gateway before many, it's high without anything wrong.",
      kind: "timeseries",
      unit: "percentunit",
      max: 1,
      queries: {
        "{{region}}":
          `max by (region) (${rate("registry_cache_client_response_bytes_total", region)}) / ` +
          `sum by (region) (${rate("registry_cache_client_response_bytes_total", region)})`,
      },
    },
    {
      title: "Damage",
      description:
        "Objects that were deleted because their content was wrong, and requests that the metrics missed.",
      kind: "timeseries",
      unit: "short",
      queries: {
        "corrupt objects {{region}}": `increase(registry_cache_corrupt_objects_total{${region}}[$__rate_interval])`,
        "lost lines of the log of {{log}} {{region}}": `increase(registry_cache_log_lines_lost_total{${region}}[$__rate_interval])`,
      },
    },
  ],
};

export const room: Row = {
  title: "Room",
  panels: [
    {
      title: "The store is full to",
      description: "100 % is where a cache stays once it has been filled.",
      kind: "timeseries",
      unit: "percentunit",
      max: 1,
      queries: {
        "{{zone}} {{region}}": `zone:registry_cache_store_fill:ratio{${region}}`,
      },
    },
    {
      title: "Disk",
      description: "Below the reserve, the least recently used goes, whatever the budget.",
      kind: "timeseries",
      unit: "bytes",
      queries: {
        "free {{region}}": `registry_cache_filesystem_avail_bytes{${region}}`,
        "reserve {{region}}": `registry_cache_filesystem_min_free_bytes{${region}}`,
        "{{zone}} {{region}}": `registry_cache_store_bytes{${region}}`,
      },
    },
    {
      title: "Connections",
      description: "Of all that nginx can have. A transfer from an origin takes a second one.",
      kind: "timeseries",
      unit: "percentunit",
      queries: {
        "{{region}}": `registry_cache_connections{${region},state="active"} / ignoring (state) registry_cache_connections_max{${region}}`,
      },
    },
    {
      title: "The certificate is good for",
      description: "Let's Encrypt's are renewed with a third of their time left.",
      kind: "timeseries",
      unit: "s",
      queries: {
        "{{region}}": `probe_ssl_earliest_cert_expiry{${region},job="registry-cache-endpoint"} - time()`,
      },
    },
  ],
};
