import { hits } from "../rules/recording.ts";
import type { Row } from "./panel.ts";
import { firstByte, fromUpstream, inRange, ofUpstream, rate, region, registryKinds } from "./selectors.ts";

/** The first screen: is it healthy, what does it save, where is it slow. */
export const overview: Row = {
  title: "Is it healthy, what does it save, where is it slow",
  panels: [
    {
      title: "Endpoint answers",
      description: "The cache's own endpoint, probed on its machine. No: clients pull from the upstreams.",
      kind: "stat",
      unit: "bool_yes_no",
      bad: { below: 1 },
      queries: {
        "endpoint {{region}}": `min by (region) (probe_success{${region},job="registry-cache-endpoint"})`,
      },
    },
    {
      title: "Upstream answers",
      description: "No: what is cached is served, and nothing else.",
      kind: "stat",
      unit: "bool_yes_no",
      bad: { below: 1 },
      queries: {
        "{{upstream}} {{region}}": `min by (region, upstream) (probe_success{${ofUpstream},job="registry-cache-upstream"})`,
      },
    },
    {
      title: "Alerts that fire",
      description: "Without the watchdog, which always does.",
      kind: "stat",
      unit: "short",
      bad: { from: 1 },
      queries: {
        alerts: `count(ALERTS{${region},alertstate="firing",alertname=~"RegistryCache.+"}) or vector(0)`,
      },
    },
    {
      title: "Blobs from the cache",
      description: "Of all blobs that clients asked for in the time shown.",
      kind: "stat",
      unit: "percentunit",
      max: 1,
      queries: {
        "hit ratio": `${inRange("registry_cache_requests_total", `${ofUpstream},kind="blob",${hits}`)} / ${inRange(
          "registry_cache_requests_total",
          `${ofUpstream},kind="blob",cache!="NONE"`,
        )}`,
      },
    },
    {
      title: "Saved transfer",
      description:
        "What clients got in the time shown, less what came from the upstreams. A cache that has just been filled has saved nothing yet.",
      kind: "stat",
      unit: "bytes",
      queries: {
        saved: `${inRange("registry_cache_response_bytes_total", `${ofUpstream},cache!="NONE"`)} - ${inRange(
          "registry_proxy_pulled_bytes_total",
          ofUpstream,
        )}`,
      },
    },
    {
      title: "First byte of a cached blob",
      description: "95 of 100 were faster. It takes milliseconds, unless it waits for another client's fill.",
      kind: "stat",
      unit: "s",
      bad: { from: 1 },
      queries: {
        "p95 {{region}}": `histogram_quantile(0.95, sum by (region, le) (rate(registry_cache_first_byte_seconds_bucket{${ofUpstream},kind="blob",cache="HIT"}[$__range])))`,
      },
    },
    {
      title: "Requests",
      description: "Per second, by where the answer came from: docs/metrics.md explains the names.",
      kind: "timeseries",
      unit: "reqps",
      queries: {
        "{{cache}} {{region}}": `sum by (region, cache) (${rate("registry_cache_requests_total", `${ofUpstream},${registryKinds}`)})`,
      },
    },
    {
      title: "Transfer",
      description: "The distance between the lines is what the cache saves.",
      kind: "timeseries",
      unit: "Bps",
      queries: {
        "to clients from {{upstream}} {{region}}": `sum by (region, upstream) (${rate("registry_cache_response_bytes_total", `${ofUpstream},cache!="NONE"`)})`,
        "from upstream {{upstream}} {{region}}": `sum by (region, upstream) (${rate("registry_proxy_pulled_bytes_total", ofUpstream)})`,
      },
    },
    {
      title: "First byte",
      description:
        "From the cache and from the upstream, for one request in twenty. The second is the upstream's own time, and the way to it.",
      kind: "timeseries",
      unit: "s",
      queries: {
        "cached {{kind}} {{region}}": firstByte(0.95, 'cache="HIT"'),
        "fetched {{kind}} {{region}}": firstByte(0.95, fromUpstream),
      },
    },
  ],
};
