import { defaultCertificateDays } from "../../config/default-thresholds.ts";
import { hits, ratio } from "../rules/recording.ts";
import { row } from "./panel.ts";
import { endpointUp, region, saved, upstreamsUp } from "./selectors.ts";

const increase = (metric: string, matchers: string) =>
  `sum by (region) (increase(${metric}{${matchers}}[$__range]))`;
const blobs = (matcher: string) =>
  increase("registry_cache_requests_total", `${region},kind="blob",${matcher}`);
const savedBytes = saved(
  increase("registry_cache_response_bytes_total", `${region},cache!="NONE"`),
  increase("registry_proxy_pulled_bytes_total", region),
);

/** The dashboard's variable for the price of a GB from the upstreams. */
export const pricePerGB = { name: "usdPerGB", label: "USD per GB from the upstreams", default: "0.09" };

/** One line per region: the first look for operators of all regions. */
export const regions = row("All regions", {
  Regions: {
    description:
      "One row per region. A red value needs attention. The region's name links to its dashboard. A region that is dead for longer than the time range stays only with a probe from outside or a job that fetches its metrics.",
    kind: "table",
    unit: "short",
    queries: {
      "Endpoint up": endpointUp,
      "Upstreams reachable": upstreamsUp("region", region),
      "Certificate expires in": `min by (region) (probe_ssl_earliest_cert_expiry{${region},job="registry-cache-endpoint"}) - time()`,
      "Blob hit ratio": ratio(blobs(hits), blobs('cache!="NONE"')),
      "Transfer saved": savedBytes,
      "Cost saved": `(${savedBytes}) / 1e9 * $${pricePerGB.name}`,
      Pod: `max by (region, digest) (registry_cache_pod_applied_info{${region}})`,
      "Pod age": `time() - max by (region) (registry_cache_pod_applied_time_seconds{${region}})`,
      "Change pending": `max by (region) (registry_cache_pod_outdated{${region}})`,
    },
    columns: {
      "Endpoint up": { unit: "bool_yes_no", bad: { below: 1 } },
      "Upstreams reachable": { unit: "bool_yes_no", bad: { below: 1 } },
      "Certificate expires in": { unit: "s", bad: { below: defaultCertificateDays * 24 * 3600 } },
      "Blob hit ratio": { unit: "percentunit" },
      "Transfer saved": { unit: "bytes" },
      "Cost saved": { unit: "currencyUSD" },
      Pod: { label: "digest" },
      "Pod age": { unit: "s" },
      "Change pending": { unit: "bool_yes_no", bad: { from: 1 } },
    },
  },
  "Blob hit ratio over time": {
    description: "Share of the requested blobs that came from the cache, by region.",
    unit: "percentunit",
    max: 1,
    queries: {
      "{{region}}": `sum by (region) (rate(registry_cache_requests_total{${region},kind="blob",${hits}}[$__rate_interval])) / sum by (region) (rate(registry_cache_requests_total{${region},kind="blob",cache!="NONE"}[$__rate_interval]))`,
    },
  },
  "Transfer to clients": {
    description: "What all clients of a region receive.",
    unit: "Bps",
    queries: {
      "{{region}}": `sum by (region) (rate(registry_cache_response_bytes_total{${region},cache!="NONE"}[$__rate_interval]))`,
    },
  },
  "Transfer from upstreams": {
    description: "What each region pulls and you pay for: each blob once.",
    unit: "Bps",
    queries: {
      "{{region}}": `sum by (region) (rate(registry_proxy_pulled_bytes_total{${region}}[$__rate_interval]))`,
    },
  },
});
