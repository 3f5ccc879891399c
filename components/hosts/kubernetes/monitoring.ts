import type { ConfigMap } from "kubernetes-types/core/v1.d.ts";
import type { ObjectMeta } from "kubernetes-types/meta/v1.d.ts";
import { dashboard, dashboardUid } from "../../monitoring/dashboard/dashboard.ts";
import { federated } from "../../monitoring/federation.ts";
import { ruleGroups } from "../../monitoring/rules/rule-groups.ts";
import { objectLabels, selectorLabels, tlsSecretOf, workloadName } from "./names.ts";
import { portNames } from "./pod.ts";
import type { WorkloadPlanArgs, WorkloadRegion } from "./workload-args.ts";

/** https://prometheus-operator.dev/docs/api-reference/api/ */
export interface OperatorObject {
  readonly apiVersion: "monitoring.coreos.com/v1";
  readonly kind: "PodMonitor" | "PrometheusRule";
  readonly metadata: ObjectMeta;
  readonly spec: object;
}

/** The ConfigMap for Grafana. */
export type Dashboard = ConfigMap & Required<Pick<ConfigMap, "data">>;

/** What a monitoring stack in the cluster takes, as far as it is wanted. */
export function monitoringObjects({ region, monitoring }: WorkloadPlanArgs): (OperatorObject | Dashboard)[] {
  const { podMonitor, prometheusRule, dashboard } = region.operator;
  const apiVersion = "monitoring.coreos.com/v1";
  return [
    ...(podMonitor
      ? [
          {
            apiVersion,
            kind: "PodMonitor",
            metadata: metadata(region, workloadName),
            spec: podMonitorSpec(region),
          } as const,
        ]
      : []),
    ...(prometheusRule
      ? [
          {
            apiVersion,
            kind: "PrometheusRule",
            metadata: metadata(region, workloadName),
            spec: { groups: ruleGroups(monitoring.alerts) },
          } as const,
        ]
      : []),
    ...(dashboard ? [dashboardConfigMap(region)] : []),
  ];
}

function metadata({ name, namespace, operator }: WorkloadRegion, objectName: string): ObjectMeta {
  const { labels, annotations } = operator;
  return {
    name: objectName,
    namespace,
    labels: { ...objectLabels(name), ...labels },
    ...(Object.keys(annotations).length > 0 && { annotations }),
  };
}

/** All metrics of each Pod, from its own Prometheus. The certificate is for the endpoint, whatever the Pod's address. */
function podMonitorSpec(region: WorkloadRegion): object {
  const { endpoint, expose, name } = region;
  const { path, params } = federated;
  const behindProxies = "proxies" in expose;
  const ca = { secret: { name: tlsSecretOf(endpoint), key: "ca.crt" } };
  return {
    selector: { matchLabels: selectorLabels(name) },
    podMetricsEndpoints: [
      {
        port: portNames.metrics,
        path,
        params,
        honorLabels: true,
        scheme: behindProxies ? "http" : "https",
        ...(!behindProxies && {
          tlsConfig: { serverName: endpoint.hostname, ...(endpoint.tls.mode === "private" && { ca }) },
        }),
      },
    ],
  };
}

/** As Grafana's sidecar takes it: https://github.com/grafana/helm-charts/blob/main/charts/grafana/README.md#sidecar-for-dashboards */
function dashboardConfigMap(region: WorkloadRegion): Dashboard {
  const { labels, ...rest } = metadata(region, `${workloadName}-dashboard`);
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { ...rest, labels: { ...labels, grafana_dashboard: "1" } },
    data: { [`${dashboardUid}.json`]: JSON.stringify(dashboard()) },
  };
}
