import { createHash } from "node:crypto";
import { stringify } from "yaml";
import type { Credentials, Token } from "../../config/credentials.ts";
import type { LocalRegion, StackConfig, Upstream } from "../../config/schema.ts";
import { diskBudget } from "../../pod/edge/budget.ts";
import { minWorkers } from "../../pod/edge/workers.ts";
import { defaultImages } from "../../pod/images.ts";
import { originCredentials } from "../../pod/origin.ts";
import { type PodManifests, renderPod } from "../../pod/pod.ts";
import { remoteWriteSecret } from "../../pod/prometheus.ts";
import { type Layout, layout, portsLabels } from "./layout.ts";
import { type PodmanPodInputs, revisionLabel } from "./podman-pod.ts";

/** Where the Pod listens on this machine. */
export const localAddress = "127.0.0.1";

export interface LocalPodOptions {
  readonly region: LocalRegion;
  readonly upstreams: readonly Upstream[];
  readonly images: StackConfig["images"];
  readonly monitoring: StackConfig["monitoring"];
  /** Of the certificate that the Pod starts with. */
  readonly fingerprint: string;
  /** By the name that an upstream's `credentials` has. */
  readonly credentials: Readonly<Record<string, Credentials>>;
  /** Default: remote write, if there is one, is anonymous. */
  readonly remoteWriteCredentials?: Credentials | Token | undefined;
}

/** The Pod of a local region, as podman is to play it. */
export function localPod(options: LocalPodOptions): PodmanPodInputs {
  const { region, upstreams, monitoring, remoteWriteCredentials } = options;
  const place = layout(region, upstreams);
  const remoteWriteName = `${place.podName}-remote-write`;
  const secrets = Object.fromEntries([
    ...upstreams.flatMap(({ name, credentials }) => {
      const known = credentials === undefined ? undefined : options.credentials[credentials];
      return known ? [[secretName(place, name), secretData(originCredentials(known))]] : [];
    }),
    ...(remoteWriteCredentials
      ? [[remoteWriteName, secretData(remoteWriteSecret(remoteWriteCredentials))]]
      : []),
  ]);
  const manifests = renderPod({
    name: place.podName,
    labels: {
      "app.kubernetes.io/name": "registry-cache",
      "app.kubernetes.io/instance": region.name,
      ...portsLabels(place),
    },
    upstreams,
    images: { ...defaultImages, ...options.images },
    ports: place.ports,
    listen: { addresses: [localAddress], port: region.endpoint.port },
    hostname: region.endpoint.hostname,
    clients: region.access.clients,
    // On this machine, the status port can be reached, and Prometheus itself.
    metricsClients: [],
    freshnessSeconds: region.freshnessSeconds,
    budget: diskBudget(place.diskGiB),
    edgeMemoryMiB: 1024,
    edgeWorkers: minWorkers,
    monitoring,
    externalLabels: {
      ...monitoring.labels,
      provider: "local",
      topology: region.topology,
      region: region.name,
    },
    hostNetwork: true,
    volumes: {
      tls: directoryVolume(place.tls),
      cache: directoryVolume(place.cache),
      prometheus: directoryVolume(place.prometheus),
      origin: (upstream) => directoryVolume(place.origin(upstream)),
    },
    credentials: Object.fromEntries(
      upstreams.filter(({ credentials }) => credentials).map(({ name }) => [name, secretName(place, name)]),
    ),
    ...(monitoring.remoteWrite?.credentials !== undefined && { remoteWriteCredentials: remoteWriteName }),
  });
  const containers = manifests.pod.spec?.containers ?? [];
  const revision = hash([manifests, options.fingerprint, secrets]);
  return {
    name: place.podName,
    manifest: toYaml(manifests, revision),
    revision,
    containers: containers.map(({ name }) => name),
    images: [...new Set(containers.flatMap(({ image }) => image ?? []))],
    directories: [place.cache, place.prometheus, ...upstreams.map(({ name }) => place.origin(name))],
    secrets,
    ready: [
      `http://${localAddress}:${place.ports.edgeStatus}/healthz`,
      `http://${localAddress}:${place.ports.exporter}/metrics`,
      `http://${localAddress}:${place.ports.prometheus}/-/ready`,
      ...place.ports.origins.map(({ debug }) => `http://${localAddress}:${debug}/debug/health`),
    ],
  };
}

function directoryVolume(path: string) {
  return { hostPath: { path, type: "Directory" } };
}

function secretName({ podName }: Layout, upstream: string): string {
  return `${podName}-${upstream}-credentials`;
}

/** In the form that podman 4.3 to 5 all take: a Kubernetes Secret's `data` alone, as JSON. */
function secretData(credentials: string): string {
  return JSON.stringify({ credentials: Buffer.from(credentials).toString("base64") });
}

function toYaml({ pod, configMaps }: PodManifests, revision: string): string {
  const labels = { ...pod.metadata?.labels, [revisionLabel]: revision };
  const documents = [...configMaps, { ...pod, metadata: { ...pod.metadata, labels } }];
  return documents.map((document) => stringify(document)).join("---\n");
}

function hash(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 32);
}
