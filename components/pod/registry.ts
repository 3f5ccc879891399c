import { terminationGraceSeconds } from "./part.ts";

/** What the configurations of all distribution registries in the Pod have in common. */
export const registryLog = { level: "warn", formatter: "json", accesslog: { disabled: true } };

/**
 * Before the paths of an upstream's registries. Ports go by the upstreams' order, so while that changes, the edge's old configuration can reach another upstream's registry at a port:
 * that one answers 404, and nothing of it is cached.
 */
export function registryPrefix(upstream: string): string {
  return `/${upstream}/`;
}

/** Where one serves an upstream, and how long its stop waits for transfers to end. */
export function registryServer(port: number, upstream: string) {
  return {
    addr: `127.0.0.1:${port}`,
    prefix: registryPrefix(upstream),
    draintimeout: `${terminationGraceSeconds - 10}s`,
  };
}

/** The same for zot, which has no such prefix: what the names of its repositories begin with. */
export function zotDestination(upstream: string): string {
  return `/${upstream}`;
}

/** A registry whose storage fails three times in a row answers 503 to everything, so that clients go elsewhere. */
export function storageHealth(interval: string) {
  return { storagedriver: { enabled: true, interval, threshold: 3 } };
}

/** Seldom, since each look at object storage costs a request or two. */
export const storeCheckInterval = "30s";

/** Without it, distribution exports traces to an address where nobody listens. */
export const noTraces = { name: "OTEL_TRACES_EXPORTER", value: "none" };
