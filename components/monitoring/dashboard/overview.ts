import { hits, ratio } from "../rules/recording.ts";
import { row } from "./panel.ts";
import {
  endpointUp,
  firstByte,
  fromUpstream,
  inRange,
  ofUpstream,
  rate,
  region,
  registryKinds,
  saved,
  upstreamsUp,
} from "./selectors.ts";

/** The first screen: whether the cache is healthy, what it saves, and where it is slow. */
export const overview = row("Health, savings and latency", {
  "Endpoint up": {
    description:
      "Probes of the endpoint: from the cache's own machine and, in a central Prometheus, from outside. No: clients pull from the upstreams.",
    kind: "stat",
    unit: "bool_yes_no",
    bad: { below: 1 },
    queries: { "endpoint {{region}}": endpointUp },
  },
  "Upstream reachable": {
    description: "No: the cache serves what it has stored, and nothing else.",
    kind: "stat",
    unit: "bool_yes_no",
    bad: { below: 1 },
    queries: { "{{upstream}} {{region}}": upstreamsUp("region, upstream", ofUpstream) },
  },
  "Firing alerts": {
    description: "Without the watchdog, which always fires.",
    kind: "stat",
    unit: "short",
    bad: { from: 1 },
    queries: {
      alerts: `count(ALERTS{${region},alertstate="firing",alertname=~"RegistryCache.+"}) or vector(0)`,
    },
  },
  "Blob hit ratio": {
    description: "Share of the requested blobs that came from the cache, over the time range.",
    kind: "stat",
    unit: "percentunit",
    max: 1,
    queries: {
      "hit ratio": ratio(
        inRange("registry_cache_requests_total", `${ofUpstream},kind="blob",${hits}`),
        inRange("registry_cache_requests_total", `${ofUpstream},kind="blob",cache!="NONE"`),
      ),
    },
  },
  "Transfer saved": {
    description:
      "Bytes sent to clients minus bytes pulled from the upstreams, over the time range. A new cache saves nothing until clients ask for the same blobs again.",
    kind: "stat",
    unit: "bytes",
    queries: {
      saved: saved(
        inRange("registry_cache_response_bytes_total", `${ofUpstream},cache!="NONE"`),
        inRange("registry_proxy_pulled_bytes_total", ofUpstream),
      ),
    },
  },
  "Time to first byte of a cached blob (p95)": {
    description: "A few milliseconds, unless the request waited for a fill that another client had started.",
    kind: "stat",
    unit: "s",
    bad: { from: 1 },
    queries: {
      "p95 {{region}}": `histogram_quantile(0.95, sum by (region, le) (rate(registry_cache_first_byte_seconds_bucket{${ofUpstream},kind="blob",cache="HIT"}[$__range])))`,
    },
  },
  Requests: {
    description: "Per second, by cache status. docs/metrics.md explains the values.",
    unit: "reqps",
    queries: {
      "{{cache}} {{region}}": `sum by (region, cache) (${rate("registry_cache_requests_total", `${ofUpstream},${registryKinds}`)})`,
    },
  },
  Transfer: {
    description: "The gap between the lines is what the cache saves.",
    unit: "Bps",
    queries: {
      "to clients from {{upstream}} {{region}}": `sum by (region, upstream) (${rate("registry_cache_response_bytes_total", `${ofUpstream},cache!="NONE"`)})`,
      "from upstream {{upstream}} {{region}}": `sum by (region, upstream) (${rate("registry_proxy_pulled_bytes_total", ofUpstream)})`,
    },
  },
  "Time to first byte (p95)": {
    description:
      "From the cache, and from the upstream. The latter includes the network and the upstream's own response time.",
    unit: "s",
    queries: {
      "cached {{kind}} {{region}}": firstByte(0.95, 'cache="HIT"'),
      "fetched {{kind}} {{region}}": firstByte(0.95, fromUpstream),
    },
  },
});
