import type { Container } from "kubernetes-types/core/v1.d.ts";
import { script } from "../../pod/script.ts";

/**
 * The containers that watch and tidy up, without which the edge serves. The log exporter is one of them, but its image has no shell.
 */
const sideContainers: readonly string[] = ["prometheus", "blackbox", "janitor"];

export function isSideContainer({ name }: Container): boolean {
  return sideContainers.includes(name);
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
