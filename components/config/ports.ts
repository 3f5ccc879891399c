/**
 * The loopback ports on which the Pod's containers reach each other. On a VM and on a laptop, the Pod shares the host's network. So the
 * ports are one contiguous range, whose start a local region can change by `internalPort`.
 */
export interface PodPorts {
  /** nginx: health, the janitor's metrics, the status page. HTTP. */
  readonly edgeStatus: number;
  /** nginx: answers 503 immediately, in place of an origin that doesn't respond. HTTP. */
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
  /** A registry that serves only what the shared store already has. Used only if there is a shared store. HTTP. */
  readonly stored: number;
}

/** The port on which the edge serves the Pod's metrics to permitted readers: on all addresses, by TLS. */
export const metricsPort = 9443;

/** The first of a Pod's ports, unless a local region has another. */
export const internalPort = 15_000;

/** The last port that a machine keeps for its Pod. */
export const lastInternalPort = 15_999;

const portsBeforeOrigins = 10;

/**
 * @param first the first port of the range, at least 1
 * @throws RangeError if the range exceeds the last port, 65535
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

/** The number of ports that a Pod uses, from the first one. A Pod whose replicas share a store uses one more per upstream. */
export function podPortCount(upstreamCount: number): number {
  return portsBeforeOrigins + 2 * upstreamCount;
}
