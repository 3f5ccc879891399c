import { join } from "node:path";
import type * as pulumi from "@pulumi/pulumi";
import type { Secrets } from "../../config/credentials.ts";
import { diskBudget } from "../../pod/edge/budget.ts";
import { minWorkers } from "../../pod/edge/workers.ts";
import { configured, type PodOptions } from "../../pod/options.ts";
import { remoteWriteSecret } from "../../pod/prometheus.ts";
import { upstreamSecret } from "../../pod/secret-files.ts";
import { credentialsSecret, remoteWrite, secretFile } from "../../pod/secrets.ts";
import { originReady, upstreamPorts } from "../../pod/upstream-ports.ts";
import { bundleText, renderBundle } from "../podman/bundle.ts";
import { claimsText, type LocalPlan, localAddress } from "./plan.ts";
import type { PodmanPodInputs } from "./podman-pod.ts";

/** Values that are known only when the Pod is created. */
export type LocalPodSecrets = pulumi.Unwrap<Secrets>;

/** The Pod of a local region, as podman plays it. */
export function localPod(
  plan: LocalPlan,
  { credentials, remoteWriteCredentials }: LocalPodSecrets,
): PodmanPodInputs {
  const { region, upstreams, place } = plan;
  const secretPath = (secret: string) => join(place.secret(secret), secretFile);
  const secrets = Object.fromEntries([
    ...upstreams.flatMap((upstream) => {
      const { name, credentials: key } = upstream;
      const known = key === undefined ? undefined : credentials[key];
      return known ? [[secretPath(credentialsSecret(name)), upstreamSecret(upstream, known)]] : [];
    }),
    ...(remoteWriteCredentials ? [[secretPath(remoteWrite), remoteWriteSecret(remoteWriteCredentials)]] : []),
  ]);
  const pod: PodOptions = {
    ...configured(plan),
    name: place.podName,
    ports: place.ports,
    listen: { addresses: [localAddress], port: region.endpoint.port },
    clients: region.access.clients,
    // Everybody on this machine can reach the status port and Prometheus directly, so the edge needs to allow no one.
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
  };
  const bundle = renderBundle(pod, {
    stateDirectory: place.directory,
    files: { ports: claimsText(place) },
  });
  return {
    name: place.podName,
    region: region.name,
    directory: place.directory,
    bundle: bundleText(bundle),
    directories: [place.cache, place.prometheus, ...upstreams.map(({ name }) => place.origin(name))],
    secrets,
    ready: [
      `http://${localAddress}:${place.ports.edgeStatus}/healthz`,
      `http://${localAddress}:${place.ports.exporter}/metrics`,
      `http://${localAddress}:${place.ports.prometheus}/-/ready`,
      ...upstreamPorts({ upstreams, ports: place.ports }).map(originReady),
    ],
  };
}

function directoryVolume(path: string) {
  return { hostPath: { path, type: "Directory" } };
}
