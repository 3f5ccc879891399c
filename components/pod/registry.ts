import { terminationGraceSeconds } from "./part.ts";

/** The `log` section of all distribution registries in the Pod. */
export const registryLog = { level: "warn", formatter: "json", accesslog: { disabled: true } };

/**
 * The prefix of all paths of an upstream's registries. Ports follow the order of upstreams. So while the order changes, the edge's old configuration can reach another upstream's
 * registry. With the prefix, that registry answers 404, which the edge keeps for two seconds.
 */
export function registryPrefix(upstream: string): string {
  return `/${upstream}/`;
}

/** The address of an upstream's registry, and how long it waits for transfers to end when it stops. */
export function registryServer(port: number, upstream: string) {
  return {
    addr: `127.0.0.1:${port}`,
    prefix: registryPrefix(upstream),
    draintimeout: `${terminationGraceSeconds - 10}s`,
  };
}

/** The beginning of the names of an upstream's repositories in zot, which doesn't support a path prefix. */
export function zotDestination(upstream: string): string {
  return `/${upstream}`;
}

/** The health check of the storage. After three failures in a row, the registry answers 503 to all requests, so that clients fall back. */
export function storageHealth(interval: string) {
  return { storagedriver: { enabled: true, interval, threshold: 3 } };
}

/** A long interval, because each check of object storage costs one or two requests. */
export const storeCheckInterval = "30s";

/** Turns off traces, which distribution otherwise exports to an address where nothing listens. */
export const noTraces = { name: "OTEL_TRACES_EXPORTER", value: "none" };
