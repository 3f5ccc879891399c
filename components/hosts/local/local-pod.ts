import { createHash } from "node:crypto";
import { join } from "node:path";
import { stringify } from "yaml";
import type { Credentials, Token } from "../../config/credentials.ts";
import { diskBudget } from "../../pod/edge/budget.ts";
import { minWorkers } from "../../pod/edge/workers.ts";
import { configured } from "../../pod/options.ts";
import { originCredentials } from "../../pod/origin.ts";
import { type PodManifests, renderPod } from "../../pod/pod.ts";
import { remoteWriteSecret } from "../../pod/prometheus.ts";
import { credentialsOf, remoteWrite, secretFile } from "../../pod/secrets.ts";
import { localAddress, portsLabels } from "./layout.ts";
import type { LocalPlan } from "./plan.ts";
import { type PodmanPodInputs, revisionLabel } from "./podman-pod.ts";

/** What is known only when the Pod is made. */
export interface LocalPodSecrets {
  /** Of the certificate that the Pod starts with. */
  readonly fingerprint: string;
  /** By the name that an upstream's `credentials` has. */
  readonly credentials: Readonly<Record<string, Credentials>>;
  /** Default: remote write, if there is one, is anonymous. */
  readonly remoteWriteCredentials?: Credentials | Token | undefined;
}

/** The Pod of a local region, as podman is to play it. */
export function localPod(
  plan: LocalPlan,
  { fingerprint, credentials, remoteWriteCredentials }: LocalPodSecrets,
): PodmanPodInputs {
  const { region, upstreams, place } = plan;
  const file = (secret: string) => join(place.secret(secret), secretFile);
  const files = Object.fromEntries([
    ...upstreams.flatMap(({ name, credentials: key }) => {
      const known = key === undefined ? undefined : credentials[key];
      return known ? [[file(credentialsOf(name)), originCredentials(known)]] : [];
    }),
    ...(remoteWriteCredentials ? [[file(remoteWrite), remoteWriteSecret(remoteWriteCredentials)]] : []),
  ]);
  const manifests = renderPod({
    ...configured(plan),
    name: place.podName,
    labels: {
      "app.kubernetes.io/name": "registry-cache",
      "app.kubernetes.io/instance": region.name,
      ...portsLabels(place),
    },
    ports: place.ports,
    listen: { addresses: [localAddress], port: region.endpoint.port },
    clients: region.access.clients,
    // On this machine, the status port can be reached, and Prometheus itself.
    metricsClients: [],
    budget: diskBudget(place.diskGiB),
    edgeMemoryMiB: 1024,
    edgeWorkers: minWorkers,
    hostNetwork: true,
    volumes: {
      tls: directoryVolume(place.tls),
      cache: directoryVolume(place.cache),
      prometheus: directoryVolume(place.prometheus),
      origin: (upstream) => directoryVolume(place.origin(upstream)),
      secret: (name) => directoryVolume(place.secret(name)),
    },
  });
  const containers = manifests.pod.spec?.containers ?? [];
  const revision = hash([manifests, fingerprint, files]);
  return {
    name: place.podName,
    manifest: toYaml(manifests, revision),
    revision,
    containers: containers.map(({ name }) => name),
    images: [...new Set(containers.flatMap(({ image }) => image ?? []))],
    directories: [place.cache, place.prometheus, ...upstreams.map(({ name }) => place.origin(name))],
    secrets: {},
    files,
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

function toYaml({ pod, configMaps }: PodManifests, revision: string): string {
  const labels = { ...pod.metadata?.labels, [revisionLabel]: revision };
  const documents = [...configMaps, { ...pod, metadata: { ...pod.metadata, labels } }];
  return documents.map((document) => stringify(document)).join("---\n");
}

function hash(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 32);
}
