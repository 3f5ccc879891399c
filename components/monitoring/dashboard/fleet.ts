import { hits } from "../rules/recording.ts";
import type { Row } from "./panel.ts";
import { region } from "./selectors.ts";

const secondsPerDay = 86_400;

const answers = `min by (region) (probe_success{${region},job="registry-cache-endpoint"})`;
const inRange = (selector: string) => `sum by (region) (increase(${selector}[$__range]))`;
const saved = `${inRange(`registry_cache_response_bytes_total{${region},cache!="NONE"}`)} - ${inRange(`registry_proxy_pulled_bytes_total{${region}}`)}`;

/** The dashboard's variable for what a GB from the upstreams costs. */
export const pricePerGB = { name: "usdPerGB", label: "USD for a GB from the upstreams", default: "0.09" };

/** All regions beside each other, for a Prometheus that has several. */
export const fleet: Row = {
  title: "All regions",
  panels: [
    {
      title: "Regions",
      description:
        "A line for each region that is chosen, for the time shown. Empty in a cache's own Prometheus, which knows no region.",
      kind: "table",
      unit: "short",
      queries: {
        "Endpoint answers": answers,
        "Alerts that fire": `count by (region) (ALERTS{${region},alertstate="firing",alertname=~"RegistryCache.+"}) or 0 * ${answers}`,
        "Blobs from the cache": `${inRange(`registry_cache_requests_total{${region},kind="blob",${hits}}`)} / ${inRange(
          `registry_cache_requests_total{${region},kind="blob",cache!="NONE"}`,
        )}`,
        "Saved transfer": saved,
        "Saved by it": `(${saved}) / 1e9 * $${pricePerGB.name}`,
        "Certificate ends in": `min by (region) (probe_ssl_earliest_cert_expiry{${region},job="registry-cache-endpoint"} - time())`,
        "Change outstanding": `max by (region) (registry_cache_pod_outdated{${region}})`,
        "Pod in use for": `time() - max by (region) (registry_cache_pod_applied_time_seconds{${region}})`,
      },
      columns: {
        "Endpoint answers": { unit: "bool_yes_no", bad: { below: 1 } },
        "Alerts that fire": { bad: { from: 1 } },
        "Blobs from the cache": { unit: "percentunit" },
        "Saved transfer": { unit: "bytes" },
        "Saved by it": { unit: "currencyUSD" },
        "Certificate ends in": { unit: "s", bad: { below: 14 * secondsPerDay } },
        "Change outstanding": { unit: "bool_yes_no", bad: { from: 1 } },
        "Pod in use for": { unit: "s" },
      },
    },
  ],
};
