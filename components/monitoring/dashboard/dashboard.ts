import { changes } from "./changes.ts";
import { room, savings, speed, trouble } from "./details.ts";
import { pricePerGB, regions } from "./fleet.ts";
import { overview } from "./overview.ts";
import { datasource, layOut, type Row } from "./panel.ts";
import { prefetch } from "./prefetch.ts";

/** The dashboard's rows, from top to bottom. */
export const rows: readonly Row[] = [overview, savings, speed, trouble, room, prefetch, changes];

/** Must never change, because alerts and links refer to it. */
export const dashboardUid = "registry-cache";

/** The rows of the dashboard of all regions. */
export const fleetRows: readonly Row[] = [regions];

/** The dashboard in the JSON model that Grafana imports. */
export function dashboard(): object {
  return {
    uid: dashboardUid,
    title: "Registry cache",
    ...shared,
    // A cache's own Prometheus has no label `region`, so "all" must also match series without it.
    templating: { list: [source, regionChoice, upstreamChoice, filters] },
    panels: layOut(rows),
  };
}

/** An overview of all regions, for a Prometheus with the metrics of all of them. */
export function fleetDashboard(): object {
  return {
    uid: "registry-cache-fleet",
    title: "Registry caches, all regions",
    ...shared,
    templating: { list: [source, regionChoice, price, filters] },
    panels: layOut(fleetRows),
  };
}

const shared = {
  description: "Regional registry caches. docs/metrics.md of the project explains the metrics.",
  tags: ["registry-cache"],
  timezone: "browser",
  editable: false,
  graphTooltip: 1,
  refresh: "1m",
  schemaVersion: 39,
  time: { from: "now-6h", to: "now" },
};

const source = { name: "datasource", label: "Data source", type: "datasource", query: "prometheus" };

/** Filters by labels that distinguish the caches of a region. Grafana adds them to all queries: https://grafana.com/docs/grafana/latest/visualizations/dashboards/build-dashboards/filter-group-by/ */
const filters = { name: "filters", label: "Other labels", type: "adhoc", datasource };

const price = { name: pricePerGB.name, label: pricePerGB.label, type: "textbox", query: pricePerGB.default };

// These series exist for every cache, whichever engines it has.
const regionChoice = choice("region", "Region", `up{job=~"registry-cache-.+"}`);
const upstreamChoice = choice("upstream", "Upstream", `probe_success{job="registry-cache-upstream"}`);

function choice(name: string, label: string, series: string) {
  return {
    name,
    label,
    type: "query",
    datasource,
    query: { query: `label_values(${series}, ${name})`, refId: name },
    refresh: 2,
    sort: 1,
    includeAll: true,
    multi: true,
    allValue: ".*",
    current: { text: "All", value: "$__all" },
  };
}
