/** An example for each key that changes in place according to docs/upgrading.md and docs/kubernetes.md. */
import type { Config } from "./stack-files.ts";

export interface Edit {
  /** Merged over the stack file's keys. */
  readonly keys?: Config;
  /** Merged over each region of the stack file. */
  readonly region?: Config;
}

const upstream = {
  name: "gsoci",
  registry: "gsoci.azurecr.io",
  repositories: ["giantswarm/**", "charts/giantswarm/**"],
};
const ghcr = { name: "ghcr", registry: "ghcr.io", repositories: ["giantswarm/**"] };
const mirrored = (name: string) => `mirror.example.com/${name}@sha256:${"a".repeat(64)}`;
const mirrors = { edge: mirrored("edge"), origin: mirrored("origin"), prometheus: mirrored("prometheus") };
const clients = ["203.0.113.0/24", "192.0.2.1/32"];
const metrics = ["192.0.2.1/32"];
const alertmanagers = ["https://alerts.example.com"];
const remoteWrite = { url: "https://metrics.example.com/push" };
const thresholds = { podOutdatedMinutes: 20 };
const labels = { installation: "other" };

/** Edits each of which changes a machine's Pod, and keeps the machine. @param endpoint of the stack file */
export function editsOfMachine(endpoint: Config): Readonly<Record<string, Edit>> {
  return {
    "the allow-list": { keys: { upstreams: [{ ...upstream, repositories: ["giantswarm/**"] }] } },
    "access.clients": { region: { access: { clients } } },
    "access.metrics": { region: { access: { clients: ["203.0.113.0/24"], metrics } } },
    freshnessSeconds: { region: { freshnessSeconds: 30 } },
    "endpoint.port": { region: { endpoint: { ...endpoint, port: 8443 } } },
    labels: { keys: { monitoring: { labels } } },
    thresholds: { keys: { monitoring: { alerts: { thresholds } } } },
    alertmanagers: { keys: { monitoring: { alertmanagers } } },
    remoteWrite: { keys: { monitoring: { remoteWrite } } },
    "another upstream": { keys: { upstreams: [upstream, ghcr] } },
    "another upstream in front": { keys: { upstreams: [ghcr, upstream] } },
    "an upstream's url": { keys: { upstreams: [{ ...upstream, url: "https://mirror.example.com" }] } },
    "the edge's image": { keys: { images: { edge: mirrors.edge } } },
    "the origin's image": { keys: { images: { origin: mirrors.origin } } },
    "Prometheus's image": { keys: { images: { prometheus: mirrors.prometheus } } },
    "endpoint.hostname": { region: { endpoint: { ...endpoint, hostname: "other.example.com" } } },
  };
}

/** Many of these edits in one, and a larger disk. @param endpoint of the stack file */
export function allOfMachine(endpoint: Config): Edit {
  return {
    keys: {
      upstreams: [{ ...upstream, url: "https://mirror.example.com" }, ghcr],
      images: mirrors,
      monitoring: { labels, alerts: { thresholds }, alertmanagers, remoteWrite },
    },
    region: {
      freshnessSeconds: 30,
      access: { clients, metrics },
      endpoint: { ...endpoint, port: 8443 },
      storage: { kind: "disk", size: "1TiB" },
    },
  };
}

/** Everything that changes in place, or by a roll-out of the replicas, in a cluster that the stack creates. */
export const allOfCluster: Edit = {
  keys: {
    upstreams: [{ ...upstream, url: "https://mirror.example.com" }, ghcr],
    images: mirrors,
    workload: { nodes: 310 },
    monitoring: { labels, alerts: { thresholds }, alertmanagers, remoteWrite },
  },
  region: {
    freshnessSeconds: 30,
    access: { clients, metrics },
    apiAccess: ["198.51.100.0/25"],
    replicas: { min: 3, max: 4 },
    storage: { kind: "bucket", delivery: "proxied", expireDays: 60, scratch: "20GiB" },
  },
};
