import type { Container } from "kubernetes-types/core/v1.d.ts";
import { script } from "../../pod/script.ts";

/**
 * Whether a container watches and tidies up, and the edge serves without it. The log exporter is one of them, but its image has no shell. With a bucket, the janitor is none: it
 * keeps blobs under way within the replica's part of the node's disk, and kubelet evicts a Pod that exceeds it.
 */
export function isSideContainer({ name }: Container, hasBucket: boolean): boolean {
  return ["prometheus", "blackbox", "prefetch", ...(hasBucket ? [] : ["janitor"])].includes(name);
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
