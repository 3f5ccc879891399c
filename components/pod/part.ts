import type { Container, VolumeMount } from "kubernetes-types/core/v1.d.ts";

/** A container, the files of its ConfigMap (in {@link filesOf}), and its other mounts. */
export interface Part {
  readonly container: Container;
  readonly files: Record<string, string>;
  /** @default another file is another container */
  readonly live?: Live;
  /** URL on loopback that answers 200 as soon as the container serves. @default none */
  readonly ready?: string;
  /** Name of the secret whose file it reads: see secrets.ts. @default none */
  readonly secret?: string | undefined;
  /** Whether another content of the secret's file is taken up only by another start. @default it is taken up by itself */
  readonly readsSecretAtStart?: boolean;
  readonly mounts: readonly VolumeMount[];
}

/** What a running container takes up by itself. */
export interface Live {
  /** Names of files of its ConfigMap. */
  readonly files: readonly string[];
  /** A command for the running container: whether it would take all its files as they lie in {@link candidatesOf}. @default it takes any */
  readonly check?: readonly string[];
  /** Where the container says over HTTP, on loopback, which files it has taken up, and what it answers for these. @default it doesn't */
  readonly taken?: { readonly url: string; readonly answer: string };
}

/** A stop of the Pod waits so long for pulls to end; the containers' own limits stay under it. */
export const terminationGraceSeconds = 120;

/** The directory in which a container finds the files of its ConfigMap. */
export function filesOf(container: string): string {
  return `/etc/registry-cache/${container}`;
}

/** Where those who change a container's files put the new ones first, to have them checked. */
export function candidatesOf(container: string): string {
  return `${filesOf(container)}/.next`;
}

/** Memory is limited, processor time only where a container must not take it from the edge: a limit there would throttle pulls. */
export function resources(memoryMiB: number, cpuMillis?: number) {
  return {
    requests: { memory: `${Math.min(128, Math.ceil(memoryMiB / 4))}Mi`, cpu: "20m" },
    limits: { memory: `${memoryMiB}Mi`, ...(cpuMillis !== undefined && { cpu: `${cpuMillis}m` }) },
  };
}

/** By a program in the image: the ports are on loopback, and podman has only this kind where an image has no curl. */
export function httpProbe(port: number, path: string) {
  return {
    exec: { command: ["wget", "-q", "-O", "/dev/null", `http://127.0.0.1:${port}${path}`] },
    initialDelaySeconds: 5,
    periodSeconds: 10,
    timeoutSeconds: 5,
    failureThreshold: 3,
  };
}
