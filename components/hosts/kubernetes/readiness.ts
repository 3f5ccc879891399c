import type { Probe } from "kubernetes-types/core/v1.d.ts";
import { edgePaths } from "../../pod/edge/paths.ts";
import type { PodPorts } from "../../pod/ports.ts";
import { script } from "../../pod/script.ts";

const ready = script(import.meta.url, "ready.sh");

/**
 * Of the edge: whether a replica may get clients.
 * @param port where the edge listens in its Pod
 * @param hasStore whether the replicas share one, which each reads without the upstream, too
 */
export function readinessProbe(port: number, { edgeStatus, origins }: PodPorts, hasStore: boolean): Probe {
  const sources = origins.flatMap(({ http, stored }) => (hasStore ? [http, stored] : [http]));
  const url = (on: number) => `http://127.0.0.1:${on}`;
  return {
    exec: {
      command: [
        "sh",
        "-c",
        ready,
        "ready",
        String(port),
        url(edgeStatus),
        edgePaths.cache,
        ...sources.map(url),
      ],
    },
    periodSeconds: 5,
    timeoutSeconds: 5,
    failureThreshold: 3,
  };
}
