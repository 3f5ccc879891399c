import { row } from "./panel.ts";
import { ofUpstream, rate, region, registryKinds } from "./selectors.ts";

export const savings = row("Savings", {
  "Hit ratio by kind": {
    description:
      "Share of the requests that were answered from the cache. A tag that is older than freshnessSeconds is checked with the upstream again.",
    unit: "percentunit",
    max: 1,
    queries: {
      "{{kind}} of {{upstream}} {{region}}": `upstream_kind:registry_cache_hits:ratio_rate5m{${ofUpstream}}`,
    },
  },
  "Coalesced requests": {
    description:
      "Hits that waited for a fill that another client had started. Without coalescing, each would be one more transfer from the upstream.",
    unit: "reqps",
    queries: {
      "{{upstream}} {{region}}":
        `sum by (region, upstream) (${rate("registry_cache_first_byte_seconds_count", `${ofUpstream},cache="HIT"`)}) - ` +
        `sum by (region, upstream) (${rate("registry_cache_first_byte_seconds_bucket", `${ofUpstream},cache="HIT",le="0.4"`)})`,
    },
  },
  "Evicted per hour": {
    description:
      "The least recently used blobs, deleted to make room. If this stays as high as what is fetched, the disk is too small for the working set.",
    unit: "bytes",
    queries: {
      "evicted {{region}}": `clamp_min(increase(registry_cache_stored_bytes_total{${region},zone="blobs"}[1h]) - delta(registry_cache_store_bytes{${region},zone="blobs"}[1h]), 0)`,
    },
  },
});

export const speed = row("Latency and speed", {
  "Blob download speed": {
    description: "Average of one transfer. It also depends on the client's own network.",
    unit: "Bps",
    queries: {
      "{{upstream}} {{region}}": `upstream:registry_cache_blob_bytes_per_second:mean5m{${ofUpstream}}`,
    },
  },
  "Origin response time (p95)": {
    description: "Time until the origin has sent the complete response.",
    unit: "s",
    queries: {
      "{{kind}} {{region}}": `histogram_quantile(0.95, sum by (region, kind, le) (${rate("registry_cache_origin_duration_seconds_bucket", `${ofUpstream},${registryKinds}`)}))`,
    },
  },
  "Upstream probe duration": {
    description: "A small request without a transfer: it shows the network and the upstream's front end.",
    unit: "s",
    queries: {
      "{{upstream}} {{region}}": `probe_duration_seconds{${ofUpstream},job="registry-cache-upstream"}`,
    },
  },
});

export const trouble = row("Errors", {
  "Error ratio": {
    description:
      "Share of requests answered with a 5xx status. Of the edge, without pings and refused requests. Clients then fell back to the upstream.",
    unit: "percentunit",
    queries: {
      "edge: {{upstream}} {{region}}": `upstream:registry_cache_errors:ratio_rate5m{${ofUpstream}}`,
      "origin: {{upstream}} {{region}}": `upstream:registry_http_errors:ratio_rate5m{${ofUpstream}}`,
    },
  },
  "Refused requests and stale responses": {
    description:
      "Requests that the cache refused, by reason, and stored responses that it served because the upstream didn't answer.",
    unit: "reqps",
    queries: {
      "refused: {{refused}} {{region}}": `sum by (region, refused) (${rate("registry_cache_requests_total", `${region},refused!=""`)}) or vector(0)`,
      "stale {{region}}": `sum by (region) (${rate("registry_cache_requests_total", `${ofUpstream},cache="STALE"`)}) or vector(0)`,
    },
  },
  "Busiest client's share": {
    description:
      "Upper bound of one client's share of all bytes. A high value is normal with few clients, or with many behind one NAT gateway.",
    unit: "percentunit",
    max: 1,
    queries: {
      "{{region}}":
        `max by (region) (${rate("registry_cache_client_response_bytes_total", region)}) / ` +
        `sum by (region) (${rate("registry_cache_client_response_bytes_total", region)})`,
    },
  },
  "Corrupt objects and lost log lines": {
    description:
      "Objects that were deleted because their content was wrong, and log lines of requests that are missing from the metrics.",
    unit: "short",
    queries: {
      "corrupt objects {{region}}": `increase(registry_cache_corrupt_objects_total{${region}}[$__rate_interval])`,
      "lost lines of {{log}} log {{region}}": `increase(registry_cache_log_lines_lost_total{${region}}[$__rate_interval])`,
    },
  },
});

export const room = row("Capacity", {
  "Store used": {
    description: "Share of the store's budget. A cache that has filled up stays at 100 %.",
    unit: "percentunit",
    max: 1,
    queries: { "{{zone}} {{region}}": `zone:registry_cache_store_fill:ratio{${region}}` },
  },
  "Disk space": {
    description:
      "If free space falls below the reserve, the least recently used objects are evicted, even within the budget.",
    unit: "bytes",
    queries: {
      "free {{region}}": `registry_cache_filesystem_avail_bytes{${region}}`,
      "reserve {{region}}": `registry_cache_filesystem_min_free_bytes{${region}}`,
      "{{zone}} {{region}}": `registry_cache_store_bytes{${region}}`,
    },
  },
  "Connections in use": {
    description: "Share of nginx's maximum. A transfer from an origin takes a second connection.",
    unit: "percentunit",
    queries: {
      "{{region}}": `registry_cache_connections{${region},state="active"} / ignoring (state) registry_cache_connections_max{${region}}`,
    },
  },
  "Certificate expires in": {
    description: "A certificate of Let's Encrypt is renewed when a third of its lifetime is left.",
    unit: "s",
    queries: {
      "{{region}}": `probe_ssl_earliest_cert_expiry{${region},job="registry-cache-endpoint"} - time()`,
    },
  },
});
