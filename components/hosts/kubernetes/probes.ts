import type { Container, Probe } from "kubernetes-types/core/v1.d.ts";
import { edgePaths } from "../../pod/edge/paths.ts";
import type { PodOptions } from "../../pod/options.ts";
import { registryPrefix } from "../../pod/registry.ts";
import { script } from "../../pod/script.ts";
import { upstreamPorts } from "../../pod/upstream-ports.ts";

const ready = script(import.meta.url, "ready.sh");

/**
 * What distribution reads the store for at once: it answers 404 only if the store answers that there is no such tag, and 5xx if the store refuses or is away. `/v2/` answers 200
 * until the health check has failed three times, a minute and a half after a start.
 * https://github.com/distribution/distribution/blob/v3.1.2/registry/handlers/manifests.go
 */
const lookInStore = "v2/ready/manifests/ready";

/**
 * Of the edge: whether a replica may get clients. Its sources are the origins or, where the replicas share a store, the registries of that, which serve without the upstream, too.
 * @param port where the edge listens in its Pod
 */
export function readinessProbe(
  port: number,
  { ports, upstreams }: Pick<PodOptions, "ports" | "upstreams">,
  hasStore: boolean,
): Probe {
  const url = (on: number, path = "") => `http://127.0.0.1:${on}${path}`;
  const sources = upstreamPorts({ ports, upstreams }).map(
    ({ upstream: { name }, ports: { http, stored } }) =>
      hasStore
        ? url(stored, `${registryPrefix(name)}${lookInStore}`)
        : url(http, `${registryPrefix(name)}v2/`),
  );
  return {
    exec: {
      command: ["sh", "-c", ready, "ready", String(port), url(ports.edgeStatus), edgePaths.cache, ...sources],
    },
    periodSeconds: 5,
    // An nginx and two sources that don't answer take 8 s.
    timeoutSeconds: 10,
    failureThreshold: 3,
  };
}

/**
 * Whether the edge serves without a container: it watches or tidies up, or is the origin of one upstream. The log exporter is one of them, but its image has no shell. With a bucket, the
 * janitor is none: it keeps blobs under way within the replica's part of the node's disk, and kubelet evicts a Pod that exceeds it.
 */
export function isSideContainer({ name }: Container, hasBucket: boolean): boolean {
  const names = ["prometheus", "blackbox", "prefetch", ...(hasBucket ? [] : ["janitor"])];
  return names.includes(name) || name.startsWith("origin-");
}

const delayedStart = script(import.meta.url, "delayed-start.sh");
const alive = script(import.meta.url, "alive.sh");

/** A container whose failures leave the Pod ready: docs/adr/0015-readiness.md */
export function sideContainer({ livenessProbe, ...container }: Container): Container {
  const { name, command = [] } = container;
  const inShell = (text: string, words: readonly string[]) => ["sh", "-c", text, name, ...words];
  return {
    ...container,
    command: inShell(delayedStart, command),
    ...(livenessProbe && {
      livenessProbe: {
        ...livenessProbe,
        exec: { command: inShell(alive, livenessProbe.exec?.command ?? []) },
      },
    }),
  };
}
