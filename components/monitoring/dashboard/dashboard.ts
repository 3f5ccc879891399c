import { changes } from "./changes.ts";
import { room, savings, speed, trouble } from "./details.ts";
import { overview } from "./overview.ts";
import { datasource, layOut, type Row } from "./panel.ts";
import { prefetch } from "./prefetch.ts";

/** Everything that the dashboard shows, from top to bottom. */
export const rows: readonly Row[] = [overview, savings, speed, trouble, room, prefetch, changes];

/** Alerts and links know the dashboard by it: for ever. */
export const dashboardUid = "registry-cache";

/** The dashboard, as Grafana imports it. */
export function dashboard(): object {
  return {
    uid: dashboardUid,
    title: "Registry cache",
    description: "Regional registry caches. docs/metrics.md of the project explains the metrics.",
    tags: ["registry-cache"],
    timezone: "browser",
    editable: false,
    graphTooltip: 1,
    refresh: "1m",
    schemaVersion: 39,
    time: { from: "now-6h", to: "now" },
    templating: {
      list: [
        { name: "datasource", label: "Data source", type: "datasource", query: "prometheus" },
        // A cache's own Prometheus has no label `region`: all is also nothing.
        choice("region", "Region"),
        choice("upstream", "Upstream"),
      ],
    },
    panels: layOut(rows),
  };
}

function choice(name: string, label: string) {
  return {
    name,
    label,
    type: "query",
    datasource,
    query: { query: `label_values(registry_proxy_requests_total, ${name})`, refId: name },
    refresh: 2,
    sort: 1,
    includeAll: true,
    multi: true,
    allValue: ".*",
    current: { text: "All", value: "$__all" },
  };
}
