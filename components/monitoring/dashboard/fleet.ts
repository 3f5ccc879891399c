import { hits } from "../rules/recording.ts";
import type { Row } from "./panel.ts";
import { region } from "./selectors.ts";

const increase = (metric: string, matchers: string) =>
  `sum by (region) (increase(${metric}{${matchers}}[$__range]))`;
const blobs = (matcher: string) =>
  increase("registry_cache_requests_total", `${region},kind="blob",${matcher}`);
const saved = `${increase("registry_cache_response_bytes_total", `${region},cache!="NONE"`)} - ${increase("registry_proxy_pulled_bytes_total", region)}`;

/** The dashboard's variable for what a GB from the upstreams costs. */
export const pricePerGB = { name: "usdPerGB", label: "USD for a GB from the upstreams", default: "0.09" };

/** A line per region: what somebody who runs them all looks at first. */
export const regions: Row = {
  title: "All regions",
  panels: [
    {
      title: "Regions",
      description:
        "A line for each. What is red needs somebody; the name leads to the dashboard of the region.",
      kind: "table",
      unit: "short",
      queries: {
        "Endpoint answers": `min by (region) (probe_success{${region},job="registry-cache-endpoint"})`,
        "Upstreams answer": `min by (region) (probe_success{${region},job="registry-cache-upstream"})`,
        "Certificate ends in": `min by (region) (probe_ssl_earliest_cert_expiry{${region},job="registry-cache-endpoint"}) - time()`,
        "Blobs from the cache": `${blobs(hits)} / ${blobs('cache!="NONE"')}`,
        "Saved transfer": saved,
        "Saved by it": `(${saved}) / 1e9 * $${pricePerGB.name}`,
        Pod: `max by (region, digest) (registry_cache_pod_applied_info{${region}})`,
        "Runs for": `time() - max by (region) (registry_cache_pod_applied_time_seconds{${region}})`,
        "Changes outstanding": `max by (region) (registry_cache_pod_outdated{${region}})`,
      },
      columns: {
        "Endpoint answers": { unit: "bool_yes_no", bad: { below: 1 } },
        "Upstreams answer": { unit: "bool_yes_no", bad: { below: 1 } },
        // A week: what renews it has failed for three.
        "Certificate ends in": { unit: "s", bad: { below: 7 * 24 * 3600 } },
        "Blobs from the cache": { unit: "percentunit" },
        "Saved transfer": { unit: "bytes" },
        "Saved by it": { unit: "currencyUSD" },
        Pod: { label: "digest" },
        "Runs for": { unit: "s" },
        "Changes outstanding": { unit: "bool_yes_no", bad: { from: 1 } },
      },
    },
    {
      title: "Blobs from the cache, over time",
      description: "Share of the blobs that clients asked for, by region.",
      kind: "timeseries",
      unit: "percentunit",
      max: 1,
      queries: {
        "{{region}}": `sum by (region) (rate(registry_cache_requests_total{${region},kind="blob",${hits}}[$__rate_interval])) / sum by (region) (rate(registry_cache_requests_total{${region},kind="blob",cache!="NONE"}[$__rate_interval]))`,
      },
    },
    {
      title: "Transfer to clients",
      description: "What all clients of a region get.",
      kind: "timeseries",
      unit: "Bps",
      queries: {
        "{{region}}": `sum by (region) (rate(registry_cache_response_bytes_total{${region},cache!="NONE"}[$__rate_interval]))`,
      },
    },
    {
      title: "Transfer from upstreams",
      description: "What each region pays for, once per blob.",
      kind: "timeseries",
      unit: "Bps",
      queries: {
        "{{region}}": `sum by (region) (rate(registry_proxy_pulled_bytes_total{${region}}[$__rate_interval]))`,
      },
    },
  ],
};
