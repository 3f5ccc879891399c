import { stringify } from "smol-toml";
import { authority, type ClientOptions, pathAtCache } from "./cache-address.ts";

/**
 * containers-registries.conf(5) with the cache as a mirror of each registry, and the registry itself as the fallback. These clients don't name the
 * registry in their requests, so the mirror's location does. The format has no setting for a private authority, which belongs in
 * `/etc/containers/certs.d/<host:port>/`, and none for the connection timeout.
 * https://github.com/containers/image/blob/v5.36.0/docs/containers-registries.conf.5.md
 */
export function renderRegistriesConf(options: ClientOptions): string {
  return stringify({
    registry: options.upstreams.map((upstream) => {
      const path = pathAtCache(upstream, options);
      return {
        prefix: upstream.registry,
        location: new URL(upstream.url).host,
        ...(upstream.url.startsWith("http:") && { insecure: true }),
        mirror: path === undefined ? [] : [{ location: authority(options.endpoint) + path }],
      };
    }),
  });
}
