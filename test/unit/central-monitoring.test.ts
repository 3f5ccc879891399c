/** What an external Prometheus gets. test/e2e/metrics.test.ts and test/rules test that real ones accept it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type IProbe, Probe } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/Probe";
import { PrometheusRule } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule";
import {
  type IScrapeConfig,
  ScrapeConfig,
} from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1alpha1/ScrapeConfig";
import { planAwsVm } from "../../components/hosts/aws/vm/plan.ts";
import { type CentralMonitoringOptions, centralMonitoring } from "../../components/monitoring/central.ts";
import { externalLabels } from "../../components/pod/options.ts";
import { planRequest } from "../support/plan-request.ts";

const certificate = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n";

function monitoringOf(metrics: readonly string[], ca?: string) {
  return centralMonitoring(optionsOf(metrics, ca));
}

function optionsOf(metrics: readonly string[], ca?: string): CentralMonitoringOptions {
  const request = planRequest("aws vm", {
    provider: "aws",
    regions: [
      {
        name: "eu-central-1",
        topology: "vm",
        storage: { kind: "disk" },
        endpoint: { hostname: "cache.example.com", tls: { mode: "private" } },
        access: { clients: ["203.0.113.0/24"], metrics },
      },
    ],
    upstreams: [{ name: "gsoci", registry: "gsoci.azurecr.io", repositories: ["giantswarm/**"] }],
  });
  const { plan } = planAwsVm({ ...request, stack: "aws-eu-central-1" });
  assert.ok(plan);
  return {
    stack: plan.stack,
    region: plan.region.name,
    endpoint: "https://cache.example.com",
    labels: externalLabels(plan),
    address: plan.metrics,
    alerts: plan.monitoring.alerts,
    ca,
  };
}

test("makes manifests that the operator's definitions accept", () => {
  const [rule, scrape] = monitoringOf(["198.51.100.0/24"], certificate).operator ?? [];
  new PrometheusRule(rule as ConstructorParameters<typeof PrometheusRule>[0]).validate();
  new ScrapeConfig(scrape as IScrapeConfig).validate();
  const wrong = { ...scrape, spec: { honorLabels: "yes" } };
  assert.throws(() => new ScrapeConfig(wrong as never).validate(), "the definition can refuse");
});

test("makes the operator scrape like the entry of scrape_configs, with the same authority", () => {
  const labels = { "app.kubernetes.io/name": "registry-cache" };
  const targets = ["cache.example.com:9443"];
  const ofCache = { provider: "aws", topology: "vm", region: "eu-central-1" };
  // The definition accepts unknown keys, and the type doesn't.
  const expected: IScrapeConfig = {
    apiVersion: "monitoring.coreos.com/v1alpha1",
    kind: "ScrapeConfig",
    metadata: { name: "registry-cache-eu-central-1", labels },
    spec: {
      staticConfigs: [{ targets, labels: { ...ofCache, job: "registry-cache-eu-central-1" } }],
      scrapeInterval: "15s",
      scheme: "HTTPS",
      metricsPath: "/federate",
      params: { "match[]": ['{job=~"registry-cache-.+",__name__!~"ALERTS.*"}'] },
      honorLabels: true,
      metricRelabelings: [
        { action: "labelmap", regex: "exported_(.+)" },
        { action: "labeldrop", regex: "exported_.+" },
      ],
      tlsConfig: { ca: { configMap: { name: "registry-cache-eu-central-1-ca", key: "ca.crt" } } },
    },
  };
  const { operator = [], scrapeConfig } = monitoringOf(["198.51.100.0/24"], certificate);
  assert.deepEqual(operator.slice(1), [
    expected,
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "registry-cache-eu-central-1-ca", labels },
      data: { "ca.crt": certificate },
    },
  ]);
  assert.deepEqual(scrapeConfig, {
    job_name: "registry-cache-eu-central-1",
    scrape_interval: "15s",
    honor_labels: true,
    metrics_path: expected.spec?.metricsPath,
    params: expected.spec?.params,
    scheme: "https",
    tls_config: { ca: certificate },
    static_configs: [{ targets, labels: ofCache }],
  });
});

test("uses different names for caches of two stacks in one region, and the region's for a conventional stack", () => {
  const options = optionsOf(["198.51.100.0/24"], certificate);
  const namesIn = (stack: string, { region } = options) => {
    const { operator = [], scrapeConfig, probe } = centralMonitoring({ ...options, stack, region });
    const objects = [...operator, probe.operator] as { kind: string; metadata: { name: string } }[];
    const entries = [scrapeConfig, probe.scrapeConfig] as { job_name: string }[];
    return [
      ...objects.filter(({ kind }) => kind !== "PrometheusRule").map(({ metadata }) => metadata.name),
      ...entries.map(({ job_name }) => job_name),
      ...Object.keys(probe.module),
    ];
  };
  assert.deepEqual(namesIn("aws-eu-central-1"), [
    "registry-cache-eu-central-1",
    "registry-cache-eu-central-1-ca",
    "blackbox-registry-cache-eu-central-1",
    "registry-cache-eu-central-1",
    "blackbox-registry-cache-eu-central-1",
    "registry_cache_eu_central_1",
  ]);
  assert.ok(
    namesIn("azure-westeurope", { ...options, region: "westeurope" }).includes("registry-cache-westeurope"),
  );
  assert.ok(
    namesIn("kubernetes-eu-central-1").includes("registry-cache-kubernetes-eu-central-1-eu-central-1"),
  );
  // Stack names can have characters that Kubernetes doesn't allow in names: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
  assert.deepEqual(namesIn("aws-eu-central-1_Private.b"), [
    "registry-cache-aws-eu-central-1-private-b-eu-central-1",
    "registry-cache-aws-eu-central-1-private-b-eu-central-1-ca",
    "blackbox-registry-cache-aws-eu-central-1-private-b-eu-central-1",
    "registry-cache-aws-eu-central-1-private-b-eu-central-1",
    "blackbox-registry-cache-aws-eu-central-1-private-b-eu-central-1",
    "registry_cache_aws_eu_central_1_private_b_eu_central_1",
  ]);
});

test("has no authority to trust unless it is a private one, and nothing to scrape without readers", () => {
  assert.equal(monitoringOf(["198.51.100.0/24"]).operator?.length, 2);
  const { operator, scrapeConfig, statusPage, rules } = monitoringOf([]);
  assert.deepEqual([operator, scrapeConfig, statusPage], [undefined, undefined, undefined]);
  assert.ok(rules.groups.length > 0);
});

test("probes from outside as a client does, and labels its alerts like the cache's", () => {
  const { probe } = monitoringOf([]);
  new Probe(probe.operator as IProbe).validate();
  const labels = { provider: "aws", topology: "vm", region: "eu-central-1" };
  const { static_configs: targets, params } = probe.scrapeConfig as {
    static_configs: object[];
    params: { module: string[] };
  };
  assert.deepEqual(targets, [{ targets: ["https://cache.example.com/v2/"], labels }]);
  assert.deepEqual(params.module, Object.keys(probe.module));
  const authority = monitoringOf([], certificate).probe.module as Record<string, { http: object }>;
  assert.deepEqual(authority.registry_cache_eu_central_1?.http, {
    valid_status_codes: [200],
    preferred_ip_protocol: "ip4",
    tls_config: { ca: certificate },
  });
});
