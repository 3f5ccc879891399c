import { asClientsReachIt, type ClientOptions } from "./cache-address.ts";
import { type ChartUrls, chartUrls } from "./chart-urls.ts";
import { renderCheck } from "./check.ts";
import { type ClusterChartValues, clusterChartValues } from "./cluster-chart.ts";
import { renderHostsToml } from "./containerd.ts";
import { type NodesManifest, renderNodes } from "./nodes.ts";
import { renderRegistriesConf } from "./registries-conf.ts";
import { renderRegistriesYaml } from "./registries-yaml.ts";
import { renderTalosDocuments, renderTalosMachineRegistries } from "./talos.ts";
import { type ZotSyncRegistry, zotSyncRegistries } from "./zot.ts";

/** What clients put where, to ask the cache first: docs/clients.md. */
export interface ClientConfiguration {
  /** Per registry the content of `/etc/containerd/certs.d/<registry>/hosts.toml`. */
  readonly containerd: Readonly<Record<string, string>>;
  /** Content of a file in `/etc/containers/registries.conf.d/`: podman, CRI-O, Buildah, Skopeo. */
  readonly registriesConf: string;
  /** Content of `/etc/rancher/k3s/registries.yaml` or `/etc/rancher/rke2/registries.yaml`. */
  readonly registriesYaml: string;
  /** Patches of the machine configuration of Talos: `documents` from 1.12 on, `machineRegistries` before. */
  readonly talos: { readonly documents: string; readonly machineRegistries: string };
  /** Values of the Helm chart `cluster` of Giant Swarm. */
  readonly clusterChart: ClusterChartValues;
  /** Per registry the entries of zot's `extensions.sync.registries`, for a zot that stands before the regional cache. */
  readonly zot: Readonly<Record<string, readonly ZotSyncRegistry[]>>;
  /** How the URLs of Helm charts begin at the registry, and how at the cache. */
  readonly chartUrls: ChartUrls;
  /** A shell script that tells on a node whether it reaches the cache, and could do without it. */
  readonly check: string;
  /** Objects for a cluster whose nodes nobody configures otherwise: a DaemonSet, and its namespace. */
  readonly nodes: NodesManifest;
}

export function clientConfiguration({ upstreams, ...rest }: ClientOptions): ClientConfiguration {
  const options = { ...rest, upstreams: upstreams.map(asClientsReachIt) };
  const perRegistry = <T>(render: (upstream: ClientOptions["upstreams"][number]) => T) =>
    Object.fromEntries(options.upstreams.map((upstream) => [upstream.registry, render(upstream)]));
  return {
    containerd: perRegistry((upstream) => renderHostsToml(upstream, options)),
    registriesConf: renderRegistriesConf(options),
    registriesYaml: renderRegistriesYaml(options),
    talos: {
      documents: renderTalosDocuments(options),
      machineRegistries: renderTalosMachineRegistries(options),
    },
    clusterChart: clusterChartValues(options),
    zot: perRegistry((upstream) => zotSyncRegistries(upstream, options)),
    chartUrls: chartUrls(options),
    check: renderCheck(options),
    nodes: renderNodes(options),
  };
}
