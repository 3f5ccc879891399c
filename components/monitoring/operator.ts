import {
  type FederationOptions,
  federated,
  federationJob,
  restoreLabels,
  scrapeInterval,
} from "./federation.ts";
import type { RuleGroup } from "./rules/rule.ts";

interface OperatorOptions extends FederationOptions {
  readonly groups: readonly RuleGroup[];
}

/**
 * Manifests for `kubectl apply` in the namespace of a Prometheus that the Prometheus Operator runs: the rules, as one object for the caches of all regions, and the ScrapeConfig of
 * this cache, with a ConfigMap for a private authority.
 * https://prometheus-operator.dev/docs/api-reference/api/
 */
export function operatorManifests({ cache, address, labels, ca, groups }: OperatorOptions): object[] {
  const name = federationJob(cache);
  const metadata = (name: string) => ({ name, labels: { "app.kubernetes.io/name": "registry-cache" } });
  const authority = ca !== undefined && { name: `${name}-ca`, key: "ca.crt" };
  return [
    {
      apiVersion: "monitoring.coreos.com/v1",
      kind: "PrometheusRule",
      metadata: metadata("registry-cache"),
      spec: { groups },
    },
    {
      apiVersion: "monitoring.coreos.com/v1alpha1",
      kind: "ScrapeConfig",
      metadata: metadata(name),
      spec: {
        // Without `job`, the job's name would depend on the operator's version, or on another program that reads these manifests.
        staticConfigs: [{ targets: [address.target], labels: { ...labels, job: name } }],
        scrapeInterval,
        scheme: address.scheme.toUpperCase(),
        metricsPath: federated.path,
        params: federated.params,
        honorLabels: true,
        metricRelabelings: restoreLabels,
        ...(authority && { tlsConfig: { ca: { configMap: authority } } }),
      },
    },
    ...(authority
      ? [
          {
            apiVersion: "v1",
            kind: "ConfigMap",
            metadata: metadata(authority.name),
            data: { [authority.key]: ca },
          },
        ]
      : []),
  ];
}
