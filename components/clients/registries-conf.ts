import { stringify } from "smol-toml";
import type { Upstream } from "../config/schema.ts";
import { hasPathPrefix } from "../pod/edge/routing.ts";
import { authority, type ClientOptions } from "./clients.ts";

/**
 * containers-registries.conf(5) with the cache as a mirror of each registry; what the mirror doesn't give comes from the registry itself. These
 * clients don't say which registry they mean, so the mirror's location does. A private authority goes to `/etc/containers/certs.d/<host:port>/`,
 * which this format can't say.
 */
export function renderRegistriesConf({ endpoint, upstreams }: ClientOptions): string {
  return stringify({
    registry: upstreams.map((upstream, index) => ({
      prefix: upstream.registry,
      location: new URL(upstream.url).host,
      ...(upstream.url.startsWith("http:") && { insecure: true }),
      mirror: mirrors(upstream, index === 0).map((path) => ({ location: authority(endpoint) + path })),
    })),
  });
}

/** A registry with a port has no path of its own at the cache, and is reached there only as the default upstream. */
function mirrors(upstream: Upstream, isDefault: boolean): string[] {
  if (hasPathPrefix(upstream)) return [`/${upstream.registry}`];
  return isDefault ? [""] : [];
}
