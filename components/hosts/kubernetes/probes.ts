import type { Container, Probe } from "kubernetes-types/core/v1.d.ts";
import { edgePaths } from "../../pod/edge/paths.ts";
import type { PodOptions } from "../../pod/options.ts";
import { registryPrefix } from "../../pod/registry.ts";
import { upstreamPorts } from "../../pod/upstream-ports.ts";
import { script } from "../../shell/script.ts";

const ready = script(import.meta.url, "ready.sh");

/**
 * A request for which distribution reads the store immediately. It answers 404 only if the store answers that the tag doesn't exist, and 5xx if the store refuses or doesn't answer.
 * `/v2/` isn't used: it answers 200 until the health check has failed three times, a minute and a half after a start.
 * https://github.com/distribution/distribution/blob/v3.1.2/registry/handlers/manifests.go
 */
const lookInStore = "v2/ready/manifests/ready";

/**
 * The edge's readiness: whether the replica can serve clients. It checks the origins or, if the replicas share a store, the store's registries, which serve without the upstream too.
 * @param port the edge's port in its Pod
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
    // If nginx and two sources don't answer, the probe takes 8 s.
    timeoutSeconds: 10,
    failureThreshold: 3,
  };
}

/**
 * Whether the edge can serve without a container: one that monitors or cleans up, or the origin of one upstream. The log exporter could be one too, but its image has no shell. With a
 * bucket, the janitor isn't one: it keeps incomplete blobs within the replica's share of the node's disk, and kubelet evicts a Pod that exceeds its share.
 */
export function isSideContainer({ name }: Container, hasBucket: boolean): boolean {
  const names = ["prometheus", "blackbox", "prefetch", ...(hasBucket ? [] : ["janitor"])];
  return names.includes(name) || name.startsWith("origin-");
}

const delayedStart = script(import.meta.url, "delayed-start.sh");
const alive = script(import.meta.url, "alive.sh");

/** Wraps a container so that its failures don't make the Pod unready: docs/adr/0015-readiness.md */
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
