/**
 * The ports that the Pod's containers use between themselves, on loopback only. On a VM and on a laptop the Pod shares the host's network,
 * so they are one contiguous range that a region can move by `internalPort`.
 */
export interface PodPorts {
  /** nginx: health, the janitor's metrics, the status page. HTTP. */
  readonly edgeStatus: number;
  /** nginx: answers 503 at once in the place of an origin that doesn't answer. HTTP. */
  readonly edgeUnavailable: number;
  /** The log exporter's metrics. HTTP. */
  readonly exporter: number;
  /** The log exporter's syslog listener for requests. UDP. */
  readonly exporterRequests: number;
  readonly prometheus: number;
  /** The log exporter's syslog listener for the clients' shares. UDP. */
  readonly exporterClients: number;
  /** blackbox_exporter. HTTP. */
  readonly blackbox: number;
  /** nginx: the registry API for the Pod itself. HTTP. */
  readonly edgePull: number;
  /** Per upstream, in the order of the configuration. */
  readonly origins: readonly OriginPorts[];
}

export interface OriginPorts {
  readonly http: number;
  readonly debug: number;
  /** The registry of what the shared store has; claimed only where there is one. HTTP. */
  readonly stored: number;
}

/** Where the edge shows the Pod's metrics to those who may read them: all addresses, TLS. */
export const metricsPort = 9443;

const portsBeforeOrigins = 10;

/**
 * @param first the first port of the range, at least 1
 * @throws RangeError where the range goes beyond the last port, 65535
 */
export function podPorts(first: number, upstreamCount: number): PodPorts {
  if (first < 1 || first + podPortCount(upstreamCount) > 65536)
    throw new RangeError(`${podPortCount(upstreamCount)} ports from ${first} aren't all from 1 to 65535`);
  return {
    edgeStatus: first,
    edgeUnavailable: first + 1,
    exporter: first + 2,
    exporterRequests: first + 3,
    prometheus: first + 4,
    exporterClients: first + 5,
    blackbox: first + 6,
    edgePull: first + 7,
    origins: Array.from({ length: upstreamCount }, (_, index) => ({
      http: first + portsBeforeOrigins + 2 * index,
      debug: first + portsBeforeOrigins + 2 * index + 1,
      stored: first + portsBeforeOrigins + 2 * upstreamCount + index,
    })),
  };
}

/**
 * How many ports, from the first, a Pod with so many upstreams claims.
 * @param hasStore whether its replicas share a store
 */
export function podPortCount(upstreamCount: number, hasStore = false): number {
  return portsBeforeOrigins + (hasStore ? 3 : 2) * upstreamCount;
}
