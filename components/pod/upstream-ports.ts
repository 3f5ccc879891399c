import type { OriginPorts } from "../config/ports.ts";
import type { Upstream } from "../config/schema.ts";
import type { PodOptions } from "./options.ts";

/** An upstream, and the ports of what stands for it in the Pod. */
export interface UpstreamPorts {
  readonly upstream: Upstream;
  readonly ports: OriginPorts;
}

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
