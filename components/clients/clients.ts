import { renderBottlerocketSettings } from "./bottlerocket.ts";
import { renderBuildkitdToml } from "./buildkit.ts";
import { asClientsReachIt, type ClientOptions } from "./cache-address.ts";
import { chartUrls } from "./chart-urls.ts";
import { renderCheck } from "./check.ts";
import { clusterChartValues } from "./cluster-chart.ts";
import { renderHostsToml } from "./containerd.ts";
import { renderEksUserData } from "./eks.ts";
import { gardenerExtension } from "./gardener.ts";
import { renderGkeRuntimeConfiguration } from "./gke.ts";
import { ignitionConfiguration } from "./ignition.ts";
import { kubeadmConfigSpec } from "./kubeadm.ts";
import { renderNodes } from "./nodes.ts";
import { renderOpenShiftMirrors } from "./openshift.ts";
import { renderRegistriesConf } from "./registries-conf.ts";
import { renderRegistriesYaml } from "./registries-yaml.ts";
import { renderTalosDocuments, renderTalosMachineRegistries } from "./talos.ts";
import { zotSyncRegistries } from "./zot.ts";

/** The configuration with which each kind of client asks the cache first: docs/clients.md. */
const renderers = {
  /** By registry: the content of `/etc/containerd/certs.d/<registry>/hosts.toml`. */
  containerd: perRegistry(renderHostsToml),
  /** Content of a file in `/etc/containers/registries.conf.d/`: podman, CRI-O, Buildah, Skopeo. */
  registriesConf: renderRegistriesConf,
  /** Content of `/etc/rancher/k3s/registries.yaml` or `/etc/rancher/rke2/registries.yaml`. */
  registriesYaml: renderRegistriesYaml,
  /** Patches of Talos's machine configuration: `documents` from 1.12, `machineRegistries` for earlier versions. */
  talos: (options: ClientOptions) => ({
    documents: renderTalosDocuments(options),
    machineRegistries: renderTalosMachineRegistries(options),
  }),
  /** User data of Amazon Linux 2023 on EKS, for launch templates and Karpenter. */
  eks: renderEksUserData,
  /** Settings of Bottlerocket, TOML. */
  bottlerocket: renderBottlerocketSettings,
  /** A runtime configuration file of GKE, YAML. */
  gke: renderGkeRuntimeConfiguration,
  /** The part to add to Cluster API's `KubeadmConfigSpec`. */
  kubeadm: kubeadmConfigSpec,
  /** An Ignition configuration, for Flatcar and other systems. */
  ignition: ignitionConfiguration,
  /** Manifests for OpenShift, YAML. */
  openshift: renderOpenShiftMirrors,
  /** An entry of `spec.extensions` of Gardener's Shoots. */
  gardener: gardenerExtension,
  /** Content of `buildkitd.toml`. */
  buildkit: renderBuildkitdToml,
  /** Values of the Helm chart `cluster` of Giant Swarm. */
  clusterChart: clusterChartValues,
  /** By registry: the entries of zot's `extensions.sync.registries`, for a zot in front of the regional cache. */
  zot: perRegistry(zotSyncRegistries),
  /** The beginnings of Helm charts' URLs at the cache, by those at the registry. */
  chartUrls,
  /** A shell script that checks on a node whether it can pull from the cache, and without it. */
  check: renderCheck,
  /** Objects for a cluster whose nodes have no other way of configuration: a DaemonSet and its namespace. */
  nodes: renderNodes,
};

export type ClientConfiguration = {
  readonly [Client in keyof typeof renderers]: ReturnType<(typeof renderers)[Client]>;
};

/** Renders the configuration for all kinds of clients: the stack output `clients.<region>`. */
export function clientConfiguration({ upstreams, ...rest }: ClientOptions): ClientConfiguration {
  const options = { ...rest, upstreams: upstreams.map(asClientsReachIt) };
  return Object.fromEntries(
    Object.entries(renderers).map(([client, render]) => [client, render(options)]),
  ) as ClientConfiguration;
}

function perRegistry<T>(render: (upstream: ClientOptions["upstreams"][number], options: ClientOptions) => T) {
  return (options: ClientOptions): Readonly<Record<string, T>> =>
    Object.fromEntries(options.upstreams.map((upstream) => [upstream.registry, render(upstream, options)]));
}
