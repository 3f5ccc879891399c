/** What the local host plays and what its clients get, as files to review. After an intended change: `npm run generate`. Each folder has one configuration: the files of its bundle, and the clients'. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { stringify } from "yaml";
import { type ClientConfiguration, clientConfiguration } from "../../components/clients/clients.ts";
import { parseConfig } from "../../components/config/parse.ts";
import type { LocalRegion } from "../../components/config/schema.ts";
import { localPod } from "../../components/hosts/local/local-pod.ts";
import { planLocal } from "../../components/hosts/local/plan.ts";
import { testGolden } from "../support/golden.ts";

const region = {
  name: "local",
  dataDir: "/var/lib/registry-cache",
  storage: { kind: "disk", size: "20GiB" },
};
const gsoci = {
  name: "gsoci",
  registry: "gsoci.azurecr.io",
  repositories: ["giantswarm/**", "charts/giantswarm/**"],
};

const cases: Record<string, Record<string, unknown>> = {
  "one-upstream": { provider: "local", regions: [region], upstreams: [gsoci] },
  "two-upstreams": {
    provider: "local",
    regions: [
      {
        ...region,
        endpoint: { hostname: "cache.test", port: 443 },
        access: { clients: ["192.0.2.0/24", "2001:db8::/32"] },
        freshnessSeconds: 300,
        internalPort: 25000,
        storage: { kind: "disk", size: "2TiB" },
      },
    ],
    upstreams: [
      { ...gsoci, credentials: "gsoci-credentials" },
      {
        name: "team",
        registry: "registry.example.com:5000",
        url: "http://127.0.0.1:5000",
        repositories: ["team/*", "base"],
        probe: "base:1.0",
      },
    ],
    "gsoci-credentials": { username: "reader", password: { secure: "v1:ciphertext" } },
    images: {
      edge: "mirror.example.com/nginxinc/nginx-unprivileged:1.31.6-alpine-slim",
      origin: "mirror.example.com/library/registry:3.1.2",
      exporter: "mirror.example.com/martinhelmich/prometheus-nginxlog-exporter:v1.11.0",
      prometheus: "mirror.example.com/prom/prometheus:v3.15.0",
      blackbox: "mirror.example.com/prom/blackbox-exporter:v0.28.0",
      prefetch: "mirror.example.com/regclient/regctl:v0.11.6-alpine",
    },
    prefetch: {
      images: [
        "gsoci.azurecr.io/giantswarm/alpine:3.24.*",
        `gsoci.azurecr.io/giantswarm/base@sha256:${"0".repeat(64)}`,
        "gsoci.azurecr.io/charts/giantswarm/hello:1.0.0",
      ],
      platforms: ["linux/arm64"],
      mbps: 50,
    },
    monitoring: {
      labels: { installation: "one", pipeline: "stable" },
      alertmanagers: ["https://alerts.example.com/alertmanager"],
      remoteWrite: {
        url: "https://metrics.example.com/api/v1/push",
        credentials: "metrics-credentials",
        tenant: "platform",
      },
    },
    "metrics-credentials": { token: { secure: "v1:ciphertext" } },
  },
  "zot-upstream": {
    provider: "local",
    regions: [region],
    upstreams: [
      { ...gsoci, engine: "zot", credentials: "gsoci-credentials" },
      { name: "team", registry: "registry.example.com", repositories: ["team/*"] },
    ],
    "gsoci-credentials": { username: "reader", password: { secure: "v1:ciphertext" } },
  },
};

/** Omits the text of components/clients/nodes.sh. */
function withoutScript(manifest: object): object {
  const isScript = (value: unknown) => typeof value === "string" && value.startsWith("#!/bin/sh");
  return JSON.parse(JSON.stringify(manifest, (_, value) => (isScript(value) ? "nodes.sh" : value)));
}

/** The files of outputs that aren't called after them. */
const fileNames: Readonly<Record<string, string>> = {
  registriesConf: "registries.conf",
  registriesYaml: "registries.yaml",
  clusterChart: "cluster-chart.yaml",
  eks: "eks-user-data",
  bottlerocket: "bottlerocket.toml",
  buildkit: "buildkitd.toml",
  chartUrls: "chart-urls.yaml",
};

/** The clients' files: one for each output, except those that have several, and the check, which is a script with arguments. */
function clientFiles({
  containerd,
  talos,
  check: _,
  ...others
}: ClientConfiguration): Record<string, string> {
  const hosts = Object.entries(containerd).map(([registry, toml]) => [
    // Not every file system allows a colon in a name.
    `${registry.replace(":", "_")}/hosts.toml`,
    toml,
  ]);
  const files = Object.entries(others).map(([output, value]) => [
    fileNames[output] ?? `${output}.yaml`,
    typeof value === "string" ? value : stringify(withoutScript(value), { aliasDuplicateObjects: false }),
  ]);
  const all: Record<string, string> = {
    "talos-documents.yaml": talos.documents,
    "talos-machine-registries.yaml": talos.machineRegistries,
    ...Object.fromEntries([...hosts, ...files]),
  };
  return Object.fromEntries(Object.entries(all).map(([path, text]) => [`clients/${path}`, text]));
}

/** The files of one case by their paths in its folder. Copies of source files, and the content of pod.yaml, are left out. */
function render(raw: Record<string, unknown>): Record<string, string> {
  const config = parseConfig(raw);
  const { regions, upstreams } = config;
  const [region] = regions as LocalRegion[];
  assert.ok(region);
  const { plan } = planLocal({ ...config, region, stack: "test" });
  const { bundle } = localPod(plan, {
    credentials: { "gsoci-credentials": { username: "reader", password: "not-a-real-one" } },
    remoteWriteCredentials: { token: "not-a-real-one" },
  });
  const clients = clientConfiguration({
    endpoint: region.endpoint,
    upstreams,
    ca: {
      file: "/etc/registry-cache/ca.crt",
      certificate: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
    },
  });
  return {
    ...clientFiles(clients),
    ...Object.fromEntries(
      Object.entries<string>(JSON.parse(bundle)).filter(
        ([path]) => !/\.(?:sh|html)$|\/(?:pod|image)$/.test(path),
      ),
    ),
  };
}

for (const [name, raw] of Object.entries(cases)) {
  const folder = join(import.meta.dirname, name);
  const files = render(raw);

  testGolden(folder, files, `${name}/`);
}
