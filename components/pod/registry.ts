/** What the configurations of all distribution registries in the Pod have in common. */
export const registryLog = { level: "warn", formatter: "json", accesslog: { disabled: true } };

/** A registry whose storage fails three times in a row answers 503 to everything, so that clients go elsewhere. */
export function storageHealth(interval: string) {
  return { storagedriver: { enabled: true, interval, threshold: 3 } };
}

/** Seldom, since each look at object storage costs a request or two. */
export const storeCheckInterval = "30s";

/** Without it, distribution exports traces to an address where nobody listens. */
export const noTraces = { name: "OTEL_TRACES_EXPORTER", value: "none" };
