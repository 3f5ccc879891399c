import type { OriginPorts } from "../config/ports.ts";
import type { Upstream } from "../config/schema.ts";
import { isZot } from "../config/upstream.ts";
import type { PodOptions } from "./options.ts";

/** An upstream, and the ports of its registries in the Pod. */
export interface UpstreamPorts {
  readonly upstream: Upstream;
  readonly ports: OriginPorts;
}

/** The upstreams with their ports, in the order of the configuration. @throws RangeError if an upstream has no ports */
export function upstreamPorts({
  upstreams,
  ports,
}: Pick<PodOptions, "upstreams" | "ports">): UpstreamPorts[] {
  return upstreams.map((upstream, index) => {
    const own = ports.origins[index];
    if (!own) throw new RangeError(`no ports for the upstream ${upstream.name}`);
    return { upstream, ports: own };
  });
}

/** Loopback URL that answers 200 once the origin serves. */
export function originReady({ upstream, ports }: UpstreamPorts): string {
  return isZot(upstream)
    ? `http://127.0.0.1:${ports.http}/v2/`
    : `http://127.0.0.1:${ports.debug}/debug/health`;
}
