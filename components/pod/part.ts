import type { Container, VolumeMount } from "kubernetes-types/core/v1.d.ts";

/** A container, the files of its ConfigMap (mounted at {@link filesOf}), and its other mounts. */
export interface Part {
  readonly container: Container;
  readonly files: Record<string, string>;
  /** What the running container reloads. @default nothing: a changed file needs a new container */
  readonly live?: Live;
  /** Loopback URL that answers 200 once the container serves. @default none */
  readonly ready?: string;
  /** Name of the secret whose file the container reads: see secrets.ts. @default none */
  readonly secret?: string | undefined;
  /** Whether the container reads the secret's file only when it starts. @default it also notices changes */
  readonly readsSecretAtStart?: boolean;
  /** @default none */
  readonly mounts?: readonly VolumeMount[];
  /** Whether its program, which is in Go, connects to servers of the team, so that it needs the stack's own trusted authorities. @default false */
  readonly asksServers?: boolean;
  /** Whether it asks the cloud's metadata service for the identity of its machine. @default false */
  readonly usesIdentity?: boolean;
}

/** The files that a running container reloads by itself. */
export interface Live {
  /** Names of files of its ConfigMap. */
  readonly files: readonly string[];
  /** A command in the running container that checks the new files in {@link candidatesOf}. @default the container accepts any files */
  readonly check?: readonly string[];
  /** Loopback URL that tells which files the container has loaded, and the answer for these files. @default none */
  readonly taken?: { readonly url: string; readonly answer: string };
}

/** How long a stop of the Pod waits for pulls to end. The containers' own limits are shorter. */
export const terminationGraceSeconds = 120;

/** The directory of a container's ConfigMap files. */
export function filesOf(container: string): string {
  return `/etc/registry-cache/${container}`;
}

/** The directory for new versions of a container's files, until they are checked. */
export function candidatesOf(container: string): string {
  return `${filesOf(container)}/.next`;
}

/** Every container has a memory limit. Only containers that must not take processor time from the edge have a processor limit. For others, it would throttle pulls. */
export function resources(memoryMiB: number, cpuMillis?: number) {
  return {
    requests: { memory: `${Math.min(128, Math.ceil(memoryMiB / 4))}Mi`, cpu: "20m" },
    limits: { memory: `${memoryMiB}Mi`, ...(cpuMillis !== undefined && { cpu: `${cpuMillis}m` }) },
  };
}

/** A probe by a program in the image, because the ports are on loopback, and because podman's HTTP probes need curl in the image. */
export function httpProbe(port: number, path: string) {
  return {
    exec: { command: ["wget", "-q", "-O", "/dev/null", `http://127.0.0.1:${port}${path}`] },
    initialDelaySeconds: 5,
    periodSeconds: 10,
    timeoutSeconds: 5,
    failureThreshold: 3,
  };
}
