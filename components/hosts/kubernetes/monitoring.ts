import type { ConfigMap } from "kubernetes-types/core/v1.d.ts";
import type { ObjectMeta } from "kubernetes-types/meta/v1.d.ts";
import { dashboard as dashboardOf, dashboardUid } from "../../monitoring/dashboard/dashboard.ts";
import { federated, restoreLabels, scrapeInterval } from "../../monitoring/federation.ts";
import { ruleGroups } from "../../monitoring/rules/rule-groups.ts";
import { type CustomObject, selectorLabels, tlsSecretOf, workloadMetadata, workloadName } from "./names.ts";
import { portNames } from "./pod.ts";
import type { WorkloadPlanArgs, WorkloadRegion } from "./workload-args.ts";

/** https://prometheus-operator.dev/docs/api-reference/api/ */
type OperatorObject = CustomObject<"PodMonitor" | "PrometheusRule">;

/** A ConfigMap for the Prometheus Operator or for Grafana. */
export type MonitoringFile = ConfigMap & {
  readonly metadata: { readonly name: string };
  readonly data: Readonly<Record<string, string>>;
};

/** The enabled objects for a monitoring stack in the cluster. */
export function monitoringObjects({
  region,
  monitoring,
}: WorkloadPlanArgs): (OperatorObject | MonitoringFile)[] {
  const { endpoint, expose, operator } = region;
  const { podMonitor, prometheusRule, dashboard } = operator;
  const object = (kind: OperatorObject["kind"], spec: object): OperatorObject => ({
    apiVersion: "monitoring.coreos.com/v1",
    kind,
    metadata: metadata(region),
    spec,
  });
  return [
    ...(podMonitor ? [object("PodMonitor", podMonitorSpec(region))] : []),
    // The authority gets its own ConfigMap, because the certificate's Secret doesn't always contain it.
    ...(podMonitor && "ca" in endpoint.tls && !("proxies" in expose)
      ? [configMap("ca", workloadMetadata(region), { [caKey]: endpoint.tls.ca })]
      : []),
    ...(prometheusRule ? [object("PrometheusRule", { groups: ruleGroups(monitoring.alerts) })] : []),
    // In the format of Grafana's sidecar: https://github.com/grafana/helm-charts/blob/main/charts/grafana/README.md#sidecar-for-dashboards
    ...(dashboard
      ? [
          configMap("dashboard", metadata(region, { grafana_dashboard: "1" }), {
            [`${dashboardUid}.json`]: JSON.stringify(dashboardOf()),
          }),
        ]
      : []),
  ];
}

/** Has the labels by which the operator or Grafana finds the object. */
function metadata(region: WorkloadRegion, labels: Readonly<Record<string, string>> = {}): ObjectMeta {
  const common = workloadMetadata(region, region.operator.annotations);
  return { ...common, labels: { ...common.labels, ...region.operator.labels, ...labels } };
}

/** Scrapes all metrics of each Pod from its own Prometheus. The TLS server name is the endpoint's, because the certificate doesn't cover Pod addresses. */
function podMonitorSpec(region: WorkloadRegion): object {
  const { endpoint, expose, name } = region;
  const { path, params } = federated;
  const behindProxies = "proxies" in expose;
  const { tls } = endpoint;
  const ca =
    tls.mode === "private"
      ? { secret: { name: tlsSecretOf(endpoint), key: caKey } }
      : "ca" in tls && { configMap: { name: `${workloadName}-ca`, key: caKey } };
  return {
    selector: { matchLabels: selectorLabels(name) },
    podMetricsEndpoints: [
      {
        port: portNames.metrics,
        interval: scrapeInterval,
        path,
        params,
        honorLabels: true,
        metricRelabelings: restoreLabels,
        scheme: behindProxies ? "http" : "https",
        ...(!behindProxies && {
          tlsConfig: { serverName: endpoint.hostname, ...(ca && { ca }) },
        }),
      },
    ],
  };
}

const caKey = "ca.crt";

function configMap(part: string, metadata: ObjectMeta, data: MonitoringFile["data"]): MonitoringFile {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { ...metadata, name: `${workloadName}-${part}` },
    data,
  };
}
